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
    private static Kept<DeflateSettings, ZlibDeflater>? deflaters;

    [ThreadStatic]
    private static Kept<int, ZlibInflater>? inflaters;

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

        return deflaters?.Take(settings) ?? new ZlibDeflater(ZlibLibrary.Instance!, settings);
    }

    /// <summary>A decompressor for one message.</summary>
    public static Inflater RentInflater(DeflateLibrary library, int windowBits)
    {
        if (UsesFramework(library))
            return new FrameworkInflater();

        return inflaters?.Take(windowBits) ?? new ZlibInflater(ZlibLibrary.Instance!, windowBits);
    }

    /// <summary>Gives a compressor back.</summary>
    public static void Return(Deflater deflater)
    {
        if (deflater is ZlibDeflater zlib && (deflaters ??= new()).TryAdd(zlib.Settings, zlib))
            zlib.Reset();
        else
            deflater.Dispose();
    }

    /// <summary>Gives a decompressor back.</summary>
    public static void Return(Inflater inflater)
    {
        if (inflater is ZlibInflater zlib && (inflaters ??= new()).TryAdd(zlib.WindowBits, zlib))
            zlib.Reset();
        else
            inflater.Dispose();
    }

    private static bool UsesFramework(DeflateLibrary library) =>
        library == DeflateLibrary.Framework || (library == DeflateLibrary.Auto && ZlibLibrary.Instance is null);

    /// <summary>What a thread keeps of one kind, each with what it was set up for.</summary>
    private sealed class Kept<TKey, TCodec>
        where TKey : IEquatable<TKey>
        where TCodec : class
    {
        private readonly List<(TKey Key, TCodec Codec)> _all = [];

        public TCodec? Take(TKey key)
        {
            for (int i = _all.Count - 1; i >= 0; i--)
            {
                if (!_all[i].Key.Equals(key))
                    continue;

                TCodec found = _all[i].Codec;
                _all.RemoveAt(i);
                return found;
            }

            return null;
        }

        public bool TryAdd(TKey key, TCodec codec)
        {
            if (_all.Count == MaxKept)
                return false;

            _all.Add((key, codec));
            return true;
        }
    }
}
