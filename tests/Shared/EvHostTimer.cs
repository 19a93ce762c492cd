using System.Runtime.CompilerServices;
using System.Runtime.InteropServices;

namespace EventLoops.Tests;

/// <summary>A timer that the owner of an <see cref="EvHost"/> has on it. Ends with the host.</summary>
internal sealed unsafe partial class EvHostTimer : ForeignTimer, IDisposable
{
    // struct ev_timer: the pointer of the user, the callback, and two times in seconds.
    private const int Size = 48;
    private const int Data = 16;
    private const int Callback = 24;
    private const int At = 32;
    private const int Repeat = 40;

    private readonly nint _loop;
    private readonly byte* _watcher;
    private GCHandle _self;

    public EvHostTimer(nint loop, Action? tick)
    {
        _loop = loop;
        Tick = tick;
        _self = GCHandle.Alloc(this);
        _watcher = (byte*)NativeMemory.AllocZeroed(Size);
        *(nint*)(_watcher + Data) = GCHandle.ToIntPtr(_self);
        *(nint*)(_watcher + Callback) = (nint)(delegate* unmanaged[Cdecl]<nint, byte*, int, void>)&OnTimer;
    }

    /// <inheritdoc/>
    public override void Start(int milliseconds, int repeat = 0)
    {
        Stop();
        *(double*)(_watcher + At) = milliseconds / 1000.0;
        *(double*)(_watcher + Repeat) = repeat / 1000.0;
        ev_timer_start(_loop, _watcher);
    }

    /// <inheritdoc/>
    public override void Stop() => ev_timer_stop(_loop, _watcher);

    /// <inheritdoc/>
    public void Dispose()
    {
        if (!_self.IsAllocated) return;

        Stop();
        _self.Free();
        NativeMemory.Free(_watcher);
    }

    [UnmanagedCallersOnly(CallConvs = [typeof(CallConvCdecl)])]
    private static void OnTimer(nint loop, byte* watcher, int events) =>
        ((EvHostTimer)GCHandle.FromIntPtr(*(nint*)(watcher + Data)).Target!).GoOff();

#pragma warning disable IDE1006 // the names of libev
    [LibraryImport("libev.so.4")]
    private static partial void ev_timer_start(nint loop, byte* watcher);

    [LibraryImport("libev.so.4")]
    private static partial void ev_timer_stop(nint loop, byte* watcher);
#pragma warning restore IDE1006
}
