using System.Diagnostics;
using EventLoops;

namespace TestClient;

/// <summary>
/// A request and its reply, as curl does it: the body goes to a file or to standard output, and a line on standard error tells how far it is. With a limit it reads
/// no more than that in a second, and what is not read stays with the server: memory does not grow, however large the reply is.
/// </summary>
internal sealed class Transfer(ClientOptions options) : Protocol<NoSession>(""), IErrand, IDisposable
{
    // What a limited reader takes at once; the shares of a second in which it may.
    private const int SharesOfSecond = 50;

    private static readonly TimeSpan ProgressPeriod = TimeSpan.FromMilliseconds(500);

    private readonly byte[] _buffer = new byte[64 * 1024];
    private readonly long _startedAt = Stopwatch.GetTimestamp();
    private Connection? _connection;
    private CancellationTokenSource? _over;
    private FileStream? _data;
    private Stream? _output;
    private long _length = -1;
    private long _received;
    private long _allowance;
    private int _status;
    private int _unwritten;
    private bool _mayRead;
    private bool _isComplete;
    private string? _failure;

    public void Begin(LoopContext context, CancellationTokenSource over)
    {
        _over = over;
        ReadOnlyMemory<byte> text = default;
        if (options.Data is ['@', .. string file])
            _data = File.OpenRead(file);
        else if (options.Data is { } given)
            text = System.Text.Encoding.UTF8.GetBytes(given);

        _connection = context.Connect(new ClientConnectOptions
        {
            Uri = options.Uri,
            Protocols = [this],
            Method = options.Method ?? (options.Data is null ? "GET" : "POST"),
            Body = text,
            BodyLength = _data?.Length,
            FollowRedirects = options.Follow,
            Retry = options.Attempts > 1 ? new RetryPolicy { MaxAttempts = options.Attempts } : null,
            UseProxyEnvironment = true,
            Tls = options.Tls,
        });
        Every(ProgressPeriod, ShowProgress);
        if (options.LimitRate > 0)
            Every(TimeSpan.FromSeconds(1.0 / SharesOfSecond), Allow);
    }

    public void Interrupt()
    {
        _failure = "interrupted";
        _connection!.Abort();
    }

    public int Report()
    {
        EndProgress();
        if (_status != 0)
            Console.Error.WriteLine($"{_status}, {_received} bytes, {Speed()}");
        if (_failure is null && _isComplete)
            return 0;

        Console.Error.WriteLine($"failed: {_failure}");
        return 1;
    }

    public void Dispose()
    {
        _data?.Dispose();
        _output?.Dispose();
    }

    protected override CallbackResult OnWritingRequest(Connection connection, ref NoSession session, RequestHead request)
    {
        request.Add("User-Agent", "EventLoops-TestClient");
        request.Add("Accept", "*/*");

        // Another attempt sends the file from its beginning.
        if (_data is not null)
            _data.Position = 0;
        _unwritten = 0;
        return CallbackResult.Continue;
    }

    protected override CallbackResult OnHttpWritable(Connection connection, ref NoSession session)
    {
        // One piece a call, so that a large file does not keep the loop to itself; what was not taken is offered again.
        if (_unwritten == 0)
            _unwritten = _data!.Read(_buffer);
        if (_unwritten == 0)
        {
            connection.EndRequest();
            return CallbackResult.Continue;
        }

        if (connection.WriteBody(_buffer.AsSpan(0, _unwritten)) == WriteResult.Accepted)
            _unwritten = 0;
        connection.RequestWritable();
        return CallbackResult.Continue;
    }

    protected override CallbackResult OnHttpReply(Connection connection, ref NoSession session)
    {
        _status = connection.Status;
        _length = connection.ReplyContentLength;
        _output = options.Output is null ? Console.OpenStandardOutput() : File.Create(options.Output);
        return CallbackResult.Continue;
    }

    protected override CallbackResult OnHttpReceive(Connection connection, ref NoSession session)
    {
        _mayRead = true;
        Read(connection);
        return CallbackResult.Continue;
    }

    protected override CallbackResult OnHttpCompleted(Connection connection, ref NoSession session)
    {
        _isComplete = true;
        return CallbackResult.Continue;
    }

    protected override void OnHttpClosed(Connection connection, ref NoSession session, in CloseInfo close)
    {
        if (!close.IsClean)
            _failure ??= $"the reply is not complete: {close}";
        _over!.Cancel();
    }

    protected override void OnConnectFailed(Connection connection, ref NoSession session, in ConnectFailure failure)
    {
        _failure ??= failure.ToString();
        _over!.Cancel();
    }

    /// <summary>Reads what is there, or what may be read of it; the rest waits until more may be.</summary>
    private void Read(Connection connection)
    {
        int room = options.LimitRate == 0 ? _buffer.Length : (int)Math.Min(_buffer.Length, _allowance);
        if (room == 0 || !_mayRead)
            return;

        int count = connection.ReadHttpBody(_buffer.AsSpan(0, room));
        _mayRead = false;
        _received += count;
        _allowance -= count;
        _output!.Write(_buffer, 0, count);
    }

    private void Allow()
    {
        _allowance = Math.Min(_allowance + (options.LimitRate / SharesOfSecond) + 1, options.LimitRate);
        if (_connection is { IsClosed: false })
            Read(_connection);
    }

    private void Every(TimeSpan period, Action action)
    {
        LoopTimer timer = new(again =>
        {
            action();
            if (!_connection!.IsClosed)
                _connection.Context.Loop.Schedule(again, period);
        });
        _connection!.Context.Loop.Schedule(timer, period);
    }

    private void ShowProgress()
    {
        if (Console.IsErrorRedirected || _status == 0)
            return;

        string all = _length > 0 ? $" of {Mebibytes(_length)}, {100 * _received / _length} %" : "";
        Console.Error.Write($"\r{Mebibytes(_received)}{all}, {Speed()}   ");
    }

    private void EndProgress()
    {
        if (!Console.IsErrorRedirected && _status != 0)
            Console.Error.Write('\r');
    }

    private string Speed()
    {
        double seconds = Stopwatch.GetElapsedTime(_startedAt).TotalSeconds;
        return $"{seconds:0.000} s, {_received / Math.Max(seconds, 1e-6) / (1024 * 1024):0.0} MiB/s";
    }

    private static string Mebibytes(long bytes) => $"{bytes / (1024.0 * 1024):0.0} MiB";
}
