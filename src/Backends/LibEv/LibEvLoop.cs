using System.Runtime.InteropServices;

namespace EventLoops.LibEv;

/// <summary>
/// A loop on libev that owns its <c>ev_loop</c>. libev picks the mechanism, epoll on Linux; the variable <c>LIBEV_FLAGS</c> tells it otherwise.
/// To share the loop of a program that uses libev already, use <see cref="HostedLibEvLoop"/>.
/// </summary>
public sealed unsafe class LibEvLoop : OwnedEventLoop, IEvOwner
{
    private readonly EvLoop _loop;
    private readonly EvDescriptors _descriptors;
    private readonly EvAlarm _alarm;
    private bool _isOpen;

    /// <summary>Makes a loop, which belongs to this thread until it first runs.</summary>
    /// <param name="options">The clock and the system calls; null for the defaults.</param>
    /// <exception cref="LoopUnavailableException">libev is not installed, or is built in a way that this library does not know.</exception>
    /// <exception cref="LoopFaultException">libev made no loop, as when the process has no descriptor left.</exception>
    /// <exception cref="PlatformNotSupportedException">This is not Linux.</exception>
    public LibEvLoop(EventLoopOptions? options = null)
        : base("libev", options)
    {
        LibEvLibrary ev = LibEvLibrary.Load();
        nint loop = ev.LoopNew(0);
        if (loop == 0)
            throw new LoopFaultException("ev_loop_new", (Errno)Marshal.GetLastSystemError());

        _loop = new EvLoop(ev, loop);
        try
        {
            _alarm = new EvAlarm(_loop);
        }
        catch
        {
            ev.LoopDestroy(loop);
            throw;
        }

        _descriptors = new EvDescriptors(_loop, this);
    }

    /// <summary>The <c>struct ev_loop *</c>, for watchers of your own. Only on the loop's thread; it is this object that runs and destroys it.</summary>
    public nint NativeHandle => _loop.Pointer;

    void IEvOwner.OnReady(int fd, uint generation, PollEvents ready)
    {
        // Inside a handler there is no turn to be had, though somebody may run the native loop there.
        if (!_isOpen || !TryFindWatch(fd, out Watch? watch) || watch.Generation != generation)
            return;

        _isOpen = false;
        try
        {
            Collect(watch, ready);
        }
        catch (Exception exception)
        {
            ReportUnhandled(exception);
        }

        _isOpen = true;
    }

    /// <inheritdoc />
    protected override void WaitCore(int milliseconds)
    {
        if (milliseconds > 0)
            _alarm.Set(milliseconds);
        else
            _alarm.Clear();

        _descriptors.Turn++;
        _isOpen = true;
        _loop.Ev.Run(_loop.Pointer, milliseconds == 0 ? Ev.RunNoWait : Ev.RunOnce);
        _isOpen = false;
        DispatchCollected();
    }

    /// <inheritdoc />
    protected override void AddCore(Watch watch) => _descriptors.Add(watch);

    /// <inheritdoc />
    protected override void ChangeCore(Watch watch, PollEvents previous) => _descriptors.Change(watch, previous);

    /// <inheritdoc />
    protected override void RemoveCore(Watch watch) => _descriptors.Remove(watch);

    /// <inheritdoc />
    protected override void WakeCore() => _alarm.Wake();

    /// <inheritdoc />
    protected override void DisposeCore()
    {
        _alarm.Dispose();
        _descriptors.Dispose();
        _loop.Ev.LoopDestroy(_loop.Pointer);
    }
}
