using System.Runtime.CompilerServices;
using System.Runtime.InteropServices;

namespace EventLoops.LibUv;

/// <summary>All our handles on one libuv loop: how they are made, told apart and closed, whoever owns the loop. It never touches the loop itself.</summary>
/// <param name="library">The copy of libuv that made the loop.</param>
/// <param name="loop">The <c>uv_loop_t</c>.</param>
/// <param name="turns">Who is called.</param>
/// <param name="keepsLoopAlive">Whether what we watch and wait for counts as a reason for the loop to go on.</param>
internal sealed unsafe class UvHandles(UvLibrary library, nint loop, IUvTurns turns, bool keepsLoopAlive)
{
    // enum uv_handle_type, which only ever grows at its end.
    private const int AsyncType = 1;
    private const int CheckType = 2;
    private const int IdleType = 6;
    private const int PollType = 8;
    private const int TimerType = 13;

    private int _count;
    private Action? _emptied;

    /// <summary>How many handles libuv still knows.</summary>
    public int Count => _count;

    /// <summary>Watches a descriptor. There is exactly one handle for each, from here to <see cref="Close"/>.</summary>
    /// <exception cref="LoopFaultException">libuv refused: somebody else on this loop watches the descriptor, or it is no descriptor that can be waited for.</exception>
    public UvHandle Poll(Watch watch)
    {
        UvHandle handle = New(PollType, watch);
        Accept(handle, library.PollInit(loop, handle.Pointer, watch.Fd), "uv_poll_init", keepsLoopAlive);
        try
        {
            Start(handle);
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
    public void Start(UvHandle handle)
    {
        // libuv ends the process for a start of what is closed, or does not notice.
        if (library.IsClosing(handle.Pointer) != 0)
            throw ClosedByHost();

        int mask = UvEvents.MaskOf(handle.Watch!.Interest, handle.HasUrgentData);
        int result = mask == 0 ? library.PollStop(handle.Pointer) : library.PollStart(handle.Pointer, mask, &OnPoll);
        if (result < 0)
            throw Refused("uv_poll_start", result);
    }

    /// <summary>A handle that other threads can send.</summary>
    public UvHandle Async(bool isReferenced)
    {
        UvHandle handle = New(AsyncType);
        Accept(handle, library.AsyncInit(loop, handle.Pointer, &OnAsync), "uv_async_init", isReferenced);
        return handle;
    }

    /// <summary>A timer that is not started yet.</summary>
    public UvHandle Timer()
    {
        UvHandle handle = New(TimerType);
        Accept(handle, library.TimerInit(loop, handle.Pointer), "uv_timer_init", keepsLoopAlive);
        return handle;
    }

    /// <summary>Starts a timer, in time that begins now and not when the loop last looked at the clock.</summary>
    public void Start(UvHandle timer, long milliseconds)
    {
        library.UpdateTime(loop);
        _ = library.TimerStart(timer.Pointer, &OnTimer, (ulong)milliseconds, 0);
    }

    /// <summary>A handle that is told at the end of each iteration. It is no reason for a loop to go on.</summary>
    public UvHandle Check()
    {
        UvHandle handle = New(CheckType);
        Accept(handle, library.CheckInit(loop, handle.Pointer), "uv_check_init", isReferenced: false);
        _ = library.CheckStart(handle.Pointer, &OnCheck);
        return handle;
    }

    /// <summary>A handle that, while it is started, keeps the loop from sleeping.</summary>
    public UvHandle Idle()
    {
        UvHandle handle = New(IdleType);
        Accept(handle, library.IdleInit(loop, handle.Pointer), "uv_idle_init", keepsLoopAlive);
        return handle;
    }

    /// <summary>Starts or stops an idle handle.</summary>
    public void SetActive(UvHandle idle, bool isActive) =>
        _ = isActive ? library.IdleStart(idle.Pointer, &OnIdle) : library.IdleStop(idle.Pointer);

    /// <summary>
    /// Closes a handle: libuv calls nobody for it any more, and the kernel has forgotten its descriptor when this returns. The memory is given back when the loop has turned.
    /// </summary>
    public void Close(UvHandle handle)
    {
        // A host that walks over its loop and closes whatever it finds has taken this one with it. Closing it again would end the process, and
        // since the host gets the callback, nobody can tell when its memory is free: it is left alone.
        if (library.IsClosing(handle.Pointer) != 0)
        {
            _count--;
            turns.OnException(ClosedByHost());
            return;
        }

        library.Close(handle.Pointer, &OnClosed);
    }

    /// <summary>Has somebody told when libuv knows none of the handles any more, at once when that is so already.</summary>
    public void WhenEmpty(Action emptied)
    {
        if (_count == 0)
            emptied();
        else
            _emptied = emptied;
    }

    private static InvalidOperationException ClosedByHost() =>
        new("The host has closed a handle that was not its own; detach the loop before the host's ends.");

    private static LoopFaultException Refused(string call, int result) => new(call, (Errno)(-result));

    private UvHandle New(int type, Watch? watch = null) => new(this, library.HandleSize(type), watch);

    private void Accept(UvHandle handle, int result, string call, bool isReferenced)
    {
        if (result < 0)
        {
            handle.Free();
            throw Refused(call, result);
        }

        _count++;
        handle.Bind();
        if (!isReferenced)
            library.Unreference(handle.Pointer);
    }

    private void ServeReady(UvHandle handle, int status, int events)
    {
        Watch watch = handle.Watch!;
        bool isGrave = status != 0 || (events & UvEvents.Prioritized) != 0;
        PollEvents ready = isGrave ? FindTruth(handle, status) : UvEvents.ReadyOf(events);
        turns.OnReady(watch, ready);

        // libuv has stopped a handle that has an error; but whoever goes on watching is told in every turn. What is not open is watched no more when it has been told, which
        // may be later, and libuv would end the process if it were started again.
        if (status != 0 && watch.IsActive && (ready & PollEvents.Invalid) == PollEvents.None)
            Start(handle);
    }

    private PollEvents FindTruth(UvHandle handle, int status)
    {
        const PollEvents Grave = PollEvents.Error | PollEvents.HangUp | PollEvents.Invalid;

        Watch watch = handle.Watch!;
        PollEvents ready = UvEvents.Ask(watch.Fd, watch.Interest);
        if (status == 0 && (ready & Grave) == PollEvents.None)
        {
            // An urgent byte, which would be told in every turn until it is read: nobody may keep a loop busy with one.
            handle.HasUrgentData = true;
            Start(handle);
        }

        return ready;
    }

    private void ForgetClosed(UvHandle handle)
    {
        handle.Free();
        if (--_count > 0 || _emptied is null)
            return;

        Action emptied = _emptied;
        _emptied = null;
        emptied();
    }

    [UnmanagedCallersOnly(CallConvs = [typeof(CallConvCdecl)])]
    private static void OnPoll(nint pointer, int status, int events)
    {
        UvHandle handle = UvHandle.Of(pointer);
        try
        {
            handle.Owner.ServeReady(handle, status, events);
        }
        catch (Exception exception)
        {
            handle.Owner.Report(exception);
        }
    }

    [UnmanagedCallersOnly(CallConvs = [typeof(CallConvCdecl)])]
    private static void OnAsync(nint pointer) => UvHandle.Of(pointer).Owner.Call(static turns => turns.OnWake());

    [UnmanagedCallersOnly(CallConvs = [typeof(CallConvCdecl)])]
    private static void OnTimer(nint pointer) => UvHandle.Of(pointer).Owner.Call(static turns => turns.OnTimer());

    [UnmanagedCallersOnly(CallConvs = [typeof(CallConvCdecl)])]
    private static void OnCheck(nint pointer) => UvHandle.Of(pointer).Owner.Call(static turns => turns.OnCheck());

    [UnmanagedCallersOnly(CallConvs = [typeof(CallConvCdecl)])]
    private static void OnIdle(nint pointer)
    {
        // That it is started is all there is to it: the check handle of the same iteration does the work.
    }

    [UnmanagedCallersOnly(CallConvs = [typeof(CallConvCdecl)])]
    private static void OnClosed(nint pointer)
    {
        UvHandle handle = UvHandle.Of(pointer);
        try
        {
            handle.Owner.ForgetClosed(handle);
        }
        catch (Exception exception)
        {
            handle.Owner.Report(exception);
        }
    }

    private void Call(Action<IUvTurns> callback)
    {
        try
        {
            callback(turns);
        }
        catch (Exception exception)
        {
            Report(exception);
        }
    }

    private void Report(Exception exception) => turns.OnException(exception);
}
