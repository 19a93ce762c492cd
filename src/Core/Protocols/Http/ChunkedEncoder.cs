namespace EventLoops.Protocols.Http;

/// <summary>
/// Writes the lines around the chunks of a body (RFC 9112 7.1). A chunk is a header, its bytes, and <see cref="ChunkEnd"/>.
/// </summary>
internal static class ChunkedEncoder
{
    /// <summary>The longest header: sixteen digits and a line end.</summary>
    internal const int MaxHeaderSize = 18;

    /// <summary>What follows the bytes of each chunk.</summary>
    internal static ReadOnlySpan<byte> ChunkEnd => "\r\n"u8;

    /// <summary>What ends a body without trailers.</summary>
    internal static ReadOnlySpan<byte> LastChunk => "0\r\n\r\n"u8;

    /// <summary>Writes the line before a chunk of <paramref name="length"/> bytes.</summary>
    /// <returns>How many bytes it took, or -1 when they do not fit.</returns>
    /// <exception cref="ArgumentOutOfRangeException">The length is 0, which would end the body, or negative.</exception>
    internal static int WriteChunkHeader(Span<byte> destination, long length)
    {
        ArgumentOutOfRangeException.ThrowIfNegativeOrZero(length);
        int digits = HexDigits(length);
        if (destination.Length < digits + 2)
            return -1;
        for (int i = digits - 1; i >= 0; i--)
        {
            destination[i] = "0123456789abcdef"u8[(int)(length & 0xF)];
            length >>= 4;
        }
        ChunkEnd.CopyTo(destination[digits..]);
        return digits + 2;
    }

    /// <summary>How many bytes <see cref="WriteChunkHeader"/> takes.</summary>
    internal static int HeaderSize(long length) => HexDigits(length) + 2;

    private static int HexDigits(long length) => (67 - System.Numerics.BitOperations.LeadingZeroCount((ulong)length | 1)) / 4;
}
