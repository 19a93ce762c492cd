using System.Runtime.CompilerServices;
using System.Runtime.InteropServices;
using EventLoops;
using EventLoops.LibEv;

namespace TestServer.Loops;

/// <summary>A <c>struct ev_loop</c> with a timer, made and run by P/Invokes of this program: any other binding of libev would do as well.</summary>
internal sealed unsafe partial class NativeEvLoop : INativeLoop
{
    private const int RunDefault = 0;

    private readonly nint _loop;
    private readonly TimerWatcher* _timer;
    private GCHandle _self;
    private Action? _tick;

    public NativeEvLoop()
    {
        _loop = ev_loop_new(flags: 0);
        if (_loop == 0)
            throw new InvalidOperationException("libev: ev_loop_new gave no loop.");

        _self = GCHandle.Alloc(this);
        _timer = (TimerWatcher*)NativeMemory.AllocZeroed((nuint)sizeof(TimerWatcher));
        _timer->Data = GCHandle.ToIntPtr(_self);
        _timer->Callback = &OnTick;
    }

    public void StartTicking(TimeSpan interval, Action tick)
    {
        _tick = tick;
        _timer->At = _timer->Repeat = interval.TotalSeconds;
        ev_timer_start(_loop, _timer);
    }

    public void StopTicking() => ev_timer_stop(_loop, _timer);

    public void Run() => _ = ev_run(_loop, RunDefault);

    public HostedEventLoop Attach() => HostedLibEvLoop.Attach(_loop);

    public void Dispose()
    {
        StopTicking();
        ev_loop_destroy(_loop);
        _self.Free();
        NativeMemory.Free(_timer);
    }

    [UnmanagedCallersOnly(CallConvs = [typeof(CallConvCdecl)])]
    private static void OnTick(nint loop, TimerWatcher* timer, int events) => ((NativeEvLoop)GCHandle.FromIntPtr(timer->Data).Target!)._tick!();

    /// <summary><c>struct ev_timer</c>, which a program in C fills in by libev's macros.</summary>
    [StructLayout(LayoutKind.Sequential)]
    private struct TimerWatcher
    {
        public int Active;
        public int Pending;
        public int Priority;
        public nint Data;
        public delegate* unmanaged[Cdecl]<nint, TimerWatcher*, int, void> Callback;
        public double At;
        public double Repeat;
    }

#pragma warning disable IDE1006 // the names of libev
    [LibraryImport("libev.so.4")]
    private static partial nint ev_loop_new(uint flags);

    [LibraryImport("libev.so.4")]
    private static partial void ev_loop_destroy(nint loop);

    [LibraryImport("libev.so.4")]
    private static partial int ev_run(nint loop, int flags);

    [LibraryImport("libev.so.4")]
    private static partial void ev_timer_start(nint loop, TimerWatcher* timer);

    [LibraryImport("libev.so.4")]
    private static partial void ev_timer_stop(nint loop, TimerWatcher* timer);
#pragma warning restore IDE1006
}
