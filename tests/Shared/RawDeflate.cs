using System.IO.Compression;

namespace EventLoops.Tests;

/// <summary>
/// The other side of permessage-deflate, made of the framework's stream alone (RFC 7692 7.2): compresses and decompresses messages, with the context of earlier ones in mind.
/// </summary>
public sealed class RawDeflate : IDisposable
{
    private static readonly byte[] s_messageEnd = [0, 0, 0xFF, 0xFF];

    private readonly MemoryStream _compressed = new();
    private readonly MemoryStream _arrived = new();
    private readonly DeflateStream _deflate;
    private readonly DeflateStream _inflate;

    public RawDeflate()
    {
        _deflate = new DeflateStream(_compressed, CompressionLevel.Optimal, leaveOpen: true);
        _inflate = new DeflateStream(_arrived, CompressionMode.Decompress, leaveOpen: true);
    }

    /// <summary>One message by itself.</summary>
    public static byte[] CompressAlone(ReadOnlySpan<byte> message)
    {
        using RawDeflate deflate = new();
        return deflate.Compress(message);
    }

    /// <summary>One message by itself.</summary>
    public static byte[] DecompressAlone(ReadOnlySpan<byte> payload)
    {
        using RawDeflate deflate = new();
        return deflate.Decompress(payload);
    }

    /// <summary>The payload of the next message that is sent.</summary>
    public byte[] Compress(ReadOnlySpan<byte> message)
    {
        if (message.IsEmpty) return [0];

        _compressed.SetLength(0);
        _deflate.Write(message);
        _deflate.Flush();
        byte[] whole = _compressed.ToArray();
        if (!whole.AsSpan().EndsWith(s_messageEnd)) throw new InvalidOperationException("The stream does not end with an empty block.");
        return whole[..^s_messageEnd.Length];
    }

    /// <summary>The next message that was received.</summary>
    public byte[] Decompress(ReadOnlySpan<byte> payload)
    {
        _arrived.SetLength(0);
        _arrived.Write(payload);
        _arrived.Write(s_messageEnd);
        _arrived.Position = 0;
        using MemoryStream message = new();
        _inflate.CopyTo(message);
        return message.ToArray();
    }

    /// <inheritdoc/>
    public void Dispose()
    {
        _deflate.Dispose();
        _inflate.Dispose();
        _compressed.Dispose();
        _arrived.Dispose();
    }
}
