using System.Globalization;
using System.Runtime.ExceptionServices;
using System.Runtime.InteropServices;
using EventLoops;

namespace TestServer.Loops;

/// <summary>
/// The third way: the program has a native loop already, which runs before the server is there and after it has left. The library is a guest on it. One run of the
/// loop sees it all: a few ticks of the program's own timer alone, then the server beside the timer, and after a signal a few ticks alone again.
/// </summary>
internal sealed class ForeignLoopServer : IDisposable
{
    /// <summary>What the command line calls each of these loops, and how the program makes one.</summary>
    public static readonly Dictionary<string, (LoopKind Kind, Func<INativeLoop> New)> Loops = new(StringComparer.Ordinal)
    {
        ["libuv"] = (LoopKind.LibUv, static () => new NativeUvLoop()),
        ["libev"] = (LoopKind.LibEv, static () => new NativeEvLoop()),
    };

    private const int TicksAlone = 5;
    private static readonly TimeSpan Interval = TimeSpan.FromMilliseconds(50);

    private readonly ServerOptions _options;
    private readonly INativeLoop _native;
    private HostedEventLoop? _guest;
    private LoopContext? _context;
    private IDisposable? _service;
    private PosixSignalRegistration? _interrupt;
    private PosixSignalRegistration? _terminate;
    private ExceptionDispatchInfo? _failure;
    private int _ticks;
    private bool _hasLeft;

    private ForeignLoopServer(ServerOptions options, INativeLoop native)
    {
        _options = options;
        _native = native;
    }

    /// <summary>Runs the native loop: alone, serving until SIGINT or SIGTERM, and alone again.</summary>
    public static void Run(ServerOptions options)
    {
        (LoopKind kind, Func<INativeLoop> newLoop) = Loops[options.Loop];
        if (LoopRegistry.Default.FindMissing(kind) is { } missing)
            throw new LoopUnavailableException(kind, missing);

        using INativeLoop native = newLoop();
        using ForeignLoopServer server = new(options, native);
        native.StartTicking(Interval, server.OnTick);
        native.Run();
        server._failure?.Throw();
    }

    /// <summary>Puts away what is left; after a run that went well that is nothing.</summary>
    public void Dispose()
    {
        _interrupt?.Dispose();
        _terminate?.Dispose();
        _context?.Dispose();
    }

    private void OnTick()
    {
        if (++_ticks != TicksAlone)
            return;

        if (_hasLeft)
        {
            // It was the last thing that kept the loop running.
            Say("after");
            _native.StopTicking();
            return;
        }

        Say("before");
        try
        {
            Serve();
        }
        catch (Exception failure)
        {
            // What the context had put on the loop is gone already; the guest follows it, and the loop runs out.
            _failure = ExceptionDispatchInfo.Capture(failure);
            _guest?.Detach(null);
            _native.StopTicking();
        }
    }

    private void Serve()
    {
        _guest = _native.Attach();
        _guest.UnhandledException = static escaped => Console.Error.WriteLine($"Something escaped from a handler: {escaped.Message}");
        _context = new LoopContext(Server.Describe(_options, [_guest]));
        _interrupt = PosixSignalRegistration.Create(PosixSignal.SIGINT, OnSignal);
        _terminate = PosixSignalRegistration.Create(PosixSignal.SIGTERM, OnSignal);
        _service = ServerProcess.Begin(_options, _context);
    }

    private void OnSignal(PosixSignalContext signal)
    {
        // This is a thread of the runtime's. Posting is the only thing that may be done here.
        signal.Cancel = true;
        _guest!.Post(static server => ((ForeignLoopServer)server!).Leave(), this);
    }

    private void Leave() => Server.Stop(_context!, _service!, () => _guest!.Detach(OnLeft));

    private void OnLeft()
    {
        _interrupt!.Dispose();
        _terminate!.Dispose();
        _hasLeft = true;
        _ticks = 0;
    }

    private void Say(string when) => Console.WriteLine(string.Create(
        CultureInfo.InvariantCulture, $"{TicksAlone} ticks of the program's own timer on its {_options.Loop} loop, {when} the server"));
}
