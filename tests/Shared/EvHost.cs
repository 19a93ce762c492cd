using System.Runtime.CompilerServices;
using System.Runtime.InteropServices;

namespace EventLoops.Tests;

/// <summary>The modes of <c>ev_run</c>.</summary>
public enum EvRunMode
{
    /// <summary>Until nothing is left that keeps the loop alive.</summary>
    Default = 0,

    /// <summary>One iteration, which does not sleep.</summary>
    NoWait = 1,

    /// <summary>One iteration, which may sleep.</summary>
    Once = 2,
}

/// <summary>
/// Somebody else's libev loop: made, run and destroyed by P/Invokes of the tests, so that nothing of the library under test has a hand in it. When it is disposed
/// it must be as it was made, or that throws.
/// </summary>
public sealed unsafe partial class EvHost : IDisposable
{
    // struct ev_watcher, which is all that an ev_check has: priority, the pointer of the user, the callback.
    private const int WatcherSize = 32;
    private const int Priority = 8;
    private const int Data = 16;
    private const int Callback = 24;
    private const int HighestPriority = 2;

    private readonly List<EvHostTimer> _timers = [];
    private readonly byte* _check;
    private GCHandle _self;

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
    public nint Loop { get; }

    /// <summary>How many watchers wait for their callback.</summary>
    public int PendingCount => ev_pending_count(Loop);

    /// <summary>How many watchers the last wait has made pending, not counting this host's own.</summary>
    public int LastEvents { get; private set; }

    /// <summary>Whether anything keeps the loop going: otherwise a run ends after its first iteration, whatever its mode.</summary>
    public bool IsAlive => Run(EvRunMode.NoWait);

    /// <summary>Runs the loop. Returns whether something still keeps it alive.</summary>
    public bool Run(EvRunMode mode) => ev_run(Loop, (int)mode) != 0;

    /// <summary>Runs iterations until a condition holds.</summary>
    public void RunUntil(Func<bool> condition, [CallerArgumentExpression(nameof(condition))] string what = "")
    {
        Deadline deadline = new();
        while (!condition())
        {
            Run(EvRunMode.NoWait);
            try
            {
                deadline.Check();
            }
            catch (TimeoutException late)
            {
                throw new TimeoutException($"This did not come true: {what}", late);
            }
        }
    }

    /// <summary>Ends the innermost run after its iteration.</summary>
    public void Break() => ev_break(Loop, 1);

    /// <summary>A timer of the host's own, not started.</summary>
    public EvHostTimer NewTimer(Action? tick = null)
    {
        EvHostTimer timer = new(Loop, tick ?? (static () => { }));
        _timers.Add(timer);
        return timer;
    }

    /// <summary>Destroys the loop, and throws when somebody else has left a watcher on it.</summary>
    public void Dispose()
    {
        foreach (EvHostTimer timer in _timers) timer.Dispose();
        _timers.Clear();
        ev_ref(Loop);
        ev_check_stop(Loop, _check);
        NativeMemory.Free(_check);
        _self.Free();
        bool isAlive = IsAlive;
        int pending = PendingCount;
        ev_loop_destroy(Loop);
        if (isAlive || pending > 0) throw new InvalidOperationException($"Somebody has left watchers on the loop; {pending} of them are pending.");
    }

    /// <summary>Comes before every other callback of the iteration.</summary>
    [UnmanagedCallersOnly(CallConvs = [typeof(CallConvCdecl)])]
    private static void OnCheck(nint loop, byte* watcher, int events) =>
        ((EvHost)GCHandle.FromIntPtr(*(nint*)(watcher + Data)).Target!).LastEvents = ev_pending_count(loop);

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

/// <summary>A timer that belongs to the host.</summary>
public sealed unsafe partial class EvHostTimer : IDisposable
{
    // struct ev_timer: the pointer of the user, the callback, and two times in seconds.
    private const int Size = 48;
    private const int Data = 16;
    private const int Callback = 24;
    private const int At = 32;
    private const int Repeat = 40;

    private readonly nint _loop;
    private readonly byte* _watcher;
    private readonly Action _tick;
    private GCHandle _self;

    internal EvHostTimer(nint loop, Action tick)
    {
        _loop = loop;
        _tick = tick;
        _self = GCHandle.Alloc(this);
        _watcher = (byte*)NativeMemory.AllocZeroed(Size);
        *(nint*)(_watcher + Data) = GCHandle.ToIntPtr(_self);
        *(nint*)(_watcher + Callback) = (nint)(delegate* unmanaged[Cdecl]<nint, byte*, int, void>)&OnTimer;
    }

    /// <summary>How often it has gone off.</summary>
    public int Ticks { get; private set; }

    /// <summary>Starts it, or starts it anew.</summary>
    public void Start(double milliseconds, double repeat = 0)
    {
        Stop();
        *(double*)(_watcher + At) = milliseconds / 1000;
        *(double*)(_watcher + Repeat) = repeat / 1000;
        ev_timer_start(_loop, _watcher);
    }

    /// <summary>Stops it.</summary>
    public void Stop() => ev_timer_stop(_loop, _watcher);

    /// <inheritdoc/>
    public void Dispose()
    {
        if (!_self.IsAllocated) return;

        Stop();
        _self.Free();
        NativeMemory.Free(_watcher);
    }

    [UnmanagedCallersOnly(CallConvs = [typeof(CallConvCdecl)])]
    private static void OnTimer(nint loop, byte* watcher, int events)
    {
        EvHostTimer timer = (EvHostTimer)GCHandle.FromIntPtr(*(nint*)(watcher + Data)).Target!;
        timer.Ticks++;
        timer._tick();
    }

#pragma warning disable IDE1006 // the names of libev
    [LibraryImport("libev.so.4")]
    private static partial void ev_timer_start(nint loop, byte* watcher);

    [LibraryImport("libev.so.4")]
    private static partial void ev_timer_stop(nint loop, byte* watcher);
#pragma warning restore IDE1006
}
