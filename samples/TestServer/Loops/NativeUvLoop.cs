using System.Runtime.CompilerServices;
using System.Runtime.InteropServices;
using EventLoops;
using EventLoops.LibUv;

namespace TestServer.Loops;

/// <summary>A <c>uv_loop_t</c> with a timer, made and run by P/Invokes of this program: any other binding of libuv would do as well.</summary>
internal sealed unsafe partial class NativeUvLoop : INativeLoop
{
    private const int TimerType = 13;
    private const int RunDefault = 0;

    private readonly nint _loop;
    private readonly nint _timer;
    private GCHandle _self;
    private Action? _tick;

    public NativeUvLoop()
    {
        _loop = (nint)NativeMemory.AllocZeroed(uv_loop_size());
        Check(uv_loop_init(_loop));
        _timer = (nint)NativeMemory.AllocZeroed(uv_handle_size(TimerType));
        Check(uv_timer_init(_loop, _timer));

        // The first field of a handle belongs to whoever made it.
        _self = GCHandle.Alloc(this);
        *(nint*)_timer = GCHandle.ToIntPtr(_self);
    }

    public void StartTicking(TimeSpan interval, Action tick)
    {
        _tick = tick;
        ulong milliseconds = (ulong)interval.TotalMilliseconds;
        Check(uv_timer_start(_timer, &OnTick, milliseconds, milliseconds));
    }

    public void StopTicking() => Check(uv_timer_stop(_timer));

    public void Run() => _ = uv_run(_loop, RunDefault);

    public HostedEventLoop Attach() => HostedLibUvLoop.Attach(_loop);

    public void Dispose()
    {
        // libuv lets go of a handle, and of its memory, when the loop has turned once more. That it can be closed then shows that the guest has left nothing.
        uv_close(_timer, null);
        _ = uv_run(_loop, RunDefault);
        Check(uv_loop_close(_loop));
        _self.Free();
        NativeMemory.Free((void*)_timer);
        NativeMemory.Free((void*)_loop);
    }

    [UnmanagedCallersOnly(CallConvs = [typeof(CallConvCdecl)])]
    private static void OnTick(nint timer) => ((NativeUvLoop)GCHandle.FromIntPtr(*(nint*)timer).Target!)._tick!();

    private static void Check(int result)
    {
        if (result < 0)
            throw new InvalidOperationException($"libuv: {Marshal.PtrToStringUTF8(uv_strerror(result))}");
    }

#pragma warning disable IDE1006 // the names of libuv
    [LibraryImport("libuv.so.1")]
    private static partial nint uv_strerror(int error);

    [LibraryImport("libuv.so.1")]
    private static partial nuint uv_loop_size();

    [LibraryImport("libuv.so.1")]
    private static partial int uv_loop_init(nint loop);

    [LibraryImport("libuv.so.1")]
    private static partial int uv_loop_close(nint loop);

    [LibraryImport("libuv.so.1")]
    private static partial int uv_run(nint loop, int mode);

    [LibraryImport("libuv.so.1")]
    private static partial nuint uv_handle_size(int type);

    [LibraryImport("libuv.so.1")]
    private static partial void uv_close(nint handle, delegate* unmanaged[Cdecl]<nint, void> closed);

    [LibraryImport("libuv.so.1")]
    private static partial int uv_timer_init(nint loop, nint timer);

    [LibraryImport("libuv.so.1")]
    private static partial int uv_timer_start(nint timer, delegate* unmanaged[Cdecl]<nint, void> tick, ulong milliseconds, ulong repeat);

    [LibraryImport("libuv.so.1")]
    private static partial int uv_timer_stop(nint timer);
#pragma warning restore IDE1006
}
