using System.Runtime.InteropServices;

namespace EventLoops.Protocols.Deflate;

/// <summary>
/// The system's zlib, found at run time: the one compressor that every Linux has and that takes a window size, a memory level and a reset. Its functions are bound one
/// by one, so that nothing is needed to build.
/// </summary>
internal sealed unsafe class ZlibLibrary
{
    /// <summary>Z_SYNC_FLUSH: brings out all that was given in, up to a byte boundary.</summary>
    public const int SyncFlush = 2;

    public const int Ok = 0;
    public const int StreamEnd = 1;
    public const int BufferError = -5;

    private const int Deflated = 8;

    private static readonly string[] Names = ["libz.so.1", "libz.so"];
    private static readonly Lazy<ZlibLibrary?> Loaded = new(Load);

    private readonly delegate* unmanaged[Cdecl]<ZStream*, int, int, int, int, int, byte*, int, int> _deflateInit;
    private readonly delegate* unmanaged[Cdecl]<ZStream*, int, byte*, int, int> _inflateInit;
    private readonly byte* _version;

    private ZlibLibrary(nint library)
    {
        _version = ((delegate* unmanaged[Cdecl]<byte*>)NativeLibrary.GetExport(library, "zlibVersion"))();
        _deflateInit = (delegate* unmanaged[Cdecl]<ZStream*, int, int, int, int, int, byte*, int, int>)NativeLibrary.GetExport(library, "deflateInit2_");
        Deflate = (delegate* unmanaged[Cdecl]<ZStream*, int, int>)NativeLibrary.GetExport(library, "deflate");
        DeflateReset = (delegate* unmanaged[Cdecl]<ZStream*, int>)NativeLibrary.GetExport(library, "deflateReset");
        DeflateEnd = (delegate* unmanaged[Cdecl]<ZStream*, int>)NativeLibrary.GetExport(library, "deflateEnd");
        _inflateInit = (delegate* unmanaged[Cdecl]<ZStream*, int, byte*, int, int>)NativeLibrary.GetExport(library, "inflateInit2_");
        Inflate = (delegate* unmanaged[Cdecl]<ZStream*, int, int>)NativeLibrary.GetExport(library, "inflate");
        InflateReset = (delegate* unmanaged[Cdecl]<ZStream*, int>)NativeLibrary.GetExport(library, "inflateReset");
        InflateEnd = (delegate* unmanaged[Cdecl]<ZStream*, int>)NativeLibrary.GetExport(library, "inflateEnd");
    }

    /// <summary>The library, or null where there is none.</summary>
    public static ZlibLibrary? Instance => Loaded.Value;

    public delegate* unmanaged[Cdecl]<ZStream*, int, int> Deflate { get; }

    public delegate* unmanaged[Cdecl]<ZStream*, int> DeflateReset { get; }

    public delegate* unmanaged[Cdecl]<ZStream*, int> DeflateEnd { get; }

    public delegate* unmanaged[Cdecl]<ZStream*, int, int> Inflate { get; }

    public delegate* unmanaged[Cdecl]<ZStream*, int> InflateReset { get; }

    public delegate* unmanaged[Cdecl]<ZStream*, int> InflateEnd { get; }

    /// <summary>A compressor for raw DEFLATE data, which zlib asks for with a negative window size.</summary>
    public ZStream* NewDeflate(int windowBits, int level, int memoryLevel)
    {
        ZStream* stream = NewStream();
        return Checked(stream, "deflateInit2", _deflateInit(stream, level, Deflated, -windowBits, memoryLevel, 0, _version, sizeof(ZStream)));
    }

    /// <summary>A decompressor for raw DEFLATE data.</summary>
    public ZStream* NewInflate(int windowBits)
    {
        ZStream* stream = NewStream();
        return Checked(stream, "inflateInit2", _inflateInit(stream, -windowBits, _version, sizeof(ZStream)));
    }

    private static ZlibLibrary? Load()
    {
        foreach (string name in Names)
        {
            if (NativeLibrary.TryLoad(name, out nint library))
                return new ZlibLibrary(library);
        }

        return null;
    }

    private static ZStream* NewStream() => (ZStream*)NativeMemory.AllocZeroed((nuint)sizeof(ZStream));

    private static ZStream* Checked(ZStream* stream, string call, int result)
    {
        if (result == Ok)
            return stream;

        NativeMemory.Free(stream);
        throw new InvalidOperationException($"{call} of zlib failed with {result}.");
    }
}

/// <summary>zlib's <c>z_stream</c>, as its header lays it out: C's own alignment, which the runtime's is too.</summary>
[StructLayout(LayoutKind.Sequential)]
internal unsafe struct ZStream
{
    public byte* NextIn;
    public uint AvailableIn;
    public CULong TotalIn;
    public byte* NextOut;
    public uint AvailableOut;
    public CULong TotalOut;
    public byte* Message;
    public void* State;
    public void* Allocate;
    public void* Free;
    public void* Opaque;

    /// <summary>After inflate: 128 when it stands between two blocks, and the number of bits that are left of the last byte in the low six bits.</summary>
    public int DataType;
    public CULong Adler;
    public CULong Reserved;
}
