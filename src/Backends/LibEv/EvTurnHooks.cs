using System.Runtime.CompilerServices;
using System.Runtime.InteropServices;

namespace EventLoops.LibEv;

/// <summary>Who is told where an iteration of the host's loop stands. No member may throw.</summary>
internal interface IEvGuest
{
    /// <summary>The loop is about to wait; everybody else has been told already.</summary>
    void OnBeforeWait();

    /// <summary>The wait is over, and everybody else has been told of their events.</summary>
    void OnAfterEvents();

    /// <summary>The host is destroying its loop, on which everything can still be stopped.</summary>
    void OnLoopDestroyed();
}

/// <summary>
/// A guest's place in the iterations of somebody else's loop: an <c>ev_prepare</c> and an <c>ev_check</c>. Both have the lowest priority, so that they come last, after
/// the host's own and after the events of the batch; an <c>ev_idle</c>, whose being there keeps the loop from waiting; and an <c>ev_cleanup</c>, by which a host that
/// destroys its loop too early is found out while there is still time.
/// </summary>
internal sealed unsafe class EvTurnHooks : IDisposable
{
    private readonly EvLoop _loop;
    private readonly IEvGuest _guest;
    private readonly Watchers* _watchers;
    private readonly GCHandle _self;
    private bool _isIdle;

    public EvTurnHooks(EvLoop loop, IEvGuest guest)
    {
        _loop = loop;
        _guest = guest;
        _self = GCHandle.Alloc(this);
        _watchers = (Watchers*)NativeMemory.AllocZeroed((nuint)sizeof(Watchers));
        Fill(&_watchers->Prepare, &OnPrepare);
        Fill(&_watchers->Check, &OnCheck);
        Fill(&_watchers->Idle, &OnIdle);
        Fill(&_watchers->Cleanup, &OnCleanup);
        _loop.Ev.PrepareStart(_loop.Pointer, &_watchers->Prepare);
        _loop.AfterPlumbingStart();
        _loop.Ev.CheckStart(_loop.Pointer, &_watchers->Check);
        _loop.AfterPlumbingStart();

        // The one kind of watcher that libev itself never counts as a reason to go on.
        _loop.Ev.CleanupStart(_loop.Pointer, &_watchers->Cleanup);
    }

    /// <summary>Keeps the loop from waiting, or lets it wait again.</summary>
    public void SetIdle(bool isIdle)
    {
        if (_isIdle == isIdle) return;

        _isIdle = isIdle;
        if (isIdle)
        {
            _loop.Ev.IdleStart(_loop.Pointer, &_watchers->Idle);
            _loop.AfterStart();
            return;
        }

        _loop.BeforeStop();
        _loop.Ev.IdleStop(_loop.Pointer, &_watchers->Idle);
    }

    public void Dispose()
    {
        SetIdle(false);
        _loop.Ev.CleanupStop(_loop.Pointer, &_watchers->Cleanup);
        _loop.BeforePlumbingStop();
        _loop.Ev.CheckStop(_loop.Pointer, &_watchers->Check);
        _loop.BeforePlumbingStop();
        _loop.Ev.PrepareStop(_loop.Pointer, &_watchers->Prepare);

        // libev has done with a watcher when it calls it, so that this is right inside its callback too.
        NativeMemory.Free(_watchers);
        _self.Free();
    }

    private static EvTurnHooks From(EvWatcher* watcher) => (EvTurnHooks)GCHandle.FromIntPtr(watcher->Data).Target!;

    [UnmanagedCallersOnly(CallConvs = [typeof(CallConvCdecl)])]
    private static void OnPrepare(nint loop, EvWatcher* watcher, int events) => From(watcher)._guest.OnBeforeWait();

    [UnmanagedCallersOnly(CallConvs = [typeof(CallConvCdecl)])]
    private static void OnCheck(nint loop, EvWatcher* watcher, int events) => From(watcher)._guest.OnAfterEvents();

    [UnmanagedCallersOnly(CallConvs = [typeof(CallConvCdecl)])]
    private static void OnCleanup(nint loop, EvWatcher* watcher, int events) => From(watcher)._guest.OnLoopDestroyed();

    [UnmanagedCallersOnly(CallConvs = [typeof(CallConvCdecl)])]
    private static void OnIdle(nint loop, EvWatcher* watcher, int events)
    {
    }

    private void Fill(EvWatcher* watcher, delegate* unmanaged[Cdecl]<nint, EvWatcher*, int, void> callback)
    {
        watcher->Callback = (nint)callback;
        watcher->Data = GCHandle.ToIntPtr(_self);
        watcher->Priority = Ev.LowestPriority;
    }

    private struct Watchers
    {
        public EvWatcher Prepare;
        public EvWatcher Check;
        public EvWatcher Idle;
        public EvWatcher Cleanup;
    }
}
