using System.Net;
using Microsoft.Extensions.Hosting;
using Microsoft.Extensions.Logging;
using Microsoft.Extensions.Options;

namespace EventLoops.Hosting;

/// <summary>
/// The application's loop: a context on a thread of its own, from the start of the application to its end. Take it from the services to post work to the loop
/// or to see where it listens.
/// </summary>
public sealed partial class LoopService : IHostedService, IDisposable
{
    private readonly ContextFactory _factory;
    private readonly IOptions<EventLoopsOptions> _options;
    private readonly IHostApplicationLifetime _lifetime;
    private readonly ILogger<LoopService> _logger;
    private readonly CancellationTokenSource _stopping = new();
    private readonly TaskCompletionSource _listens = new(TaskCreationOptions.RunContinuationsAsynchronously);
    private readonly TaskCompletionSource _ended = new(TaskCreationOptions.RunContinuationsAsynchronously);
    private volatile LoopContext? _context;
    private IReadOnlyList<EndPoint> _endPoints = [];
    private Thread? _thread;
    private volatile bool _isStopping;
    private bool _isDisposed;

    internal LoopService(ContextFactory factory, IOptions<EventLoopsOptions> options, IHostApplicationLifetime lifetime, ILogger<LoopService> logger)
    {
        _factory = factory;
        _options = options;
        _lifetime = lifetime;
        _logger = logger;
    }

    /// <summary>Where it listens; empty before the start. Any thread.</summary>
    public IReadOnlyList<EndPoint> EndPoints => Volatile.Read(ref _endPoints);

    /// <summary>Whether the loop runs. Any thread.</summary>
    public bool IsRunning => _context is not null;

    /// <summary>Has work done on the loop's thread, where connections may be used. Any thread.</summary>
    /// <param name="work">The work; what it throws is logged and goes no further.</param>
    /// <returns>Whether the loop runs and will do it.</returns>
    public bool Post(Action<LoopContext> work)
    {
        ArgumentNullException.ThrowIfNull(work);
        if (_context is not { } context)
            return false;

        try
        {
            context.Loop.Post(_ => work(context), null);
            return true;
        }
        catch (ObjectDisposedException)
        {
            return false;
        }
    }

    /// <summary>Starts the thread, and returns when the loop listens; what keeps it from listening is thrown.</summary>
    /// <param name="cancellationToken">Stops waiting.</param>
    public Task StartAsync(CancellationToken cancellationToken)
    {
        // Background: a loop that does not end must not keep the process.
        _thread = new Thread(Run) { IsBackground = true, Name = EventLoopsOptions.SectionName };
        _thread.Start();
        return _listens.Task.WaitAsync(cancellationToken);
    }

    /// <summary>
    /// Stops accepting, tells every open WebSocket 1001 and lets answers that are under way be finished, for <see cref="EventLoopsOptions.ShutdownGrace"/> at most;
    /// returns when every connection has had its closing callback.
    /// </summary>
    /// <param name="cancellationToken">Ends what has not ended by itself, at once.</param>
    public async Task StopAsync(CancellationToken cancellationToken)
    {
        if (_thread is null)
            return;

        _isStopping = true;
        TimeSpan grace = _options.Value.ShutdownGrace;
        if (!Post(context => BeginShutdown(context, grace)))
            Cancel();
        using CancellationTokenRegistration late = cancellationToken.Register(Cancel);
        await _ended.Task.ConfigureAwait(false);
    }

    /// <summary>Asks the loop to end, if it has not been.</summary>
    public void Dispose()
    {
        // Services may dispose one twice that they know by two names.
        if (Interlocked.Exchange(ref _isDisposed, true))
            return;

        _stopping.Cancel();
        if (_thread is null || _ended.Task.IsCompleted)
            _stopping.Dispose();
    }

    private static void BeginShutdown(LoopContext context, TimeSpan grace)
    {
        // A callback may have begun it already; a second call would end it at once.
        if (!context.IsShuttingDown && !context.IsDisposed)
            context.BeginShutdown(grace);
    }

    private void Cancel()
    {
        if (!Volatile.Read(ref _isDisposed))
            _stopping.Cancel();
    }

    private void Run()
    {
        try
        {
            Serve();
        }
        catch (Exception failure) when (!_listens.Task.IsCompleted)
        {
            // Whoever started the application hears of it.
            _listens.TrySetException(failure);
        }
        catch (Exception failure)
        {
            LoopFailed(failure);
            _lifetime.StopApplication();
        }
        finally
        {
            _context = null;
            _ended.TrySetResult();
        }
    }

    private void Serve()
    {
        using LoopContext context = new(_factory.Describe(_options.Value));
        Volatile.Write(ref _endPoints, [.. context.VirtualHosts.SelectMany(host => host.LocalEndPoints).Distinct()]);
        _context = context;
        _listens.TrySetResult();
        context.Run(_stopping.Token);
        _context = null;
        if (_isStopping || _stopping.IsCancellationRequested)
            return;

        // A callback has disposed the context, so there is nothing left to serve.
        _lifetime.StopApplication();
    }

    [LoggerMessage(EventId = 1001, Level = LogLevel.Critical, Message = "The loop has ended by an exception; the application stops")]
    private partial void LoopFailed(Exception exception);
}
