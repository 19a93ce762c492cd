using System.Runtime.CompilerServices;
using System.Runtime.InteropServices;

namespace EventLoops.LibUv;

/// <summary>
/// One native handle of ours: its memory, and the way from it back to us. libuv keeps both until its loop has turned once more after <c>uv_close</c>, so nothing
/// is freed before the close callback. What <c>data</c> leads to is this class, which nobody can dispose: there are hosts that walk over all handles of
/// their loop and dispose what they find there.
/// </summary>
internal sealed unsafe class UvHandle
{
    private GCHandle _self;

    /// <summary>Takes memory for a handle that an init function is about to fill.</summary>
    public UvHandle(UvHandles owner, nuint size, Watch? watch)
    {
        Owner = owner;
        Watch = watch;
        Pointer = (nint)NativeMemory.AllocZeroed(size);
    }

    public UvHandles Owner { get; }

    /// <summary>What is watched by it; null for the plumbing.</summary>
    public Watch? Watch { get; }

    public nint Pointer { get; private set; }

    /// <summary>Whether the peer has sent an urgent byte, which is all that <c>UV_PRIORITIZED</c> says from then on; see <see cref="UvEvents"/>.</summary>
    public bool HasUrgentData { get; set; }

    /// <summary>From what libuv hands to a callback. <c>data</c> is the first field of every handle, by the library's own promise.</summary>
    public static UvHandle Of(nint pointer) => Unsafe.As<UvHandle>(GCHandle.FromIntPtr(*(nint*)pointer).Target!);

    /// <summary>Makes the way back, when the init function has accepted the memory.</summary>
    public void Bind()
    {
        _self = GCHandle.Alloc(this);
        *(nint*)Pointer = GCHandle.ToIntPtr(_self);
    }

    /// <summary>Gives everything back: the close callback has come, or the init function refused the memory.</summary>
    public void Free()
    {
        if (_self.IsAllocated)
            _self.Free();
        NativeMemory.Free((void*)Pointer);
        Pointer = 0;
    }
}
