using System.Runtime.InteropServices;

namespace EventLoops.LibUv;

/// <summary>
/// A loop of its own on libuv, for a program that wants that library to do the waiting. Who has a libuv loop already attaches to it with <see cref="HostedLibUvLoop"/>.
/// </summary>
public sealed unsafe class LibUvLoop : OwnedEventLoop, IUvTurns
{
    private const int RunOnceMode = 1;
    private const int RunNoWaitMode = 2;

    private readonly UvLibrary _library;
    private readonly nint _loop;
    private readonly UvHandles _handles;
    private readonly nint _wake;
    private readonly nint _limit;

    /// <summary>Makes a loop, which belongs to this thread until it first runs.</summary>
    /// <param name="options">The clock and the system calls; null for the defaults.</param>
    /// <exception cref="LoopUnavailableException">libuv is not installed, or older than 1.14.</exception>
    /// <exception cref="LoopFaultException">The system refused what libuv asked it for.</exception>
    /// <exception cref="PlatformNotSupportedException">This is not Linux.</exception>
    public LibUvLoop(EventLoopOptions? options = null)
        : base("libuv", options)
    {
        _library = UvLibrary.Find();
        _loop = NewLoop(_library);
        _handles = new UvHandles(_library, _loop, this, keepsLoopAlive: true);
        try
        {
            // It is referenced, so that libuv finds something to wait for when nothing is watched.
            _wake = _handles.Async(isReferenced: true);
        }
        catch
        {
            FreeLoop();
            throw;
        }

        _limit = _handles.Timer();
    }

    /// <inheritdoc />
    protected override void WaitCore(int milliseconds)
    {
        if (milliseconds > 0)
            _handles.Start(_limit, milliseconds);
        else
            _ = _library.TimerStop(_limit);

        _ = _library.Run(_loop, milliseconds == 0 ? RunNoWaitMode : RunOnceMode);
        DispatchCollected();
    }

    /// <inheritdoc />
    protected override void AddCore(Watch watch)
    {
        ArgumentNullException.ThrowIfNull(watch);
        watch.BackendHandle = _handles.Poll(watch);
    }

    /// <inheritdoc />
    protected override void ChangeCore(Watch watch, PollEvents previous)
    {
        ArgumentNullException.ThrowIfNull(watch);
        _handles.Start(watch.BackendHandle, watch.Interest);
    }

    /// <inheritdoc />
    protected override void RemoveCore(Watch watch)
    {
        ArgumentNullException.ThrowIfNull(watch);
        _handles.Close(watch.BackendHandle);
    }

    /// <inheritdoc />
    protected override void WakeCore() => _ = _library.AsyncSend(_wake);

    /// <inheritdoc />
    protected override void DisposeCore()
    {
        _handles.Close(_wake);
        _handles.Close(_limit);

        // The close callbacks come in an iteration of the loop, and the loop cannot be closed before them.
        while (_handles.Count > 0)
            _ = _library.Run(_loop, RunNoWaitMode);
        FreeLoop();
    }

    Watch? IUvTurns.FindWatch(int fd) => TryFindWatch(fd, out Watch? watch) ? watch : null;

    void IUvTurns.OnReady(Watch watch, PollEvents ready) => Collect(watch, ready);

    void IUvTurns.OnWake()
    {
        // That the wait is over is all there is to it.
    }

    void IUvTurns.OnTimer() =>

        // Up to libuv 1.44 timers come before the wait, which would begin after the limit and have none.
        _library.Stop(_loop);

    void IUvTurns.OnCheck()
    {
        // The turn ends when uv_run has returned; no check handle is made here.
    }

    void IUvTurns.OnException(Exception exception) => ReportUnhandled(exception);

    private static nint NewLoop(UvLibrary library)
    {
        nint loop = (nint)NativeMemory.AllocZeroed(library.LoopSize());
        int result = library.LoopInit(loop);
        if (result >= 0)
            return loop;

        NativeMemory.Free((void*)loop);
        throw new LoopFaultException("uv_loop_init", (Errno)(-result));
    }

    private void FreeLoop()
    {
        _ = _library.LoopClose(_loop);
        NativeMemory.Free((void*)_loop);
    }
}
