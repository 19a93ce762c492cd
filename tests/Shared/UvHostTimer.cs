using System.Runtime.CompilerServices;
using System.Runtime.InteropServices;

namespace EventLoops.Tests;

/// <summary>A timer that the owner of a <see cref="UvHost"/> has on it. Ends with the host.</summary>
internal sealed unsafe partial class UvHostTimer : ForeignTimer
{
    public const int PollType = 8;

    private const int TimerType = 13;

    private readonly nint _handle;
    private GCHandle _self;

    public UvHostTimer(nint loop, Action? tick)
    {
        Tick = tick;
        _handle = (nint)NativeMemory.AllocZeroed(UvHost.uv_handle_size(TimerType));
        UvHost.Require(uv_timer_init(loop, _handle), nameof(uv_timer_init));
        _self = GCHandle.Alloc(this);
        *(nint*)_handle = GCHandle.ToIntPtr(_self);
    }

    /// <inheritdoc/>
    public override void Start(int milliseconds, int repeat = 0) =>
        UvHost.Require(uv_timer_start(_handle, &OnTick, (ulong)milliseconds, (ulong)repeat), nameof(uv_timer_start));

    /// <inheritdoc/>
    public override void Stop() => UvHost.Require(uv_timer_stop(_handle), nameof(uv_timer_stop));

    public void Close() => UvHost.uv_close(_handle, &OnClosed);

    [UnmanagedCallersOnly(CallConvs = [typeof(CallConvCdecl)])]
    private static void OnTick(nint handle) => Of(handle).GoOff();

    [UnmanagedCallersOnly(CallConvs = [typeof(CallConvCdecl)])]
    private static void OnClosed(nint handle)
    {
        Of(handle)._self.Free();
        NativeMemory.Free((void*)handle);
    }

    private static UvHostTimer Of(nint handle) => (UvHostTimer)GCHandle.FromIntPtr(*(nint*)handle).Target!;

#pragma warning disable IDE1006 // the names of libuv
    [LibraryImport("libuv.so.1")]
    private static partial int uv_timer_init(nint loop, nint timer);

    [LibraryImport("libuv.so.1")]
    private static partial int uv_timer_start(nint timer, delegate* unmanaged[Cdecl]<nint, void> tick, ulong milliseconds, ulong repeat);

    [LibraryImport("libuv.so.1")]
    private static partial int uv_timer_stop(nint timer);
#pragma warning restore IDE1006
}
