using EventLoops.Tests.WebSocket;

namespace EventLoops.Tests.Messages;

/// <summary>The other side of a talk, without the library: sends its frames cut where the script says, and puts together what it hears.</summary>
internal sealed class RawTalker
{
    private readonly RawPeer _peer;
    private readonly byte[] _wire;
    private readonly int[] _places;
    private readonly List<byte> _message = [];
    private bool _isText;
    private int _sent;
    private int _next;

    public RawTalker(RawPeer peer, TalkScript script)
    {
        _peer = peer;
        _wire = Write(peer, script.Theirs);
        _places = [.. script.Cuts.Select(cut => (int)((long)cut * _wire.Length / 1000)).Order(), _wire.Length];
    }

    /// <summary>The messages that came, whole.</summary>
    public List<string> Heard { get; } = [];

    /// <summary>The payloads of pongs that came, in order.</summary>
    public List<string> Pongs { get; } = [];

    public bool HasSaidAll => _sent == _wire.Length && _peer.HasSentAll;

    /// <summary>The payloads of all its pings, in order.</summary>
    public static IEnumerable<string> PingsOf(IEnumerable<ScriptedMessage> messages) => messages
        .SelectMany(message => message.PingSizes.Take(message.FragmentSizes.Length)).Select(size => Convert.ToHexString(Payload(size)));

    /// <summary>Sends up to the next cut, and takes the frames that are there.</summary>
    public void Go()
    {
        if (_next < _places.Length)
        {
            int place = _places[_next++];
            if (place > _sent) _peer.Send(_wire.AsSpan(_sent, place - _sent));
            _sent = place;
        }

        while (_peer.TryReadFrame(out RawFrame frame)) Take(in frame);
    }

    private static byte[] Payload(byte size) => [.. Enumerable.Range(size, size).Select(i => (byte)i)];

    private static byte[] Write(RawPeer peer, IEnumerable<ScriptedMessage> messages)
    {
        List<byte> wire = [];
        foreach (ScriptedMessage message in messages)
        {
            byte[] payload = TalkProtocol.PayloadOf(message);
            byte opcode = message.IsText ? (byte)1 : (byte)2;
            int at = 0;
            for (int i = 0; i < message.FragmentSizes.Length; i++)
            {
                int size = Math.Min(message.FragmentSizes[i], payload.Length - at);
                wire.AddRange(peer.Frame(opcode, payload.AsSpan(at, size), isFinal: false));
                at += size;
                opcode = 0;
                if (i < message.PingSizes.Length) wire.AddRange(peer.Frame(9, Payload(message.PingSizes[i])));
            }

            wire.AddRange(peer.Frame(opcode, payload.AsSpan(at)));
        }

        return [.. wire];
    }

    private void Take(in RawFrame frame)
    {
        switch (frame.Opcode)
        {
            case 9:
                return;
            case 10:
                Pongs.Add(Convert.ToHexString(frame.Payload));
                return;
            case 1 or 2:
                _isText = frame.Opcode == 1;
                break;
            case 0:
                break;
            default:
                Heard.Add($"opcode {frame.Opcode}");
                return;
        }

        _message.AddRange(frame.Payload);
        if (!frame.IsFinal) return;

        Heard.Add(TalkProtocol.Describe(_isText, _message.ToArray()));
        _message.Clear();
    }
}
