using System.Text;

namespace EventLoops.Protocols.Http;

/// <summary>Turns the bytes of a field into text.</summary>
internal static class HeaderText
{
    /// <summary>
    /// Latin-1, one character a byte, as RFC 9110 5.5 remembers it: no value is invalid, none is changed by decoding and encoding it again.
    /// </summary>
    internal static string Decode(ReadOnlySpan<byte> bytes) => bytes.IsEmpty ? "" : Encoding.Latin1.GetString(bytes);
}
