using System.Text;

namespace EventLoops.Tests.Traces;

/// <summary>What a peer has still to say: the rest of its half of the handshake, and the end of a frame that was cut.</summary>
/// <remarks>The model asks the same of an object that has no socket, so that both cut at the same byte.</remarks>
internal sealed class TraceSpeech(int headLength)
{
    private int _headSent;

    /// <summary>Whether the peer's half of the handshake was sent as a whole.</summary>
    public bool HasSentHead => _headSent == headLength;

    /// <summary>How long a peer's half of the handshake is. The answer to a key is as long as that to any other.</summary>
    public static int LengthOfHead(bool isServer, Reply reply) => isServer ? RawPeer.UpgradeRequest().Length : ReplyTo(RawPeer.UpgradeRequest(), reply).Length;

    /// <summary>What a peer that plays the server answers to a request.</summary>
    public static string ReplyTo(string request, Reply reply)
    {
        string good = RawPeer.UpgradeReply(request);
        const string FirstLine = "HTTP/1.1 101 Switching Protocols\r\n";
        return reply switch
        {
            Reply.OtherStatus => "HTTP/1.1 404 Not Found\r\nContent-Length: 0\r\n\r\n",
            Reply.NoUpgrade => good.Replace("Upgrade: websocket\r\n", "", StringComparison.Ordinal),
            Reply.WrongKey => RawPeer.UpgradeReply(RawPeer.UpgradeRequest()),
            Reply.OtherProtocol => good.Replace(FirstLine, FirstLine + "Sec-WebSocket-Protocol: other\r\n", StringComparison.Ordinal),
            Reply.Extension => good.Replace(FirstLine, FirstLine + "Sec-WebSocket-Extensions: x-other\r\n", StringComparison.Ordinal),
            Reply.NoHttp => "SSH-2.0-OpenSSH_9.2\r\n",
            _ => good,
        };
    }

    /// <summary>Sends that many bytes of the head, or what is left. Returns from where to where.</summary>
    public Range TakeHead(int count)
    {
        int from = _headSent;
        _headSent = Math.Min(headLength, from + count);
        return from.._headSent;
    }

    /// <summary>Sends what is left of the head.</summary>
    public Range TakeRestOfHead() => TakeHead(headLength - _headSent);

    /// <summary>How many of the bytes to keep back this time: never a whole frame, and nothing of a bad one.</summary>
    /// <param name="frames">What is sent.</param>
    /// <param name="lengths">The length of each in bytes.</param>
    /// <param name="heldBack">What the script wants.</param>
    public static int Cut(IReadOnlyList<TraceFrame> frames, IReadOnlyList<int> lengths, int heldBack) =>

        // A write without frames sends what was kept back.
        frames.Count == 0 || frames[^1] is BadFrame ? 0 : Math.Min(heldBack, lengths[^1] - 1);
}

/// <summary>A raw peer with its speech.</summary>
/// <param name="peer">The peer.</param>
/// <param name="head">Its half of the handshake.</param>
internal sealed class TracePeer(RawPeer peer, string head)
{
    private readonly byte[] _head = Encoding.ASCII.GetBytes(head);
    private readonly TraceSpeech _speech = new(head.Length);
    private byte[] _rest = [];
    private bool _isSilent;
    private bool _hasReset;
    private bool _hasHeardHead = !peer.IsClient;
    private bool _hasHeardEnd;
    private bool _isWebSocket = !peer.IsClient;

    public void SendHead(int count)
    {
        if (!_isSilent && !_speech.HasSentHead) peer.Send(_head.AsSpan()[_speech.TakeHead(count)]);
    }

    /// <param name="command">The frames.</param>
    /// <param name="settle">Has the other side read what was sent.</param>
    public void SendFrames(SendsFrames command, Action settle)
    {
        if (_isSilent) return;

        if (command.ComesAlone)
        {
            peer.Send([.. _head[_speech.TakeRestOfHead()], .. _rest]);
            _rest = [];
            settle();
        }

        byte[][] frames = [.. command.Frames.Select(frame => frame.Bytes(peer))];
        byte[] all = [.. _head[_speech.TakeRestOfHead()], .. _rest, .. frames.SelectMany(bytes => bytes)];
        int held = TraceSpeech.Cut(command.Frames, [.. frames.Select(bytes => bytes.Length)], command.HeldBack);
        _rest = all[^held..];
        peer.Send(all.AsSpan(0, all.Length - held));
    }

    public void EndStream()
    {
        if (_isSilent) return;

        _isSilent = true;
        peer.EndStream();
    }

    public void Reset()
    {
        if (!_hasReset && !peer.IsReset) peer.Reset();
        _hasReset = true;
        _isSilent = true;
    }

    /// <summary>
    /// What the peer was told since the last time: the status of an answer, each frame with its length or close code, and the end of the stream, in either way: whether
    /// it is a reset depends on what was still under way.
    /// </summary>
    public string Hear()
    {
        if (_hasReset) return "";

        List<string> heard = [];
        if (!_hasHeardHead && peer.Received.IndexOf("\r\n\r\n"u8) is var length and > 0)
        {
            _hasHeardHead = true;
            string status = peer.ReadText(length + 4).Substring(9, 3);
            _isWebSocket = status == "101";
            heard.Add(status);
        }

        while (_isWebSocket && peer.TryReadFrame(out RawFrame frame))
        {
            string mask = frame.IsMasked == peer.IsClient ? "wrongly masked " : "";
            heard.Add(mask + (frame.Opcode == RawFrame.CloseOpcode ? $"8={frame.CloseCode}" : $"{frame.Opcode}:{frame.Payload.Length}"));
        }

        if (peer.IsOver && !_hasHeardEnd)
        {
            _hasHeardEnd = true;
            heard.Add("end");
        }

        return string.Join(' ', heard);
    }
}
