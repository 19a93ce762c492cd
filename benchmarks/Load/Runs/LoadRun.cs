using System.Diagnostics;
using EventLoops.Benchmarks.Load.Measuring;
using EventLoops.Benchmarks.Load.Wire;
using EventLoops.Epoll;
using HdrHistogram;

namespace EventLoops.Benchmarks.Load.Runs;

/// <summary>
/// One measurement: connections are opened, the load is put on, and after a while of warming up everything is counted for as long as was asked. One thread, one epoll set.
/// </summary>
internal abstract class LoadRun : IDisposable
{
    private const int ReceiveBufferSize = 1 << 19;
    private const int SendBufferSize = 1 << 18;

    // So many are being opened at a time: more would overflow the backlog of a server, and the kernel would wait a second before it tries again.
    private const int OpenAtOnce = 128;

    private const int FaultsShown = 10;

    private readonly LongHistogram _latencies = new(highestTrackableValue: 60_000_000_000, numberOfSignificantValueDigits: 3);
    private readonly string _mode;
    private long _progressAt = Stopwatch.GetTimestamp();
    private bool _isMeasuring;
    private int _opened;
    private int _faults;
    private TlsContext? _tls;

    protected LoadRun(string mode, LoadOptions options)
    {
        _mode = mode;
        Options = options;
        Template = new MessageTemplate(options.Size);
        Handshake = new Handshake(options);
        Loop.UnhandledException = exception => NoteFault(-1, exception.ToString());
    }

    public LoadOptions Options { get; }

    public EpollLoop Loop { get; } = new();

    public MessageTemplate Template { get; }

    public Handshake Handshake { get; }

    public byte[] ReceiveBuffer { get; } = GC.AllocateUninitializedArray<byte>(ReceiveBufferSize, pinned: true);

    public byte[] SendBuffer { get; } = GC.AllocateUninitializedArray<byte>(SendBufferSize, pinned: true);

    /// <summary>Where records are put together; one send takes as many as fit.</summary>
    public byte[] TlsRoom { get; } = GC.AllocateUninitializedArray<byte>(SendBufferSize + (SendBufferSize / 8), pinned: true);

    public byte[] PlaintextBuffer { get; } = GC.AllocateUninitializedArray<byte>(ReceiveBufferSize, pinned: true);

    protected List<LoadSocket> Sockets { get; } = [];

    /// <summary>What was counted in the measured time.</summary>
    protected long Count { get; private set; }

    private bool IsStuck => Stopwatch.GetElapsedTime(_progressAt) > Options.Patience;

    /// <summary>A client of TLS that believes whatever certificate it is shown.</summary>
    public ITlsEngine NewTlsEngine() => (_tls ??= TlsContext.ForTrustingClient()).NewClientEngine("localhost");

    /// <summary>Does it all.</summary>
    /// <exception cref="LoadException">The server could not be measured.</exception>
    public LoadResult Run()
    {
        try
        {
            return Measure();
        }
        finally
        {
            // Also when the server could not be measured: whoever is asked next needs as many descriptors.
            foreach (LoadSocket socket in Sockets) socket.Dispose();
        }
    }

    public void NoteProgress() => _progressAt = Stopwatch.GetTimestamp();

    public void NoteFault(int connection, string what)
    {
        if (_faults++ < FaultsShown)
            Console.Error.WriteLine($"connection {connection}: {what}");
    }

    /// <summary>A connection is open.</summary>
    public virtual void OnOpened(LoadSocket socket) => _opened++;

    /// <summary>A message has come back whole.</summary>
    /// <param name="peer">To whom.</param>
    /// <param name="sentAt">When it was sent, or due to be.</param>
    public virtual void OnEcho(WebSocketPeer peer, long sentAt)
    {
        Record(sentAt);
        if (Options.Rate == 0)
            peer.Allow(Stopwatch.GetTimestamp());
    }

    public void Dispose()
    {
        Loop.Dispose();
        _tls?.Dispose();
    }

    protected abstract LoadSocket NewSocket(int id);

    protected virtual LoadResult Measure()
    {
        Open();
        Start();
        Turn(Options.WarmUp);

        Options.BeforeMeasuring?.Invoke();
        NoteProgress();
        _latencies.Reset();
        Count = 0;
        _isMeasuring = true;
        long serverBefore = ServerTime();
        TimeSpan ownBefore = Environment.CpuUsage.TotalTime;
        long start = Stopwatch.GetTimestamp();
        Turn(Options.Duration);
        double seconds = Stopwatch.GetElapsedTime(start).TotalSeconds;
        double own = (Environment.CpuUsage.TotalTime - ownBefore).TotalMicroseconds;
        double server = (ServerTime() - serverBefore) / 1000.0;
        _isMeasuring = false;
        Options.AfterMeasuring?.Invoke();
        if (Count == 0)
            throw new LoadException("Nothing came back in the measured time.");

        return Summary(seconds) with
        {
            ServerCpu = Options.ServerProcess is null ? null : server / Count,
            GeneratorCpu = own / Count,
        };
    }

    /// <summary>Opens the connections.</summary>
    protected virtual void Open() => OpenUpTo(Options.Connections);

    /// <summary>Opens connections until there are so many, a bounded number at a time.</summary>
    protected void OpenUpTo(int count)
    {
        while (_opened < count)
        {
            while (Sockets.Count < count && Sockets.Count - _opened < OpenAtOnce)
            {
                LoadSocket socket = NewSocket(Sockets.Count);
                Sockets.Add(socket);
                socket.Connect();
            }

            TurnOnce(10);
            if (_faults > 0)
                throw new LoadException("Not every connection could be opened.");
        }
    }

    /// <summary>Puts the load on the open connections.</summary>
    protected abstract void Start();

    /// <summary>Is called between turns while the load is on: at a fixed rate this is where what is due is sent.</summary>
    protected virtual void OnTurn()
    {
    }

    /// <summary>How long a turn may wait.</summary>
    protected virtual int TurnPatience => 1;

    protected void Record(long sentAt) => Record(sentAt, 1);

    protected void Record(long sentAt, int count)
    {
        if (!_isMeasuring)
            return;

        Count += count;
        _latencies.RecordValue(Math.Min((long)Stopwatch.GetElapsedTime(sentAt).TotalNanoseconds, _latencies.HighestTrackableValue));
    }

    protected void Turn(TimeSpan duration)
    {
        long start = Stopwatch.GetTimestamp();
        while (Stopwatch.GetElapsedTime(start) < duration)
        {
            OnTurn();
            TurnOnce(TurnPatience);
        }
    }

    protected void TurnOnce(int milliseconds)
    {
        Loop.RunOnce(milliseconds);
        if (IsStuck)
            throw new LoadException($"Nothing has happened for {Options.Patience.TotalSeconds} s.");
    }

    protected LoadResult Summary(double seconds) => new()
    {
        Mode = _mode,
        Connections = Options.Connections,
        Size = Options.Size,
        Pipeline = Options.Pipeline,
        Count = Count,
        Seconds = seconds,
        LatencyP50 = Microseconds(50),
        LatencyP99 = Microseconds(99),
        LatencyP999 = Microseconds(99.9),
        LatencyMax = Microseconds(100),
        GeneratorCpu = 0,
        Faults = _faults,
    };

    protected void BeginCounting()
    {
        _isMeasuring = true;
        _latencies.Reset();
    }

    private double? Microseconds(double percentile) => _latencies.TotalCount == 0 ? null : _latencies.GetValueAtPercentile(percentile) / 1000.0;

    private long ServerTime() => Options.ServerProcess is { } process ? ServerClock.ProcessorTime(process) : 0;
}
