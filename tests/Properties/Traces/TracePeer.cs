using System.Text;

namespace EventLoops.Tests.Traces;

/// <summary>What a peer has still to say: the rest of its request, and the end of a frame that was cut.</summary>
/// <remarks>The model asks the same of an object that has no socket, so that both cut at the same byte.</remarks>
internal sealed class TraceSpeech
{
    /// <summary>How many bytes a request for a WebSocket has.</summary>
    public static readonly int HeadLength = RawPeer.UpgradeRequest().Length;

    private int _headSent;

    /// <summary>How many bytes of the last frame are still to be sent.</summary>
    public int HeldBack { get; private set; }

    /// <summary>Whether the whole request was sent.</summary>
    public bool HasSentHead => _headSent == HeadLength;

    /// <summary>Sends that many bytes of the request, or what is left. Returns from where and how many.</summary>
    public Range TakeHead(int count)
    {
        int from = _headSent;
        _headSent = Math.Min(HeadLength, from + count);
        return from.._headSent;
    }

    /// <summary>How many of the bytes to keep back this time: never a whole frame, and nothing of a bad one.</summary>
    /// <param name="frames">What is sent.</param>
    /// <param name="lengths">The length of each in bytes.</param>
    /// <param name="heldBack">What the script wants.</param>
    public int Cut(IReadOnlyList<TraceFrame> frames, IReadOnlyList<int> lengths, int heldBack)
    {
        // A write without frames sends what was kept back.
        HeldBack = frames.Count == 0 || frames[^1] is BadFrame ? 0 : Math.Min(heldBack, lengths[^1] - 1);
        return HeldBack;
    }
}

/// <summary>A raw peer with its speech.</summary>
internal sealed class TracePeer(RawPeer peer)
{
    private static readonly byte[] s_head = Encoding.ASCII.GetBytes(RawPeer.UpgradeRequest());

    private readonly TraceSpeech _speech = new();
    private byte[] _rest = [];
    private bool _isSilent;

    public void SendHead(int count)
    {
        if (!_isSilent && !_speech.HasSentHead) peer.Send(s_head.AsSpan()[_speech.TakeHead(count)]);
    }

    public void SendFrames(SendsFrames command)
    {
        if (_isSilent) return;

        byte[][] frames = [.. command.Frames.Select(frame => frame.Bytes(peer))];
        byte[] all = [.. s_head[_speech.TakeHead(int.MaxValue / 2)], .. _rest, .. frames.SelectMany(bytes => bytes)];
        int held = _speech.Cut(command.Frames, [.. frames.Select(bytes => bytes.Length)], command.HeldBack);
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
        if (!peer.IsReset) peer.Reset();
        _isSilent = true;
    }

    /// <summary>
    /// What the peer was told: the status of the answer, then each frame with its length or close code. Binary messages are left out: they are echoes that were
    /// asked to be written later, and how many of those still leave before an end is the loop's own affair.
    /// </summary>
    public string Heard()
    {
        List<string> heard = [];
        int head = peer.Received.IndexOf("\r\n\r\n"u8);
        if (head < 0) return "";

        heard.Add(peer.ReadText(head + 4).Substring(9, 3));
        while (heard[0] == "101" && peer.TryReadFrame(out RawFrame frame))
        {
            if (frame.Opcode == 2) continue;
            heard.Add(frame.Opcode == RawFrame.CloseOpcode ? $"close {frame.CloseCode}" : $"{frame.Opcode}:{frame.Payload.Length}");
        }

        return string.Join(' ', heard);
    }
}
