using System.Text.Unicode;
using EventLoops;

namespace TestServer.Protocols;

/// <summary>
/// The last 512 messages, each with a number that only grows. Readers keep the number of the message that they want next; who falls behind
/// further than the ring reaches has lost what was overwritten.
/// </summary>
internal sealed class MirrorRing
{
    public const int Capacity = 512;

    private readonly byte[][] _messages = new byte[Capacity][];
    private readonly int[] _lengths = new int[Capacity];
    private readonly MessageKind[] _kinds = new MessageKind[Capacity];
    private readonly List<Connection> _paused = [];

    public MirrorRing() => Array.Fill(_messages, []);

    /// <summary>The number of the next message.</summary>
    public long Head { get; private set; }

    private long Oldest => Math.Max(0, Head - Capacity);

    public void Add(ReadOnlySpan<byte> message)
    {
        int slot = (int)(Head++ % Capacity);
        if (_messages[slot].Length < message.Length)
            _messages[slot] = new byte[message.Length];
        message.CopyTo(_messages[slot]);
        _lengths[slot] = message.Length;

        // Everything goes out as text, since it is read by pages; only what is no text cannot (RFC 6455 5.6).
        _kinds[slot] = Utf8.IsValid(message) ? MessageKind.Text : MessageKind.Binary;
    }

    /// <summary>Reads the message that a reader wants next, or the oldest that is left.</summary>
    /// <returns>False when there is none yet.</returns>
    public bool TryRead(ref long next, out ReadOnlySpan<byte> message, out MessageKind kind)
    {
        next = Math.Max(next, Oldest);
        int slot = (int)(next % Capacity);
        message = _messages[slot].AsSpan(0, _lengths[slot]);
        kind = _kinds[slot];
        return next < Head;
    }

    /// <summary>Stops reading from a connection until <see cref="ResumeAll"/>.</summary>
    public void Pause(Connection connection)
    {
        connection.PauseReceive();
        _paused.Add(connection);
    }

    public void ResumeAll()
    {
        foreach (Connection connection in _paused)
            connection.ResumeReceive();
        _paused.Clear();
    }

    /// <summary>Forgets a connection that has ended.</summary>
    public void Forget(Connection connection) => _paused.Remove(connection);
}
