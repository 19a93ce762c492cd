using System.Text.Unicode;
using EventLoops;

namespace TestServer.Protocols;

/// <summary>
/// The last 512 messages, each with a number that only grows, and everybody who reads them. Nobody loses one: whoever falls so far behind that the ring
/// is full stops everybody from sending, and is sent away when it takes nothing for a while.
/// </summary>
/// <remarks>
/// With several service threads its readers are on all of them, so that it has a lock, as the test server of libwebsockets has one; the library needs none. What is done to a
/// connection is done on that connection's thread.
/// </remarks>
internal sealed class MirrorRing
{
    private const int Capacity = 512;

    // When the slowest reader is this far behind nobody may send, and when it has caught up a little everybody may again. The distance keeps the two
    // from following each other message by message.
    private const int PauseAt = Capacity - 2;
    private const int ResumeAt = 497;

    // How long one reader may hold up all the others without taking a message: as long as the library waits for the last bytes of a connection.
    private static readonly TimeSpan Patience = TimeSpan.FromSeconds(5);

    private readonly Lock _gate = new();
    private readonly PreparedMessage?[] _messages = new PreparedMessage[Capacity];
    private readonly List<Reader> _readers = [];
    private readonly LoopTimer _patience;
    private LoopContext? _context;
    private long _head;
    private bool _isFull;

    public MirrorRing() => _patience = new LoopTimer(_ => SendSleepersAway());

    /// <summary>Lets a connection read what is added from now on.</summary>
    public Reader Join(Connection connection)
    {
        lock (_gate)
        {
            _context = connection.Context;
            Reader reader = new(connection) { Next = _head };
            _readers.Add(reader);
            if (_isFull)
                connection.PauseReceive();
            return reader;
        }
    }

    public void Leave(Reader reader)
    {
        lock (_gate)
        {
            _readers.Remove(reader);
            ResumeIfRoom();
        }
    }

    /// <summary>
    /// Adds what a reader has sent: of a message that is too long pieces of the largest size, and the rest when it is complete. When the ring is full it stays with
    /// the reader, who is not read from, until there is room.
    /// </summary>
    public void Receive(Reader sender, MessageKind kind, bool isComplete)
    {
        lock (_gate)
        {
            sender.Held = null;
            if (_isFull)
            {
                // Another thread has filled the ring, and word of it is on its way here.
                sender.Held = (kind, isComplete);
                sender.Connection.PauseReceive();
                return;
            }

            while (sender.Message.Length > MirrorProtocol.LongestMessage)
            {
                int cut = MirrorProtocol.LengthOfText(sender.Message.Span[..MirrorProtocol.LongestMessage], kind);
                Add(sender.Message.Span[..cut]);
                sender.Message.Consume(cut);
            }

            if (isComplete)
            {
                Add(sender.Message.Span);
                sender.Message.Clear();
            }

            KeepUp(sender.Connection.Thread);
        }
    }

    /// <summary>Sends a reader what it has not seen; on its thread.</summary>
    /// <returns>False when its connection takes no more for now.</returns>
    public bool SendTo(Reader reader)
    {
        lock (_gate)
        {
            while (reader.Next < _head)
            {
                if (reader.Connection.TrySend(_messages[reader.Next % Capacity]!) == WriteResult.Busy)
                    return false;

                reader.Next++;
                if (_head - reader.Next == ResumeAt)
                    ResumeIfRoom();
            }

            return true;
        }
    }

    /// <summary>Adds a message: framed, and compressed for those who agreed on it, once for all readers.</summary>
    private void Add(ReadOnlySpan<byte> message)
    {
        // Everything goes out as text, since it is read by pages; only what is no text cannot (RFC 6455 5.6).
        MessageKind kind = Utf8.IsValid(message) ? MessageKind.Text : MessageKind.Binary;
        ref PreparedMessage? place = ref _messages[_head++ % Capacity];

        // The slowest reader is closer than the whole ring, so that everybody was given what lies there; a connection may still have to send it.
        if (place?.TryReuse(message, kind) != true)
            place = new PreparedMessage(message, kind);
    }

    /// <summary>
    /// After a message was added: who is about to lose one, and was only not asked yet in this turn, gets what is there; if somebody is full after that, nobody
    /// may send for now.
    /// </summary>
    private void KeepUp(ServiceThread here)
    {
        bool isFull = false;
        foreach (Reader reader in _readers)
        {
            if (_head - reader.Next >= PauseAt && reader.Connection.Thread == here)
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
            reader.Mark = reader.Next;
        TellThreads();
        _context!.Loop.Post(_ => LosePatienceLater(), null);
    }

    private void ResumeIfRoom()
    {
        if (!_isFull || _readers.Exists(reader => _head - reader.Next > ResumeAt))
            return;

        _isFull = false;
        TellThreads();
    }

    /// <summary>Has every thread stop its readers from sending, or let them, as it is when that thread comes to it: here at once, elsewhere by a post.</summary>
    private void TellThreads()
    {
        foreach (ServiceThread thread in _context!.Threads)
        {
            if (thread.Loop.IsInTurn && thread.Loop.IsOnThread)
                Tell(thread);
            else
                thread.Loop.Post(_ => Tell(thread), null);
        }
    }

    private void Tell(ServiceThread thread)
    {
        lock (_gate)
        {
            foreach (Reader reader in _readers.Where(reader => reader.Connection.Thread == thread))
            {
                if (_isFull)
                    reader.Connection.PauseReceive();
                else if (reader.Held is null)
                    reader.Connection.ResumeReceive();
                else
                    thread.Loop.Post(_ => SendHeld(reader), null);
            }
        }
    }

    /// <summary>What came while the ring was full is added first.</summary>
    private void SendHeld(Reader reader)
    {
        if (reader.Held is not { } held || reader.Connection.IsClosed)
            return;

        Receive(reader, held.Kind, held.IsComplete);
        if (reader.Held is not null)
            return;

        reader.RequestWritableAll();
        reader.Connection.ResumeReceive();
    }

    /// <summary>On thread 0, where the one timer is.</summary>
    private void LosePatienceLater()
    {
        lock (_gate)
        {
            if (_isFull && !_context!.IsDisposed)
                _context.Loop.Schedule(_patience, Patience);
        }
    }

    /// <summary>Those who hold up the others and have not taken a single message since the last look have to go.</summary>
    private void SendSleepersAway()
    {
        lock (_gate)
        {
            if (!_isFull)
                return;

            Reader[] asleep = [.. _readers.Where(reader => _head - reader.Next > ResumeAt && reader.Next == reader.Mark)];
            foreach (Reader reader in asleep)
            {
                _readers.Remove(reader);
                reader.Connection.Thread.Loop.Post(static late => ((Reader)late!).SendAway(), reader);
            }

            ResumeIfRoom();
            foreach (Reader reader in _readers)
                reader.Mark = reader.Next;
            if (_isFull)
                LosePatienceLater();
        }
    }

    /// <summary>A connection, the number of the message that it gets next, and what it has sent of a message.</summary>
    internal sealed class Reader(Connection connection)
    {
        /// <summary>What it has sent and the ring has not taken.</summary>
        public MessageBuffer Message;

        public Connection Connection => connection;

        public long Next { get; set; }

        /// <summary>What <see cref="Next"/> was when the ring was looked at last while it was full.</summary>
        public long Mark { get; set; }

        /// <summary>What was to be done with the message when the ring was full; null when nothing waits.</summary>
        public (MessageKind Kind, bool IsComplete)? Held { get; set; }

        public void RequestWritableAll() => connection.VirtualHost!.RequestWritableAll(connection.Protocol);

        public void SendAway() => connection.Close(WebSocketCloseCode.PolicyViolation, "does not read"u8);
    }
}
