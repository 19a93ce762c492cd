using System.Runtime.CompilerServices;
using System.Runtime.InteropServices;

namespace EventLoops.Tests.StandIns;

/// <summary>The functions of libuv that the stand-ins use.</summary>
internal static unsafe partial class UvCalls
{
    private const string Library = "libuv.so.1";

#pragma warning disable IDE1006 // the names of libuv
    [LibraryImport(Library)]
    public static partial nuint uv_loop_size();

    [LibraryImport(Library)]
    public static partial int uv_loop_init(nint loop);

    [LibraryImport(Library)]
    public static partial int uv_loop_close(nint loop);

    [LibraryImport(Library)]
    public static partial int uv_run(nint loop, int mode);

    [LibraryImport(Library)]
    public static partial void uv_stop(nint loop);

    [LibraryImport(Library)]
    public static partial void uv_walk(nint loop, delegate* unmanaged[Cdecl]<nint, nint, void> visit, nint argument);

    [LibraryImport(Library)]
    public static partial nuint uv_handle_size(int type);

    [LibraryImport(Library)]
    public static partial void uv_close(nint handle, delegate* unmanaged[Cdecl]<nint, void> closed);

    [LibraryImport(Library)]
    public static partial int uv_timer_init(nint loop, nint timer);

    [LibraryImport(Library)]
    public static partial int uv_timer_start(nint timer, delegate* unmanaged[Cdecl]<nint, void> tick, ulong timeout, ulong repeat);

    [LibraryImport(Library)]
    public static partial int uv_timer_stop(nint timer);

    [LibraryImport(Library)]
    public static partial int uv_poll_init(nint loop, nint poll, int fd);

    [LibraryImport(Library)]
    public static partial int uv_poll_start(nint poll, int events, delegate* unmanaged[Cdecl]<nint, int, int, void> ready);

    [LibraryImport(Library)]
    public static partial int uv_poll_stop(nint poll);

    [LibraryImport(Library)]
    public static partial int uv_async_init(nint loop, nint async, delegate* unmanaged[Cdecl]<nint, void> sent);

    [LibraryImport(Library)]
    public static partial int uv_async_send(nint async);
#pragma warning restore IDE1006

    public static nint NewLoop()
    {
        nint loop = (nint)NativeMemory.AllocZeroed(uv_loop_size());
        Check(uv_loop_init(loop));
        return loop;
    }

    public static void Check(int result)
    {
        if (result < 0) throw new InvalidOperationException($"libuv: {result}");
    }
}

/// <summary>A native handle and the way from it to the object that owns it.</summary>
internal sealed unsafe class UvNative
{
    private readonly nint _pointer;
    private GCHandle _owner;
    private Action? _onClosed;

    public UvNative(int type, object owner)
    {
        _pointer = (nint)NativeMemory.AllocZeroed(UvCalls.uv_handle_size(type));
        _owner = GCHandle.Alloc(owner);
        *(nint*)_pointer = GCHandle.ToIntPtr(_owner);
    }

    /// <summary>The handle, for as long as it is not closed: to start one that is closed is refused by an exception, as the bindings do.</summary>
    public nint Pointer => IsClosing ? throw new ObjectDisposedException("handle") : _pointer;

    public bool IsClosing { get; private set; }

    public static object? OwnerOf(nint pointer) => GCHandle.FromIntPtr(*(nint*)pointer).Target;

    public void Close(Action? onClosed = null)
    {
        if (IsClosing) return;

        IsClosing = true;
        _onClosed = onClosed;
        UvCalls.uv_close(_pointer, &OnClosed);
    }

    [UnmanagedCallersOnly(CallConvs = [typeof(CallConvCdecl)])]
    private static void OnClosed(nint pointer)
    {
        UvNative native = ((INativeOwner)OwnerOf(pointer)!).Native;
        native._owner.Free();
        NativeMemory.Free((void*)pointer);
        native._onClosed?.Invoke();
    }
}

/// <summary>Who owns a native handle.</summary>
internal interface INativeOwner
{
    UvNative Native { get; }
}
