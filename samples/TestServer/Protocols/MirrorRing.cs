using System.Text.Unicode;
using EventLoops;

namespace TestServer.Protocols;

/// <summary>
/// The last 512 messages, each with a number that only grows, and everybody who reads them. Nobody loses one: whoever falls so far behind that the ring
/// is full stops everybody from sending, and is sent away when it takes nothing for a while.
/// </summary>
internal sealed class MirrorRing
{
    private const int Capacity = 512;

    // When the slowest reader is this far behind nobody may send, and when it has caught up a little everybody may again. The distance keeps the two
    // from following each other message by message.
    private const int PauseAt = Capacity - 2;
    private const int ResumeAt = 497;

    // How long one reader may hold up all the others without taking a message: as long as the library waits for the last bytes of a connection.
    private static readonly TimeSpan Patience = TimeSpan.FromSeconds(5);

    private readonly PreparedMessage[] _messages = new PreparedMessage[Capacity];
    private readonly List<Reader> _readers = [];
    private readonly LoopTimer _patience;
    private long _head;
    private bool _isFull;

    public MirrorRing() => _patience = new LoopTimer(_ => SendSleepersAway());

    /// <summary>Lets a connection read what is added from now on.</summary>
    public Reader Join(Connection connection)
    {
        Reader reader = new(connection) { Next = _head };
        _readers.Add(reader);
        if (_isFull)
            connection.PauseReceive();
        return reader;
    }

    public void Leave(Reader reader)
    {
        _readers.Remove(reader);
        ResumeIfRoom();
        if (_readers.Count == 0)
            reader.Connection.Thread.Loop.Cancel(_patience);
    }

    /// <summary>Adds a message: framed, and compressed for those who agreed on it, once for all readers.</summary>
    public void Add(ReadOnlySpan<byte> message)
    {
        // Everything goes out as text, since it is read by pages; only what is no text cannot (RFC 6455 5.6).
        MessageKind kind = Utf8.IsValid(message) ? MessageKind.Text : MessageKind.Binary;
        _messages[_head++ % Capacity] = new PreparedMessage(message, kind);
    }

    /// <summary>Sends a reader what it has not seen.</summary>
    /// <returns>False when its connection takes no more for now.</returns>
    public bool SendTo(Reader reader)
    {
        while (reader.Next < _head)
        {
            if (reader.Connection.TrySend(_messages[reader.Next % Capacity]) == WriteResult.Busy)
                return false;

            reader.Next++;
            if (_head - reader.Next == ResumeAt)
                ResumeIfRoom();
        }

        return true;
    }

    /// <summary>
    /// After a message was added: who is about to lose one, and was only not asked yet in this turn, gets what is there; if somebody is full after that, nobody
    /// may send for now.
    /// </summary>
    public void KeepUp()
    {
        bool isFull = false;
        foreach (Reader reader in _readers)
        {
            if (_head - reader.Next >= PauseAt)
                SendTo(reader);
            isFull |= _head - reader.Next >= PauseAt;
        }

        if (isFull && !_isFull)
            PauseAll();
    }

    private void PauseAll()
    {
        _isFull = true;
        foreach (Reader reader in _readers)
        {
            reader.Mark = reader.Next;
            reader.Connection.PauseReceive();
        }

        LosePatienceLater();
    }

    private void ResumeIfRoom()
    {
        if (!_isFull || _readers.Exists(reader => _head - reader.Next > ResumeAt))
            return;

        _isFull = false;
        foreach (Reader reader in _readers)
            reader.Connection.ResumeReceive();
    }

    private void LosePatienceLater()
    {
        if (_readers.Count > 0)
            _readers[0].Connection.Thread.Loop.Schedule(_patience, Patience);
    }

    /// <summary>Those who hold up the others and have not taken a single message since the last look have to go.</summary>
    private void SendSleepersAway()
    {
        if (!_isFull)
            return;

        Reader[] asleep = [.. _readers.Where(reader => _head - reader.Next > ResumeAt && reader.Next == reader.Mark)];
        foreach (Reader reader in asleep)
        {
            Leave(reader);
            reader.Connection.Close(WebSocketCloseCode.PolicyViolation, "does not read"u8);
        }

        foreach (Reader reader in _readers)
            reader.Mark = reader.Next;
        if (_isFull)
            LosePatienceLater();
    }

    /// <summary>A connection, and the number of the message that it gets next.</summary>
    internal sealed class Reader(Connection connection)
    {
        public Connection Connection => connection;

        public long Next { get; set; }

        /// <summary>What <see cref="Next"/> was when the ring was looked at last while it was full.</summary>
        public long Mark { get; set; }
    }
}
