using System.Runtime.CompilerServices;
using System.Runtime.InteropServices;

namespace EventLoops.LibEv;

/// <summary>
/// What ends the wait of a loop when no descriptor does: an <c>ev_async</c> that any thread may send, and an <c>ev_timer</c> for the next deadline. Neither does
/// work in its callback; the turn that follows finds out what there is to do.
/// </summary>
internal sealed unsafe class EvAlarm : IDisposable
{
    private readonly EvLoop _loop;
    private readonly Watchers* _watchers;
    private readonly GCHandle _self;

    /// <summary>Starts the <c>ev_async</c>.</summary>
    /// <exception cref="LoopFaultException">The process has no descriptor left. Nothing was started.</exception>
    public EvAlarm(EvLoop loop)
    {
        // libev opens a descriptor for the first one of its loop, and ends the process when it gets none.
        new WakeEvent().Dispose();
        _loop = loop;
        _self = GCHandle.Alloc(this);
        _watchers = (Watchers*)NativeMemory.AllocZeroed((nuint)sizeof(Watchers));
        _watchers->Wake.Watcher.Callback = (nint)(delegate* unmanaged[Cdecl]<nint, EvWatcher*, int, void>)&OnWake;
        _watchers->Timer.Watcher.Callback = (nint)(delegate* unmanaged[Cdecl]<nint, EvWatcher*, int, void>)&OnTimer;
        _watchers->Timer.Watcher.Data = GCHandle.ToIntPtr(_self);
        _loop.Ev.AsyncStart(_loop.Pointer, &_watchers->Wake);
        _loop.AfterPlumbingStart();
    }

    /// <summary>Whether the timer is set and has not gone off.</summary>
    public bool IsSet { get; private set; }

    /// <summary>Ends the wait, or the next one. Any thread; of libev's functions only this one may be called so.</summary>
    public void Wake() => _loop.Ev.AsyncSend(_loop.Pointer, &_watchers->Wake);

    /// <summary>Sets the timer, which goes off once.</summary>
    public void Set(int milliseconds)
    {
        Clear();

        // libev counts from the beginning of its iteration, which may be a long callback ago.
        _loop.Ev.NowUpdate(_loop.Pointer);
        _watchers->Timer.At = milliseconds / 1000.0;
        _loop.Ev.TimerStart(_loop.Pointer, &_watchers->Timer);
        _loop.AfterStart();
        IsSet = true;
    }

    /// <summary>Takes the timer back. Does nothing when it is not set.</summary>
    public void Clear()
    {
        if (!IsSet) return;

        IsSet = false;
        _loop.BeforeStop();
        _loop.Ev.TimerStop(_loop.Pointer, &_watchers->Timer);
    }

    public void Dispose()
    {
        Clear();
        _loop.BeforePlumbingStop();
        _loop.Ev.AsyncStop(_loop.Pointer, &_watchers->Wake);
        NativeMemory.Free(_watchers);
        _self.Free();
    }

    [UnmanagedCallersOnly(CallConvs = [typeof(CallConvCdecl)])]
    private static void OnWake(nint loop, EvWatcher* watcher, int events)
    {
    }

    [UnmanagedCallersOnly(CallConvs = [typeof(CallConvCdecl)])]
    private static void OnTimer(nint loop, EvWatcher* watcher, int events)
    {
        // libev has stopped it by itself.
        EvAlarm alarm = (EvAlarm)GCHandle.FromIntPtr(watcher->Data).Target!;
        alarm.IsSet = false;
        alarm._loop.BeforeStop();
    }

    private struct Watchers
    {
        public EvAsync Wake;
        public EvTimer Timer;
    }
}
