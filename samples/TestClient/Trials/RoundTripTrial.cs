using System.Diagnostics;
using System.Text;
using EventLoops;

namespace TestClient.Trials;

/// <summary>
/// Sends messages and expects each of them back as it was, in the order in which they were sent: from a server that echoes, or from one
/// that sends everything to everybody, where the messages of others come in between.
/// </summary>
internal sealed class RoundTripTrial : Trial
{
    // Beyond this much in one go, what has come meanwhile is read first.
    private const int BytesPerTurn = 64 * 1024;

    private const int Letters = 26;
    private const int Digits = 10;
    private const long Numbers = 10_000_000_000;

    private readonly double _rate;
    private readonly bool _isShared;
    private readonly byte[] _tag = Encoding.ASCII.GetBytes($"{Guid.NewGuid().ToString("N")[..8]} ");
    private readonly byte[] _alphabet;
    private readonly byte[] _head;
    private readonly byte[] _message;
    private readonly Queue<long> _sentAt = new();
    private readonly RoundTrips _roundTrips = new();
    private LoopTimer? _nextIsDue;
    private long _sent;

    /// <param name="options">What the command line asked for.</param>
    /// <param name="isShared">Whether messages of others may come.</param>
    public RoundTripTrial(ClientOptions options, bool isShared)
        : base(options, usualCount: 1000)
    {
        _rate = options.Rate;
        _isShared = isShared;
        _message = new byte[options.Size];
        _head = [.. _tag, .. new byte[Digits], (byte)' '];
        _alphabet = new byte[options.Size + Letters];
        for (int i = 0; i < _alphabet.Length; i++)
            _alphabet[i] = (byte)('a' + (i % Letters));
    }

    protected override bool IsWaiting => _sentAt.Count > 0;

    private long DueCount => _rate == 0 ? Count : Math.Min(Count, 1 + (long)(Elapsed.TotalSeconds * _rate));

    protected override CallbackResult OnEstablished(Connection connection, ref NoSession session)
    {
        _nextIsDue = new LoopTimer(_ => connection.RequestWritable());
        connection.RequestWritable();
        return base.OnEstablished(connection, ref session);
    }

    protected override CallbackResult OnWritable(Connection connection, ref NoSession session)
    {
        long due = DueCount;
        for (int written = 0; _sent < due && written < BytesPerTurn; written += Math.Max(1, _message.Length))
        {
            if (connection.Write(Compose(_sent), MessageKind.Text) != WriteResult.Accepted)
                break;
            if (!IsWaiting)
                NoteProgress();
            _sentAt.Enqueue(Stopwatch.GetTimestamp());
            _sent++;
        }

        if (_sent < due)
            connection.RequestWritable();
        else if (_sent < Count)
            connection.Context.Loop.Schedule(_nextIsDue!, TimeSpan.FromSeconds(Math.Max(0, (_sent / _rate) - Elapsed.TotalSeconds)));
        return CallbackResult.Continue;
    }

    protected override void OnMessage(ReadOnlySpan<byte> message)
    {
        if (_isShared && _message.Length >= _tag.Length && !message.StartsWith(_tag))
            return;
        if (!IsWaiting)
        {
            Fail($"a message of {message.Length} bytes came that answers none of ours");
            return;
        }

        ReadOnlySpan<byte> sent = Compose(Messages);
        if (!message.SequenceEqual(sent))
        {
            int same = sent.CommonPrefixLength(message);
            Fail($"answer {Messages + 1} has {message.Length} bytes and differs from the {sent.Length} that were sent from byte {same} on");
            return;
        }

        _roundTrips.Add(_sentAt.Dequeue());
        Accept(message.Length);
    }

    protected override void ReportMore()
    {
        if (!_roundTrips.IsEmpty)
            Console.WriteLine(_roundTrips);
    }

    /// <summary>The message of a number: whose it is, the number, and letters; cut to its size.</summary>
    private ReadOnlySpan<byte> Compose(long number)
    {
        (number % Numbers).TryFormat(_head.AsSpan(_tag.Length), out _, "D10");
        _alphabet.AsSpan((int)(number % Letters), _message.Length).CopyTo(_message);
        _head.AsSpan(0, Math.Min(_head.Length, _message.Length)).CopyTo(_message);
        return _message;
    }
}
