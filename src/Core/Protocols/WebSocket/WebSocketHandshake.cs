using System.Buffers.Text;
using System.Security.Cryptography;

namespace EventLoops.Protocols.WebSocket;

/// <summary>The proof in the opening handshake that the other side speaks WebSocket (RFC 6455 4.1, 4.2.2). Nothing is allocated.</summary>
internal static class WebSocketHandshake
{
    /// <summary>The length of a <c>Sec-WebSocket-Key</c>: sixteen bytes in base64.</summary>
    internal const int KeyLength = 24;

    /// <summary>The length of a <c>Sec-WebSocket-Accept</c>: a SHA-1 digest in base64.</summary>
    internal const int AcceptLength = 28;

    private const int NonceLength = 16;

    /// <summary>RFC 6455 1.3: the text that is appended to the key before it is hashed.</summary>
    private static ReadOnlySpan<byte> Salt => "258EAFA5-E914-47DA-95CA-C5AB0DC85B11"u8;

    /// <summary>Writes the answer to <paramref name="key"/> into <paramref name="accept"/>.</summary>
    /// <exception cref="ArgumentException">The key has not <see cref="KeyLength"/> bytes, or the answer has no room.</exception>
    internal static void ComputeAccept(ReadOnlySpan<byte> key, Span<byte> accept)
    {
        if (key.Length != KeyLength) throw new ArgumentException("A key has 24 bytes.", nameof(key));
        if (accept.Length < AcceptLength) throw new ArgumentException("An accept value has 28 bytes.", nameof(accept));
        Span<byte> salted = stackalloc byte[KeyLength + 36];
        key.CopyTo(salted);
        Salt.CopyTo(salted[KeyLength..]);
        Span<byte> digest = stackalloc byte[SHA1.HashSizeInBytes];
        HashAsTheProtocolAsks(salted, digest);
        Base64.EncodeToUtf8(digest, accept, out _, out _);
    }

    /// <summary>Writes a new random key (RFC 6455 4.1: sixteen bytes chosen at random for each connection).</summary>
    /// <exception cref="ArgumentException">The key has no room.</exception>
    internal static void CreateKey(Span<byte> key)
    {
        if (key.Length < KeyLength) throw new ArgumentException("A key has 24 bytes.", nameof(key));
        Span<byte> nonce = stackalloc byte[NonceLength];
        RandomNumberGenerator.Fill(nonce);
        Base64.EncodeToUtf8(nonce, key, out _, out _);
    }

    /// <summary>
    /// Whether the value is what sixteen bytes look like in base64: 22 letters of the alphabet and two equal signs. The last letter
    /// holds two bits of the nonce and four that must be zero (RFC 4648 3.5), so that a nonce has one spelling only.
    /// </summary>
    internal static bool IsValidKey(ReadOnlySpan<byte> key)
    {
        if (key.Length != KeyLength || !key.EndsWith("=="u8)) return false;
        if (key[..22].ContainsAnyExcept(Base64Alphabet)) return false;
        return key[21] is (byte)'A' or (byte)'Q' or (byte)'g' or (byte)'w';
    }

    private static readonly System.Buffers.SearchValues<byte> Base64Alphabet =
        System.Buffers.SearchValues.Create("ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/"u8);

    // SHA-1 is what RFC 6455 4.2.2 prescribes; it proves that the peer understood the request and protects nothing.
#pragma warning disable CA5350
    private static void HashAsTheProtocolAsks(ReadOnlySpan<byte> source, Span<byte> digest) => SHA1.HashData(source, digest);
#pragma warning restore CA5350
}
