using System.Runtime.CompilerServices;
using System.Runtime.InteropServices;

namespace EventLoops.Epoll;

/// <summary>
/// The loop on <c>epoll(7)</c>, level-triggered: a wait costs what is ready, not what is watched, so ten thousand idle descriptors cost nothing.
/// What <see cref="LoopKind.Auto"/> picks.
/// </summary>
public sealed unsafe class EpollLoop : OwnedEventLoop
{
    // What one wait brings at most; what is left over is brought by the next, in the kernel's order, so nobody is passed over.
    private const int MaxEvents = 512;

    private readonly WakeEvent _wake;
    private readonly int _epoll;
    private readonly byte* _events;

    /// <summary>Makes a loop, which belongs to this thread until it first runs.</summary>
    /// <param name="options">The clock and the system calls; null for the defaults.</param>
    /// <exception cref="LoopFaultException">The system gave no epoll or eventfd descriptor.</exception>
    /// <exception cref="PlatformNotSupportedException">This is not Linux.</exception>
    public EpollLoop(EventLoopOptions? options = null)
        : base("epoll", options)
    {
        _epoll = EpollCalls.Create(EpollCalls.CloseOnExec);
        if (_epoll < 0)
            throw new LoopFaultException("epoll_create1", EpollCalls.LastErrno);

        try
        {
            _wake = new WakeEvent();
            Control(EpollCalls.Add, _wake.Fd, generation: 0, PollEvents.In);
        }
        catch
        {
            _wake?.Dispose();
            _ = EpollCalls.Close(_epoll);
            throw;
        }

        _events = (byte*)NativeMemory.AllocZeroed(MaxEvents, (nuint)EpollEvent.Stride);
    }

    /// <inheritdoc />
    protected override void WaitCore(int milliseconds)
    {
        int ready = EpollCalls.Wait(_epoll, _events, MaxEvents, milliseconds);
        if (ready < 0 && EpollCalls.LastErrno != Errno.EINTR)
            throw new LoopFaultException("epoll_wait", EpollCalls.LastErrno);

        BeginTurn();
        for (int i = 0; i < ready; i++)
        {
            if (i + 1 < ready) ExpectNext(EpollEvent.ReadFd(_events, i + 1), i + 2 < ready ? EpollEvent.ReadFd(_events, i + 2) : -1);
            EpollEvent reported = EpollEvent.Read(_events, i);
            if (reported.Fd == _wake.Fd)
                _wake.Clear();
            else
                Dispatch(reported.Fd, reported.Generation, reported.Events);
        }
    }

    /// <inheritdoc />
    protected override void AddCore(Watch watch) => Control(EpollCalls.Add, watch.Fd, watch.Generation, watch.Interest);

    /// <inheritdoc />
    protected override void ChangeCore(Watch watch, PollEvents previous) => Control(EpollCalls.Modify, watch.Fd, watch.Generation, watch.Interest);

    /// <inheritdoc />
    protected override void RemoveCore(Watch watch) =>

        // Before close, always: an entry outlives a closed number as long as the open file has another one, in a child for instance, and then nobody
        // can take it out any more. A descriptor that its owner has closed too early is gone already, which is no news.
        _ = EpollCalls.Control(_epoll, EpollCalls.Delete, watch.Fd, null);

    /// <inheritdoc />
    protected override void WakeCore() => _wake.Signal();

    /// <inheritdoc />
    protected override void DisposeCore()
    {
        _wake.Dispose();
        _ = EpollCalls.Close(_epoll);
        NativeMemory.Free(_events);
    }

    private void Control(int operation, int fd, uint generation, PollEvents interest)
    {
        byte* argument = stackalloc byte[EpollEvent.Size];
        new EpollEvent(fd, generation, interest).Write(argument);
        if (EpollCalls.Control(_epoll, operation, fd, argument) < 0)
            throw new LoopFaultException("epoll_ctl", EpollCalls.LastErrno);
    }
}
