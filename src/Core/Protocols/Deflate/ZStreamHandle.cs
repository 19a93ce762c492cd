using System.Runtime.InteropServices;

namespace EventLoops.Protocols.Deflate;

/// <summary>Owns a <see cref="ZStream"/>: one that was kept for later and forgotten with its thread is freed as well.</summary>
internal sealed unsafe class ZStreamHandle : SafeHandle
{
    private readonly delegate* unmanaged[Cdecl]<ZStream*, int> _end;

    public ZStreamHandle(ZStream* stream, delegate* unmanaged[Cdecl]<ZStream*, int> end)
        : base(invalidHandleValue: 0, ownsHandle: true)
    {
        _end = end;
        SetHandle((nint)stream);
    }

    public override bool IsInvalid => handle == 0;

    /// <summary>The stream. Whoever asks keeps this object alive while it uses the answer.</summary>
    public ZStream* Stream => (ZStream*)handle;

    protected override bool ReleaseHandle()
    {
        _ = _end(Stream);
        NativeMemory.Free(Stream);
        return true;
    }
}
