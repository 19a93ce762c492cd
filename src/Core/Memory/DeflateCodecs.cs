using EventLoops.Protocols.Deflate;

namespace EventLoops;

/// <summary>
/// Compressors and decompressors. One that need not remember anything between two messages is lent for one message and then serves the next connection; each thread
/// keeps a few, so that thousands of connections without context takeover need no more memory than one.
/// </summary>
internal static class DeflateCodecs
{
    // One for each message that is under way at the same time; a message that comes in one frame is over before the next begins.
    private const int MaxKept = 16;

    [ThreadStatic]
    private static List<ZlibDeflater>? deflaters;

    [ThreadStatic]
    private static List<ZlibInflater>? inflaters;

    /// <summary>Whether the library can do what the settings ask for.</summary>
    public static bool CanDo(DeflateLibrary library, int windowBits, int memoryLevel) => library switch
    {
        DeflateLibrary.Framework => new DeflateSettings(windowBits, 0, memoryLevel).AreUsual,
        DeflateLibrary.System => ZlibLibrary.Instance is not null,
        _ => ZlibLibrary.Instance is not null || new DeflateSettings(windowBits, 0, memoryLevel).AreUsual,
    };

    /// <summary>A compressor that one connection keeps from message to message.</summary>
    public static Deflater New(DeflateLibrary library, DeflateSettings settings) =>
        UsesFramework(library) || (library == DeflateLibrary.Auto && settings.AreUsual)
            ? new FrameworkDeflater(settings.Level)
            : new ZlibDeflater(ZlibLibrary.Instance!, settings);

    /// <summary>A decompressor that one connection keeps from message to message.</summary>
    public static Inflater New(DeflateLibrary library, int windowBits) =>
        UsesFramework(library) ? new FrameworkInflater() : new ZlibInflater(ZlibLibrary.Instance!, windowBits);

    /// <summary>A compressor for one message.</summary>
    public static Deflater Rent(DeflateLibrary library, DeflateSettings settings)
    {
        if (UsesFramework(library))
            return new FrameworkDeflater(settings.Level);

        return Take(deflaters, deflater => deflater.Settings == settings) ?? new ZlibDeflater(ZlibLibrary.Instance!, settings);
    }

    /// <summary>A decompressor for one message.</summary>
    public static Inflater RentInflater(DeflateLibrary library, int windowBits)
    {
        if (UsesFramework(library))
            return new FrameworkInflater();

        return Take(inflaters, inflater => inflater.WindowBits == windowBits) ?? new ZlibInflater(ZlibLibrary.Instance!, windowBits);
    }

    /// <summary>Gives a compressor back.</summary>
    public static void Return(Deflater deflater)
    {
        if (deflater is ZlibDeflater zlib && (deflaters ??= []).Count < MaxKept)
        {
            zlib.Reset();
            deflaters.Add(zlib);
            return;
        }

        deflater.Dispose();
    }

    /// <summary>Gives a decompressor back.</summary>
    public static void Return(Inflater inflater)
    {
        if (inflater is ZlibInflater zlib && (inflaters ??= []).Count < MaxKept)
        {
            zlib.Reset();
            inflaters.Add(zlib);
            return;
        }

        inflater.Dispose();
    }

    private static bool UsesFramework(DeflateLibrary library) =>
        library == DeflateLibrary.Framework || (library == DeflateLibrary.Auto && ZlibLibrary.Instance is null);

    private static T? Take<T>(List<T>? kept, Predicate<T> fits)
        where T : class
    {
        int index = kept?.FindLastIndex(fits) ?? -1;
        if (index < 0)
            return null;

        T found = kept![index];
        kept.RemoveAt(index);
        return found;
    }
}
