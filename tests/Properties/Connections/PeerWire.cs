using System.Text;

namespace EventLoops.Tests.Connections;

/// <summary>Everything that a peer would say if nobody interrupted it: its half of the handshake, then frames of every kind.</summary>
internal sealed class PeerWire
{
    private readonly List<byte> _bytes = [];
    private readonly List<int> _boundaries = [];
    private readonly StringBuilder _payload = new();
    private int _sent;

    /// <param name="peer">Who says it.</param>
    /// <param name="handshake">Its half of the handshake.</param>
    public PeerWire(RawPeer peer, string handshake)
    {
        Add(Encoding.ASCII.GetBytes(handshake));
        AddData(peer, 1, "hello");
        Add(peer.Frame(9, "ping"u8));
        AddData(peer, 1, "in ", isFinal: false);
        Add(peer.Frame(9, []));
        AddData(peer, 0, "two ", isFinal: false);
        AddData(peer, 0, "or three");
        Add(peer.Frame(10, "pong"u8));
        AddData(peer, 2, "");
        AddData(peer, 2, new string('x', 700));
        for (int i = 0; i < 12; i++) AddData(peer, 1, i.ToString(System.Globalization.CultureInfo.InvariantCulture));
    }

    /// <summary>The payload of all messages in a row: what arrives must be a beginning of it.</summary>
    public string Payload => _payload.ToString();

    /// <summary>The next bytes, as many as there are.</summary>
    public byte[] Take(int count)
    {
        byte[] taken = [.. _bytes.Skip(_sent).Take(count)];
        _sent += taken.Length;
        return taken;
    }

    /// <summary>What is missing of the frame that is under way.</summary>
    public byte[] TakeToBoundary() => _sent == 0 ? [] : Take(_boundaries.First(boundary => boundary >= _sent) - _sent);

    private void AddData(RawPeer peer, byte opcode, string text, bool isFinal = true)
    {
        Add(peer.Frame(opcode, Encoding.ASCII.GetBytes(text), isFinal));
        _payload.Append(text);
    }

    private void Add(byte[] bytes)
    {
        _bytes.AddRange(bytes);
        _boundaries.Add(_bytes.Count);
    }
}
