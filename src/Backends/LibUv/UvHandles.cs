using System.Runtime.CompilerServices;
using System.Runtime.InteropServices;

namespace EventLoops.LibUv;

/// <summary>
/// All our handles on one libuv loop: how they are made, told apart and closed, whoever owns the loop. It never touches the loop itself. A handle is native memory and nothing
/// else. libuv keeps it until its loop has turned once more after <c>uv_close</c>, so nothing is freed before the close callback. What its <c>data</c> leads to is this class,
/// which nobody can dispose: there are hosts that walk over all handles of their loop and dispose what they find there.
/// </summary>
internal sealed unsafe class UvHandles
{
    // enum uv_handle_type, which only ever grows at its end.
    private const int AsyncType = 1;
    private const int CheckType = 2;
    private const int IdleType = 6;
    private const int PollType = 8;
    private const int TimerType = 13;

    private readonly UvLibrary _library;
    private readonly nint _loop;
    private readonly IUvTurns _turns;
    private readonly bool _keepsLoopAlive;
    private readonly nuint _pollSize;
    private GCHandle _self;
    private int _count;
    private Action? _emptied;

    /// <summary>Makes none yet.</summary>
    /// <param name="library">The copy of libuv that made the loop.</param>
    /// <param name="loop">The <c>uv_loop_t</c>.</param>
    /// <param name="turns">Who is called.</param>
    /// <param name="keepsLoopAlive">Whether what we watch and wait for counts as a reason for the loop to go on.</param>
    public UvHandles(UvLibrary library, nint loop, IUvTurns turns, bool keepsLoopAlive)
    {
        _library = library;
        _loop = loop;
        _turns = turns;
        _keepsLoopAlive = keepsLoopAlive;
        _pollSize = library.HandleSize(PollType);
    }

    /// <summary>How many handles libuv still knows.</summary>
    public int Count => _count;

    /// <summary>Watches a descriptor. There is exactly one handle for each, from here to <see cref="Close"/>.</summary>
    /// <returns>The handle.</returns>
    /// <exception cref="LoopFaultException">libuv refused: somebody else on this loop watches the descriptor, or it is no descriptor that can be waited for.</exception>
    public nint Poll(Watch watch)
    {
        nint handle = (nint)NativeMemory.AllocZeroed(_pollSize + (nuint)sizeof(Watched));
        WatchedBy(handle)->Fd = watch.Fd;
        Accept(handle, _library.PollInit(_loop, handle, watch.Fd), "uv_poll_init", _keepsLoopAlive);
        try
        {
            Start(handle, watch.Interest);
        }
        catch
        {
            Close(handle);
            throw;
        }

        return handle;
    }

    /// <summary>Tells libuv what the watch of a handle is interested in now.</summary>
    /// <exception cref="LoopFaultException">libuv refused.</exception>
    /// <exception cref="InvalidOperationException">The host has closed the handle, which is not its own.</exception>
    public void Start(nint poll, PollEvents interest)
    {
        // libuv ends the process for a start of what is closed, or does not notice.
        if (_library.IsClosing(poll) != 0)
            throw ClosedByHost();

        int mask = UvEvents.MaskOf(interest, WatchedBy(poll)->HasUrgentData);
        int result = mask == 0 ? _library.PollStop(poll) : _library.PollStart(poll, mask, &OnPoll);
        if (result < 0)
            throw Refused("uv_poll_start", result);
    }

    /// <summary>A handle that other threads can send.</summary>
    public nint Async(bool isReferenced)
    {
        nint handle = New(AsyncType);
        Accept(handle, _library.AsyncInit(_loop, handle, &OnAsync), "uv_async_init", isReferenced);
        return handle;
    }

    /// <summary>A timer that is not started yet.</summary>
    public nint Timer()
    {
        nint handle = New(TimerType);
        Accept(handle, _library.TimerInit(_loop, handle), "uv_timer_init", _keepsLoopAlive);
        return handle;
    }

    /// <summary>Starts a timer, in time that begins now and not when the loop last looked at the clock.</summary>
    public void Start(nint timer, long milliseconds)
    {
        _library.UpdateTime(_loop);
        _ = _library.TimerStart(timer, &OnTimer, (ulong)milliseconds, 0);
    }

    /// <summary>A handle that is told at the end of each iteration. It is no reason for a loop to go on.</summary>
    public nint Check()
    {
        nint handle = New(CheckType);
        Accept(handle, _library.CheckInit(_loop, handle), "uv_check_init", isReferenced: false);
        _ = _library.CheckStart(handle, &OnCheck);
        return handle;
    }

    /// <summary>A handle that, while it is started, keeps the loop from sleeping.</summary>
    public nint Idle()
    {
        nint handle = New(IdleType);
        Accept(handle, _library.IdleInit(_loop, handle), "uv_idle_init", _keepsLoopAlive);
        return handle;
    }

    /// <summary>Starts or stops an idle handle.</summary>
    public void SetActive(nint idle, bool isActive) =>
        _ = isActive ? _library.IdleStart(idle, &OnIdle) : _library.IdleStop(idle);

    /// <summary>
    /// Closes a handle: libuv calls nobody for it any more, and the kernel has forgotten its descriptor when this returns. The memory is given back when the loop has turned.
    /// </summary>
    public void Close(nint handle)
    {
        // A host that walks over its loop and closes whatever it finds has taken this one with it. Closing it again would end the process, and
        // since the host gets the callback, nobody can tell when its memory is free: it is left alone.
        if (_library.IsClosing(handle) != 0)
        {
            _count--;
            _turns.OnException(ClosedByHost());
            return;
        }

        _library.Close(handle, &OnClosed);
    }

    /// <summary>Has somebody told when libuv knows none of the handles any more, at once when that is so already.</summary>
    public void WhenEmpty(Action emptied)
    {
        if (_count > 0)
        {
            _emptied = emptied;
            return;
        }

        Release();
        emptied();
    }

    private static InvalidOperationException ClosedByHost() =>
        new("The host has closed a handle that was not its own; detach the loop before the host's ends.");

    private static LoopFaultException Refused(string call, int result) => new(call, (Errno)(-result));

    private static UvHandles Of(nint handle) => Unsafe.As<UvHandles>(GCHandle.FromIntPtr(*(nint*)handle).Target!);

    private Watched* WatchedBy(nint poll) => (Watched*)(poll + (nint)_pollSize);

    private nint New(int type) => (nint)NativeMemory.AllocZeroed(_library.HandleSize(type));

    private void Accept(nint handle, int result, string call, bool isReferenced)
    {
        if (result < 0)
        {
            NativeMemory.Free((void*)handle);
            throw Refused(call, result);
        }

        _count++;
        if (!_self.IsAllocated)
            _self = GCHandle.Alloc(this);

        // data is the first field of every handle, by the library's own promise.
        *(nint*)handle = GCHandle.ToIntPtr(_self);
        if (!isReferenced)
            _library.Unreference(handle);
    }

    private void ServeReady(nint poll, int status, int events)
    {
        // Whoever takes its watch away closes the handle, which is not told anything from then on.
        if (_turns.FindWatch(WatchedBy(poll)->Fd) is not { } watch)
            return;

        bool isGrave = status != 0 || (events & UvEvents.Prioritized) != 0;
        PollEvents ready = isGrave ? FindTruth(poll, watch, status) : UvEvents.ReadyOf(events);
        _turns.OnReady(watch, ready);

        // libuv has stopped a handle that has an error; but whoever goes on watching is told in every turn. What is not open is watched no more when it has been told, which
        // may be later, and libuv would end the process if it were started again.
        if (status != 0 && watch.IsActive && (ready & PollEvents.Invalid) == PollEvents.None)
            Start(poll, watch.Interest);
    }

    private PollEvents FindTruth(nint poll, Watch watch, int status)
    {
        const PollEvents Grave = PollEvents.Error | PollEvents.HangUp | PollEvents.Invalid;

        PollEvents ready = UvEvents.Ask(watch.Fd, watch.Interest);
        if (status == 0 && (ready & Grave) == PollEvents.None)
        {
            // An urgent byte, which would be told in every turn until it is read: nobody may keep a loop busy with one.
            WatchedBy(poll)->HasUrgentData = true;
            Start(poll, watch.Interest);
        }

        return ready;
    }

    private void ForgetClosed(nint handle)
    {
        NativeMemory.Free((void*)handle);
        if (--_count > 0)
            return;

        Release();
        Action? emptied = _emptied;
        _emptied = null;
        emptied?.Invoke();
    }

    /// <summary>Nothing leads here any more.</summary>
    private void Release()
    {
        if (_self.IsAllocated)
            _self.Free();
    }

    [UnmanagedCallersOnly(CallConvs = [typeof(CallConvCdecl)])]
    private static void OnPoll(nint handle, int status, int events)
    {
        UvHandles owner = Of(handle);
        try
        {
            owner.ServeReady(handle, status, events);
        }
        catch (Exception exception)
        {
            owner.Report(exception);
        }
    }

    [UnmanagedCallersOnly(CallConvs = [typeof(CallConvCdecl)])]
    private static void OnAsync(nint handle) => Of(handle).Call(static turns => turns.OnWake());

    [UnmanagedCallersOnly(CallConvs = [typeof(CallConvCdecl)])]
    private static void OnTimer(nint handle) => Of(handle).Call(static turns => turns.OnTimer());

    [UnmanagedCallersOnly(CallConvs = [typeof(CallConvCdecl)])]
    private static void OnCheck(nint handle) => Of(handle).Call(static turns => turns.OnCheck());

    [UnmanagedCallersOnly(CallConvs = [typeof(CallConvCdecl)])]
    private static void OnIdle(nint handle)
    {
        // That it is started is all there is to it: the check handle of the same iteration does the work.
    }

    [UnmanagedCallersOnly(CallConvs = [typeof(CallConvCdecl)])]
    private static void OnClosed(nint handle)
    {
        UvHandles owner = Of(handle);
        try
        {
            owner.ForgetClosed(handle);
        }
        catch (Exception exception)
        {
            owner.Report(exception);
        }
    }

    private void Call(Action<IUvTurns> callback)
    {
        try
        {
            callback(_turns);
        }
        catch (Exception exception)
        {
            Report(exception);
        }
    }

    private void Report(Exception exception) => _turns.OnException(exception);

    /// <summary>What is ours of a <c>uv_poll_t</c>, behind libuv's part of it.</summary>
    private struct Watched
    {
        public int Fd;

        /// <summary>Whether the peer has sent an urgent byte, which is all that <c>UV_PRIORITIZED</c> says from then on; see <see cref="UvEvents"/>.</summary>
        public bool HasUrgentData;
    }
}
