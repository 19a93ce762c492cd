using System.Diagnostics;
using System.Globalization;
using EventLoops;

namespace Ping;

/// <summary>Sends pings at their times, matches the pongs, and tells what came of it.</summary>
internal sealed class Pinger : Protocol<NoSession>
{
    // ping(8) floods with at least a hundred a second, so that an answer that is lost does not end it.
    private static readonly TimeSpan FloodInterval = TimeSpan.FromMilliseconds(10);

    private readonly PingOptions _options;
    private readonly TimeSpan _interval;
    private readonly byte[] _payload;
    private readonly SentPings _sent = new();
    private readonly RoundTripTimes _times = new();
    private readonly LoopTimer _nextIsDue;
    private readonly LoopTimer _patienceIsOver;
    private Connection? _connection;
    private CancellationTokenSource? _over;
    private string _peer = "";
    private string? _failure;
    private long _duplicates;
    private long _startedAt;
    private long _lastAt;
    private bool _isDone;

    public Pinger(PingOptions options)
        : base(options.Protocol ?? "")
    {
        _options = options;
        _interval = options.IsFlood ? FloodInterval : options.Interval;
        _payload = new byte[options.Size];
        _nextIsDue = new LoopTimer(_ => SendNext());
        _patienceIsOver = new LoopTimer(_ => Finish());
    }

    private bool IsComplete => _sent.Count == _options.Count;

    /// <summary>Connects.</summary>
    /// <param name="context">The context to connect in.</param>
    /// <param name="over">Cancelled when the connection has ended.</param>
    public void Begin(LoopContext context, CancellationTokenSource over)
    {
        _over = over;
        _connection = context.Connect(new ClientConnectOptions { Uri = _options.Uri, Protocols = [this] });
    }

    /// <summary>Ends it, now or at Ctrl+C.</summary>
    public void Finish()
    {
        if (_isDone)
            return;

        _isDone = true;
        _lastAt = Stopwatch.GetTimestamp();
        EventLoop loop = _connection!.Thread.Loop;
        loop.Cancel(_nextIsDue);
        loop.Cancel(_patienceIsOver);
        _connection.Close();
    }

    /// <summary>Prints the statistics, or why there are none.</summary>
    /// <returns>The exit code of ping(8): 0 when a pong came, 1 when none did, 2 for any other error.</returns>
    public int Report()
    {
        if (_startedAt != 0)
            PrintStatistics();
        if (_failure is not null)
        {
            Console.Error.WriteLine($"failed: {_failure}");
            return 2;
        }

        return _times.Count > 0 ? 0 : 1;
    }

    protected override CallbackResult OnEstablished(Connection connection, ref NoSession session)
    {
        _peer = connection.RemoteEndPoint?.ToString() ?? _options.Uri.Authority;
        _startedAt = _lastAt = Stopwatch.GetTimestamp();
        Console.WriteLine($"PING {_options.Uri} ({_peer}), {_payload.Length} bytes of data");
        SendNext();
        return CallbackResult.Continue;
    }

    protected override CallbackResult OnPong(Connection connection, ref NoSession session, ReadOnlySpan<byte> payload)
    {
        long now = Stopwatch.GetTimestamp();
        if (_isDone || payload.Length != _payload.Length || !_sent.TryTake(payload, out long number, out long sentAt))
            return CallbackResult.Continue;
        if (sentAt == 0)
        {
            _duplicates++;
            Print(number, payload.Length, " (DUP!)");
            return CallbackResult.Continue;
        }

        double milliseconds = RoundTripTimes.Milliseconds(sentAt, now);
        _times.Add(milliseconds);
        Print(number, payload.Length, string.Create(CultureInfo.InvariantCulture, $" time={milliseconds:0.000} ms"));
        if (IsComplete && _times.Count == _sent.Count)
            Finish();
        else if (_options.IsFlood && !IsComplete)
            SendNext();
        return CallbackResult.Continue;
    }

    protected override void OnConnectFailed(Connection connection, ref NoSession session, in ConnectFailure failure)
    {
        // Interrupted before it was connected: no pong came, and that is all there is to say.
        if (!_isDone)
            _failure = failure.ToString();
        _over!.Cancel();
    }

    protected override void OnClosed(Connection connection, ref NoSession session, in CloseInfo close)
    {
        if (!_isDone)
            _failure = $"the connection was closed: {close}";
        Finish();
        _over!.Cancel();
    }

    private void SendNext()
    {
        EventLoop loop = _connection!.Thread.Loop;
        _sent.Number(_payload);

        // While the kernel takes no more there is nothing to measure; the next interval tries again.
        if (_connection.Ping(_payload) == WriteResult.Accepted)
        {
            _sent.Add();
            if (_options.IsFlood)
                Show('.');
        }

        if (IsComplete)
        {
            loop.Cancel(_nextIsDue);
            loop.Schedule(_patienceIsOver, _options.Patience);
            return;
        }

        // A late ping does not make those after it late as well; a flood counts from its last ping.
        TimeSpan dueIn = _interval;
        if (!_options.IsFlood)
            dueIn = TimeSpan.FromTicks(_interval.Ticks - (Stopwatch.GetElapsedTime(_startedAt).Ticks % _interval.Ticks));
        loop.Schedule(_nextIsDue, dueIn);
    }

    private void Print(long number, int bytes, string more)
    {
        if (_options.IsFlood)
            Show('\b');
        else if (!_options.IsQuiet)
            Console.WriteLine($"{bytes} bytes from {_peer}: seq={number}{more}");
    }

    private void Show(char mark)
    {
        if (!_options.IsQuiet)
            Console.Write(mark);
    }

    private void PrintStatistics()
    {
        if (_options.IsFlood && !_options.IsQuiet)
            Console.WriteLine();
        double elapsed = RoundTripTimes.Milliseconds(_startedAt, _lastAt);
        double loss = _sent.Count == 0 ? 0 : 100.0 * (_sent.Count - _times.Count) / _sent.Count;
        string duplicates = _duplicates == 0 ? "" : $" +{_duplicates} duplicates,";
        Console.WriteLine($"--- {_options.Uri} ping statistics ---");
        Console.WriteLine(string.Create(
            CultureInfo.InvariantCulture,
            $"{_sent.Count} pings sent, {_times.Count} pongs received,{duplicates} {loss:0.###}% loss, time {elapsed:0} ms"));
        if (_times.Count > 0)
            Console.WriteLine(_times);
    }
}
