namespace EventLoops.Protocols.Deflate;

/// <summary>Compresses a stream of bytes (RFC 1951), in steps each of which the receiver can use at once.</summary>
internal abstract class Deflater : IDisposable
{
    /// <summary>What a step ends with: an empty stored block without its first byte, which RFC 7692 7.2.1 leaves out at the end of a message.</summary>
    public const int StepEndLength = 4;

    /// <summary>Compresses bytes and brings all of them out, up to a byte boundary: what zlib calls a sync flush. Not for empty input.</summary>
    public abstract void Deflate(ReadOnlySpan<byte> input, ExtensionOutput output);

    /// <summary>Forgets what was compressed before.</summary>
    public abstract void Reset();

    public abstract void Dispose();
}

/// <summary>What <see cref="Inflater.Inflate"/> came to.</summary>
internal enum InflateStatus
{
    /// <summary>The input is used up and all that it stands for was written.</summary>
    NeedInput,

    /// <summary>The output is full; there may be more.</summary>
    OutputFull,

    /// <summary>A block that calls itself the last one has ended; nothing behind it was used.</summary>
    StreamEnd,

    /// <summary>The input is no DEFLATE data, or refers to what was never there.</summary>
    Corrupt,
}

/// <summary>Decompresses a stream of bytes (RFC 1951), as far as there is room.</summary>
internal abstract class Inflater : IDisposable
{
    /// <summary>Whether the input so far has ended with a whole block; true when it cannot be told.</summary>
    public abstract bool IsAtBlockEnd { get; }

    /// <summary>Uses input, and writes what it stands for.</summary>
    /// <param name="input">Moved behind what was used.</param>
    /// <param name="output">Where to write; never empty.</param>
    /// <param name="written">How many bytes were written.</param>
    public abstract InflateStatus Inflate(ref ReadOnlySpan<byte> input, scoped Span<byte> output, out int written);

    /// <summary>Forgets what was decompressed before.</summary>
    public abstract void Reset();

    public abstract void Dispose();
}
