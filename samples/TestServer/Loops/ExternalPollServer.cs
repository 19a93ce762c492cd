using System.Runtime.ExceptionServices;
using EventLoops;

namespace TestServer.Loops;

/// <summary>
/// The other way: the program owns the poll array and calls <c>poll(2)</c> itself. The library keeps its entries in that array, beside one of the program's own, and serves those
/// that it is offered. With several service threads there are as many arrays, each on a thread that the program starts.
/// </summary>
internal sealed class ExternalPollServer : IDisposable
{
    private readonly SignalPipe _signals = new();
    private readonly PolledArray[] _arrays;
    private ExceptionDispatchInfo? _failure;
    private volatile bool _isOver;

    private ExternalPollServer(int threads)
    {
        _arrays = [.. Enumerable.Range(0, threads).Select(static _ => new PolledArray())];
        _arrays[0].Add(_signals.Fd);
    }

    /// <summary>Serves until SIGINT or SIGTERM.</summary>
    public static void Run(ServerOptions options)
    {
        using ExternalPollServer server = new(options.Threads);
        server.Serve(options);
        server._failure?.Throw();
    }

    public void Dispose()
    {
        foreach (PolledArray array in _arrays)
            array.Dispose();
        _signals.Dispose();
    }

    private void Serve(ServerOptions options)
    {
        using LoopContext context = new(Server.Describe(options, [.. _arrays.Select(array => array.Loop)]));
        IDisposable service = ServerProcess.Begin(options, context);
        Thread[] others = [.. _arrays.Skip(1).Select(Start)];
        try
        {
            while (!_isOver)
            {
                _arrays[0].RunFrame(_ => _signals.Read());
                if (_signals.TakeRequest())
                    Server.Stop(context, service, End);
            }
        }
        finally
        {
            End();
            foreach (Thread other in others)
                other.Join();
        }
    }

    private Thread Start(PolledArray array)
    {
        Thread thread = new(() => Serve(array));
        thread.Start();
        return thread;
    }

    private void Serve(PolledArray array)
    {
        try
        {
            array.Loop.BindToCurrentThread();
            while (!_isOver)
                array.RunFrame(static _ => { });
        }
        catch (Exception failure)
        {
            Interlocked.CompareExchange(ref _failure, ExceptionDispatchInfo.Capture(failure), null);
            End();
        }
    }

    /// <summary>On whichever thread: the last one to finish, or one that has failed.</summary>
    private void End()
    {
        _isOver = true;
        foreach (PolledArray array in _arrays)
            array.Loop.Wake();
    }
}
