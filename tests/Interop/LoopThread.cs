using System.Diagnostics;
using System.Net;
using System.Net.Sockets;
using Xunit;

namespace EventLoops.Tests.Interop;

/// <summary>
/// A context on a thread of its own, for peers that block or await. Disposing it stops the thread, lets the context go, and checks that nothing is left
/// on the loop and that nothing was thrown through it.
/// </summary>
internal sealed class LoopThread : IAsyncDisposable
{
    // What is a failure when it comes too late waits as long as the test does. A peer of ours may be a process that the machine has no time for.
    private static readonly ConnectionTimeouts Patient = new() { TlsHandshake = Waiting.Limit, Close = Waiting.Limit, Flush = Waiting.Limit };

    private readonly CancellationTokenSource _stopping = new();
    private readonly TaskCompletionSource _started = new(TaskCreationOptions.RunContinuationsAsynchronously);
    private readonly TaskCompletionSource _ended = new(TaskCreationOptions.RunContinuationsAsynchronously);
    private readonly List<Exception> _unhandled = [];
    private readonly VirtualHostOptions[] _hosts;
    private readonly EventLoopOptions _loopOptions;
    private readonly ConnectionLimits _limits;
    private readonly ConnectionTimeouts _timeouts;
    private LoopContext? _context;
    private string _left = "";

    private LoopThread(EventLoopOptions loopOptions, ConnectionLimits limits, ConnectionTimeouts timeouts, VirtualHostOptions[] hosts)
    {
        _limits = limits;
        _timeouts = timeouts;
        _hosts = hosts;
        _loopOptions = loopOptions;
    }

    public LoopContext Context => _context!;

    /// <summary>Starts a server of one virtual host.</summary>
    public static Task<LoopThread> StartAsync(EndPoint endPoint, params Protocol[] protocols) =>
        StartAsync(new EventLoopOptions(), new VirtualHostOptions { Endpoints = [endPoint], Protocols = protocols });

    /// <summary>Starts a server of one virtual host on 127.0.0.1.</summary>
    public static Task<LoopThread> StartAsync(params Protocol[] protocols) => StartAsync(new IPEndPoint(IPAddress.Loopback, 0), protocols);

    /// <summary>Starts a server of one virtual host on 127.0.0.1 with limits of its own.</summary>
    public static Task<LoopThread> StartAsync(ConnectionLimits limits, params Protocol[] protocols) =>
        StartAsync(new EventLoopOptions(), limits, Patient, OnLoopback(protocols));

    /// <summary>Starts a server of one virtual host on 127.0.0.1 with limits and time-outs of its own.</summary>
    public static Task<LoopThread> StartAsync(ConnectionLimits limits, ConnectionTimeouts timeouts, params Protocol[] protocols) =>
        StartAsync(new EventLoopOptions(), limits, timeouts, OnLoopback(protocols));

    public static Task<LoopThread> StartAsync(EventLoopOptions loopOptions, params VirtualHostOptions[] hosts) =>
        StartAsync(loopOptions, new ConnectionLimits(), Patient, hosts);

    private static async Task<LoopThread> StartAsync(EventLoopOptions loopOptions, ConnectionLimits limits, ConnectionTimeouts timeouts, params VirtualHostOptions[] hosts)
    {
        LoopThread thread = new(loopOptions, limits, timeouts, hosts);
        new Thread(thread.Run) { IsBackground = true, Name = "loop" }.Start();
        await thread._started.Task.InTime();
        return thread;
    }

    /// <summary>Where the first virtual host listens.</summary>
    public EndPoint EndPoint => Context.VirtualHosts[0].LocalEndPoints[0];

    public Uri Http(string path) => new($"http://{EndPoint}{path}");

    public Uri WebSocket(string path = "/") => new($"ws://{EndPoint}{path}");

    /// <summary>Begins a client connection, on the loop's thread.</summary>
    public async Task<Conversation> ConnectAsync(Func<Conversation, ClientConnectOptions> options)
    {
        Conversation conversation = new(this);
        await InvokeAsync(() => conversation.Connection = Context.Connect(options(conversation)));
        return conversation;
    }

    /// <summary>Does something on the loop's thread and waits until it is done.</summary>
    public async Task InvokeAsync(Action action)
    {
        TaskCompletionSource done = new(TaskCreationOptions.RunContinuationsAsynchronously);
        Context.Loop.Post(
            _ =>
            {
                try
                {
                    action();
                    done.SetResult();
                }
                catch (Exception exception)
                {
                    done.SetException(exception);
                }
            },
            null);
        await done.Task.InTime();
    }

    /// <summary>Waits until something is so, as seen on the loop's thread.</summary>
    public async Task UntilAsync(Func<bool> condition)
    {
        long start = Stopwatch.GetTimestamp();
        bool isSo = false;
        while (!isSo)
        {
            if (Stopwatch.GetElapsedTime(start) > Waiting.Limit) throw new TimeoutException("It did not come true.");
            await InvokeAsync(() => isSo = condition());
        }
    }

    public async ValueTask DisposeAsync()
    {
        await _stopping.CancelAsync();
        await _ended.Task.InTime();
        _stopping.Dispose();
        Assert.Empty(_unhandled);
        Assert.Equal("watches 0, timers 0, connections 0", _left);
        if (_hosts is [{ Endpoints: [UnixDomainSocketEndPoint endPoint] }]) File.Delete(endPoint.ToString());
    }

    private static VirtualHostOptions OnLoopback(Protocol[] protocols) => new() { Endpoints = [new IPEndPoint(IPAddress.Loopback, 0)], Protocols = protocols };

    private void Run()
    {
        try
        {
            using PollLoop loop = new(_loopOptions) { UnhandledException = _unhandled.Add };
            using (_context = new LoopContext(new LoopContextOptions { Loop = loop, Limits = _limits, Timeouts = _timeouts, VirtualHosts = _hosts }))
            {
                _started.SetResult();
                _context.Run(_stopping.Token);
            }

            _left = $"watches {loop.WatchCount}, timers {loop.TimerCount}, connections {_context.Thread.ConnectionCount}";
            _ended.SetResult();
        }
        catch (Exception exception)
        {
            _started.TrySetException(exception);
            _ended.TrySetException(exception);
        }
    }
}
