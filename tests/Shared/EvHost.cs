using System.Runtime.CompilerServices;
using System.Runtime.InteropServices;
using EventLoops.LibEv;

namespace EventLoops.Tests;

/// <summary>
/// Somebody else's libev loop. When it is disposed nothing may keep it alive or be pending.
/// </summary>
public sealed unsafe partial class EvHost : ForeignHost
{
    // The flags of ev_run.
    private const int RunDefault = 0;
    private const int RunNoWait = 1;
    private const int RunOnce = 2;

    // struct ev_watcher, which is all that an ev_check has: priority, the pointer of the user, the callback.
    private const int WatcherSize = 32;
    private const int Priority = 8;
    private const int Data = 16;
    private const int Callback = 24;
    private const int HighestPriority = 2;

    // A guest's own ev_check, which every iteration makes pending.
    private const int AlwaysPending = 1;

    private readonly List<EvHostTimer> _timers = [];
    private readonly byte* _check;
    private GCHandle _self;
    private int _lastEvents;
    private bool _isDestroyed;

    static EvHost() => Library = NativeLibrary.Load("libev.so.4");

    /// <summary>Makes a loop.</summary>
    public EvHost()
    {
        Loop = ev_loop_new(0);
        if (Loop == 0) throw new InvalidOperationException("ev_loop_new gave no loop.");

        _self = GCHandle.Alloc(this);
        _check = (byte*)NativeMemory.AllocZeroed(WatcherSize);
        *(int*)(_check + Priority) = HighestPriority;
        *(nint*)(_check + Data) = GCHandle.ToIntPtr(_self);
        *(nint*)(_check + Callback) = (nint)(delegate* unmanaged[Cdecl]<nint, byte*, int, void>)&OnCheck;
        ev_check_start(Loop, _check);
        ev_unref(Loop);
    }

    /// <summary>The library that the host runs on, as <c>dlopen</c> returns it.</summary>
    public static nint Library { get; }

    /// <summary>The <c>struct ev_loop *</c>.</summary>
    public override nint Loop { get; }

    /// <summary>How many watchers wait for their callback.</summary>
    public int PendingCount => ev_pending_count(Loop);

    /// <inheritdoc/>
    public override bool IsAlive => Run(HostRun.NoWait);

    /// <inheritdoc/>
    public override string Inventory => $"{PendingCount} watchers pending";

    /// <summary>libev takes a watcher out at once.</summary>
    public override bool LetsGoAtOnce => true;

    /// <inheritdoc/>
    public override bool HasReported => _lastEvents > AlwaysPending;

    /// <inheritdoc/>
    public override HostedEventLoop Attach(EventLoopOptions? options = null, bool keepsLoopAlive = true, nint library = 0) =>
        HostedLibEvLoop.Attach(Loop, library == 0 ? Library : library, options, keepsLoopAlive);

    /// <inheritdoc/>
    public override bool Run(HostRun mode) => ev_run(Loop, mode switch { HostRun.Once => RunOnce, HostRun.NoWait => RunNoWait, _ => RunDefault }) != 0;

    /// <inheritdoc/>
    public override void Stop() => ev_break(Loop, 1);

    /// <inheritdoc/>
    public override ForeignTimer NewTimer(Action? tick = null)
    {
        EvHostTimer timer = new(Loop, tick);
        _timers.Add(timer);
        return timer;
    }

    /// <summary>Destroys the loop without looking who is on it.</summary>
    public void Destroy()
    {
        TakeOwnWatchersOff();
        ev_loop_destroy(Loop);
    }

    /// <summary>Destroys the loop, and throws when somebody else has left a watcher on it.</summary>
    public override void Dispose()
    {
        if (_isDestroyed) return;

        TakeOwnWatchersOff();
        bool isAlive = IsAlive;
        int pending = PendingCount;
        ev_loop_destroy(Loop);
        if (isAlive || pending > 0) throw new InvalidOperationException($"Somebody has left watchers on the loop; {pending} of them are pending.");
    }

    private void TakeOwnWatchersOff()
    {
        _isDestroyed = true;
        foreach (EvHostTimer timer in _timers) timer.Dispose();
        _timers.Clear();
        ev_ref(Loop);
        ev_check_stop(Loop, _check);
        NativeMemory.Free(_check);
        _self.Free();
    }

    /// <summary>Comes before every other callback of the iteration.</summary>
    [UnmanagedCallersOnly(CallConvs = [typeof(CallConvCdecl)])]
    private static void OnCheck(nint loop, byte* watcher, int events) =>
        ((EvHost)GCHandle.FromIntPtr(*(nint*)(watcher + Data)).Target!)._lastEvents = ev_pending_count(loop);

#pragma warning disable IDE1006 // the names of libev
    [LibraryImport("libev.so.4")]
    private static partial nint ev_loop_new(uint flags);

    [LibraryImport("libev.so.4")]
    private static partial void ev_loop_destroy(nint loop);

    [LibraryImport("libev.so.4")]
    private static partial int ev_run(nint loop, int flags);

    [LibraryImport("libev.so.4")]
    private static partial void ev_break(nint loop, int how);

    [LibraryImport("libev.so.4")]
    private static partial int ev_pending_count(nint loop);

    [LibraryImport("libev.so.4")]
    private static partial void ev_ref(nint loop);

    [LibraryImport("libev.so.4")]
    private static partial void ev_unref(nint loop);

    [LibraryImport("libev.so.4")]
    private static partial void ev_check_start(nint loop, byte* watcher);

    [LibraryImport("libev.so.4")]
    private static partial void ev_check_stop(nint loop, byte* watcher);
#pragma warning restore IDE1006
}
