using System.Text.Unicode;
using EventLoops;

namespace TestServer.Protocols;

/// <summary>
/// The last 512 messages, each with a number that only grows, and everybody who reads them. Who does not take messages and falls behind
/// further than the ring reaches has lost what was overwritten.
/// </summary>
internal sealed class MirrorRing
{
    private const int Capacity = 512;

    // A sender is judged by how far it is itself behind: near the end of the ring it may send no more, and when somebody has caught up a
    // little, everybody may again. The distance keeps the two from following each other message by message.
    private const int PauseAt = Capacity - 2;
    private const int ResumeAt = 497;

    private readonly byte[][] _messages = new byte[Capacity][];
    private readonly int[] _lengths = new int[Capacity];
    private readonly MessageKind[] _kinds = new MessageKind[Capacity];
    private readonly List<Reader> _readers = [];
    private long _head;

    public MirrorRing() => Array.Fill(_messages, []);

    /// <summary>Lets a connection read what is added from now on.</summary>
    public Reader Join(Connection connection)
    {
        Reader reader = new(connection) { Next = _head };
        _readers.Add(reader);
        return reader;
    }

    public void Leave(Reader reader) => _readers.Remove(reader);

    public void Add(ReadOnlySpan<byte> message)
    {
        int slot = (int)(_head++ % Capacity);
        if (_messages[slot].Length < message.Length)
            _messages[slot] = new byte[message.Length];
        message.CopyTo(_messages[slot]);
        _lengths[slot] = message.Length;

        // Everything goes out as text, since it is read by pages; only what is no text cannot (RFC 6455 5.6).
        _kinds[slot] = Utf8.IsValid(message) ? MessageKind.Text : MessageKind.Binary;
    }

    /// <summary>Sends a reader what it has not seen.</summary>
    /// <returns>False when its connection takes no more for now.</returns>
    public bool SendTo(Reader reader)
    {
        reader.Next = Math.Max(reader.Next, _head - Capacity);
        while (reader.Next < _head)
        {
            int slot = (int)(reader.Next % Capacity);
            if (reader.Connection.TrySend(_messages[slot].AsSpan(0, _lengths[slot]), _kinds[slot]) == WriteResult.Busy)
                return false;

            reader.Next++;
            if (_head - reader.Next == ResumeAt)
                ResumeAll();
        }

        return true;
    }

    /// <summary>
    /// After a message was added: who is about to lose one, and was only not asked yet in this turn, gets what is there; and the sender
    /// may have to stop.
    /// </summary>
    public void KeepUp(Reader sender)
    {
        foreach (Reader reader in _readers)
        {
            if (reader != sender && _head - reader.Next >= PauseAt)
                SendTo(reader);
        }

        sender.IsPaused = _head - sender.Next >= PauseAt;
        if (sender.IsPaused)
            sender.Connection.PauseReceive();
    }

    private void ResumeAll()
    {
        foreach (Reader reader in _readers)
        {
            if (reader.IsPaused)
                reader.Connection.ResumeReceive();
            reader.IsPaused = false;
        }
    }

    /// <summary>A connection, and the number of the message that it gets next.</summary>
    internal sealed class Reader(Connection connection)
    {
        public Connection Connection => connection;

        public long Next { get; set; }

        public bool IsPaused { get; set; }
    }
}
