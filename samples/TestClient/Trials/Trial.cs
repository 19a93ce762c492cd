using System.Diagnostics;
using EventLoops;

namespace TestClient.Trials;

/// <summary>
/// One connection and what is expected of it: the protocol of the client. A trial ends well when it has seen what it wanted; everything
/// else that ends the connection is a failure, for which it has words.
/// </summary>
/// <param name="options">What the command line asked for.</param>
/// <param name="usualCount">How many messages suit the protocol.</param>
internal abstract class Trial(ClientOptions options, long usualCount) : Protocol<NoSession>(options.Protocol ?? ""), IErrand
{
    private static readonly TimeSpan Patience = TimeSpan.FromSeconds(10);
    private static readonly TimeSpan ProgressPeriod = TimeSpan.FromSeconds(1);

    private Connection? _connection;
    private MessageBuffer _message;
    private CancellationTokenSource? _over;
    private long _startedAt;
    private long _endedAt;
    private long _lastProgressAt;
    private bool _isDone;
    private string? _failure;
    private string _extensions = "";

    /// <summary>After how many messages it is over.</summary>
    protected long Count { get; } = options.Count switch
    {
        null => usualCount,
        0 => long.MaxValue,
        { } count => count,
    };

    /// <summary>How many messages came that were right.</summary>
    protected long Messages { get; private set; }

    /// <summary>How long it has been going on.</summary>
    protected TimeSpan Elapsed => Stopwatch.GetElapsedTime(_startedAt);

    /// <summary>Whether the server owes something.</summary>
    protected virtual bool IsWaiting => true;

    private long Bytes { get; set; }

    /// <summary>The trial that fits what the command line asked for. A protocol that is not known is expected to echo.</summary>
    public static Trial For(ClientOptions options) => options.Protocol switch
    {
        "dumb-increment-protocol" => new IncrementTrial(options),
        "lws-mirror-protocol" => new RoundTripTrial(options, isShared: true),
        "lws-echogen" => new EchogenTrial(options),
        "fraggle-protocol" => new FraggleTrial(options),
        "lws-status" => new StatusTrial(options),
        _ => new RoundTripTrial(options, isShared: false),
    };

    /// <summary>Connects.</summary>
    /// <param name="context">The context to connect in.</param>
    /// <param name="over">Cancelled when the connection has ended.</param>
    public void Begin(LoopContext context, CancellationTokenSource over)
    {
        _over = over;
        _connection = context.Connect(new ClientConnectOptions
        {
            Uri = options.Uri,
            Protocols = [this],
            Extensions = options.OffersDeflate ? [new PermessageDeflate()] : [],
            FollowRedirects = options.Follow,
            Retry = options.Attempts > 1 ? new RetryPolicy { MaxAttempts = options.Attempts } : null,
            UseProxyEnvironment = true,
            Tls = options.Tls,
        });
    }

    /// <summary>Ends it before its time. A trial without an end is complete then.</summary>
    public void Interrupt()
    {
        if (Count == long.MaxValue)
            Finish();
        else
            Fail($"interrupted after {Messages} of {Count} messages");
    }

    /// <summary>Says how it went: the numbers on standard output, the reason of a failure on standard error.</summary>
    /// <returns>The exit code.</returns>
    public int Report()
    {
        if (_startedAt != 0)
        {
            double seconds = Stopwatch.GetElapsedTime(_startedAt, _endedAt).TotalSeconds;
            Console.WriteLine($"{Messages} messages, {Bytes} bytes, {seconds:0.000} s, {Messages / Math.Max(seconds, 1e-6):0} messages/s");
            ReportMore();
            if (options.OffersDeflate)
                Console.WriteLine(_extensions.Length > 0 ? $"agreed: {_extensions}" : "agreed: no compression");
        }

        if (_failure is null)
            return 0;

        Console.Error.WriteLine($"failed: {_failure}");
        return 1;
    }

    /// <summary>What there is to say beside the numbers that every trial has.</summary>
    protected virtual void ReportMore()
    {
    }

    protected override CallbackResult OnUpgraded(Connection connection, ref NoSession session)
    {
        _extensions = connection.Headers.GetString(KnownHeader.SecWebSocketExtensions);
        return CallbackResult.Continue;
    }

    protected override CallbackResult OnEstablished(Connection connection, ref NoSession session)
    {
        _startedAt = _endedAt = _lastProgressAt = Stopwatch.GetTimestamp();
        ScheduleProgress(new LoopTimer(ShowProgress));
        return CallbackResult.Continue;
    }

    protected override void OnConnectFailed(Connection connection, ref NoSession session, in ConnectFailure failure)
    {
        _failure ??= failure.ToString();
        _over!.Cancel();
    }

    protected override void OnClosed(Connection connection, ref NoSession session, in CloseInfo close)
    {
        if (!_isDone)
        {
            _endedAt = Stopwatch.GetTimestamp();
            _failure ??= $"the connection was closed after {Messages} messages: {close}";
        }

        _over!.Cancel();
    }

    /// <summary>Collects the parts of a message for <see cref="OnMessage"/>; one that comes in one part is not copied.</summary>
    protected override CallbackResult OnReceive(Connection connection, ref NoSession session, ReadOnlySpan<byte> part, in MessageInfo info)
    {
        if (info.IsFirstPart && info.IsLastPart)
        {
            OnMessage(part);
            return CallbackResult.Continue;
        }

        _message.Append(part);
        if (!info.IsLastPart)
            return CallbackResult.Continue;

        OnMessage(_message.Span);
        _message.Clear();
        return CallbackResult.Continue;
    }

    /// <summary>A message has come as a whole.</summary>
    protected virtual void OnMessage(ReadOnlySpan<byte> message)
    {
    }

    /// <summary>Counts a message that is right, and ends the trial with the last one.</summary>
    protected void Accept(int bytes)
    {
        Messages++;
        Bytes += bytes;
        NoteProgress();
        if (Messages == Count)
            Finish();
    }

    /// <summary>The server's time to answer begins again.</summary>
    protected void NoteProgress() => _lastProgressAt = Stopwatch.GetTimestamp();

    /// <summary>It has gone well.</summary>
    protected void Finish() => End(null);

    /// <summary>It has not.</summary>
    protected void Fail(string reason) => End(reason);

    private void End(string? failure)
    {
        if (_isDone)
            return;

        _isDone = true;
        _failure = failure;
        _endedAt = Stopwatch.GetTimestamp();
        _connection!.Close();
    }

    private void ScheduleProgress(LoopTimer timer) => _connection!.Context.Loop.Schedule(timer, ProgressPeriod);

    private void ShowProgress(LoopTimer timer)
    {
        if (_isDone)
            return;
        if (!Console.IsErrorRedirected)
            Console.Error.WriteLine($"{Messages}{(Count == long.MaxValue ? "" : $" of {Count}")} messages");

        if (IsWaiting && Stopwatch.GetElapsedTime(_lastProgressAt) > Patience)
            Fail($"nothing came for {Patience.TotalSeconds} s");
        else
            ScheduleProgress(timer);
    }
}
