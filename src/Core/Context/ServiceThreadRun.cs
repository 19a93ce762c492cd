using System.Runtime.ExceptionServices;

namespace EventLoops;

/// <summary>
/// Drives all service threads of a context: the first on the calling thread, each of the others on one that is started here and joined at the end. It is the only
/// place in the library that starts a thread, and nothing but it knows of them.
/// </summary>
internal sealed class ServiceThreadRun(LoopContext context)
{
    private ExceptionDispatchInfo? _failure;

    /// <summary>Serves until <paramref name="stopping"/> is signalled, the context is disposed, or a loop fails, which is thrown here.</summary>
    public void Run(CancellationToken stopping)
    {
        // A loop that somebody else runs is refused before anything has begun.
        foreach (ServiceThread thread in context.Threads)
            _ = thread.OwnedLoop(nameof(Run));

        using CancellationTokenSource all = CancellationTokenSource.CreateLinkedTokenSource(stopping);
        Thread[] others = [.. context.Threads.Skip(1).Select(thread => Start(thread, all))];
        try
        {
            context.Thread.Run(all.Token);
        }
        catch
        {
            all.Cancel();
            throw;
        }
        finally
        {
            // In a context that was disposed they still close what they have, and end by themselves.
            if (!context.IsDisposed && !context.IsShuttingDown)
                all.Cancel();
            foreach (Thread other in others)
                other.Join();
        }

        _failure?.Throw();
    }

    private Thread Start(ServiceThread service, CancellationTokenSource all)
    {
        Thread thread = new(() => Serve(service, all)) { Name = $"{nameof(ServiceThread)} {service.Index}", IsBackground = true };
        thread.Start();
        return thread;
    }

    private void Serve(ServiceThread service, CancellationTokenSource all)
    {
        try
        {
            // A former run has had another thread.
            service.Loop.BindToCurrentThread();
            service.Run(all.Token);
        }
        catch (Exception failure)
        {
            Interlocked.CompareExchange(ref _failure, ExceptionDispatchInfo.Capture(failure), null);
            all.Cancel();
        }
    }
}
