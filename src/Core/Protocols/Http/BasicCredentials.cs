using System.Buffers;
using System.Buffers.Text;
using System.Text;

namespace EventLoops.Protocols.Http;

/// <summary>The value of an Authorization field with the scheme Basic (RFC 7617 2): base64 of a user, a colon, and a password.</summary>
internal static class BasicCredentials
{
    /// <summary>Longer credentials are nobody's; the bound keeps the decoding on the stack.</summary>
    internal const int MaxLength = 512;

    /// <summary>Decodes credentials.</summary>
    /// <param name="value">The value of the field.</param>
    /// <param name="decoded">Where to write, <see cref="MaxLength"/> bytes.</param>
    /// <param name="user">Where the user lies in <paramref name="decoded"/>.</param>
    /// <param name="password">Where the password lies in <paramref name="decoded"/>.</param>
    internal static bool TryParse(ReadOnlySpan<byte> value, Span<byte> decoded, out Range user, out Range password)
    {
        user = password = default;
        int space = value.IndexOf(HttpChars.Space);
        if (space < 0 || !Ascii.EqualsIgnoreCase(value[..space], "Basic"u8))
            return false;

        // RFC 9110 11.4: one or more spaces.
        ReadOnlySpan<byte> encoded = value[space..].TrimStart(HttpChars.Space);
        if (encoded.ContainsAny(HttpChars.Space, HttpChars.Tab) || Base64.DecodeFromUtf8(encoded, decoded, out int consumed, out int length) != OperationStatus.Done || consumed < encoded.Length)
            return false;

        // RFC 7617 2: no control characters; the first colon ends the user, who therefore has none.
        ReadOnlySpan<byte> text = decoded[..length];
        int colon = text.IndexOf((byte)':');
        if (colon < 0 || text.ContainsAnyInRange((byte)0, (byte)0x1F) || text.Contains((byte)0x7F))
            return false;

        user = ..colon;
        password = (colon + 1)..length;
        return true;
    }
}
