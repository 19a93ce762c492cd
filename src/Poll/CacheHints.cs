using System.Runtime.CompilerServices;
using System.Runtime.Intrinsics.X86;

namespace EventLoops;

/// <summary>
/// Tells the processor which objects will be needed in a moment, so that their memory is on its way while something else is done. With a thousand connections nothing of the
/// next one is in its caches any more. A hint has no effect but time; where the processor has no instruction for it that .NET offers, there is none.
/// </summary>
internal static unsafe class CacheHints
{
    private const int LineSize = 64;

    /// <summary>Has the first <paramref name="size"/> bytes of an object brought near. A collection that moves it meanwhile only makes the hint useless.</summary>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static void Fetch(object target, int size)
    {
        if (!Sse.IsSupported) return;

        byte* start = *(byte**)Unsafe.AsPointer(ref target);
        for (int offset = 0; offset < size; offset += LineSize) Sse.Prefetch0(start + offset);
    }
}
