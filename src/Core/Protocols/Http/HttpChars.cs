using System.Buffers;

namespace EventLoops.Protocols.Http;

/// <summary>The byte classes of RFC 9110 section 5.6 and RFC 3986, as sets that are searched with vectors.</summary>
internal static class HttpChars
{
    internal const byte Cr = (byte)'\r';
    internal const byte Lf = (byte)'\n';
    internal const byte Space = (byte)' ';
    internal const byte Tab = (byte)'\t';

    /// <summary>RFC 9110 5.6.2: the bytes of a token, which names of fields and methods are made of.</summary>
    internal static readonly SearchValues<byte> Token =
        SearchValues.Create("!#$%&'*+-.^_`|~0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz"u8);

    /// <summary>RFC 9110 5.5: what a field's value may hold: visible bytes, space, tab, and opaque bytes above ASCII.</summary>
    internal static readonly SearchValues<byte> FieldValue = SearchValues.Create(Bytes(b => b is Tab or (>= Space and not 0x7F)));

    /// <summary>
    /// The bytes of a request target that need no closer look: visible ASCII without <c>%</c>, whose two digits are checked, and without
    /// <c>#</c>, since a fragment is never sent (RFC 9112 3.2).
    /// </summary>
    internal static readonly SearchValues<byte> Target = 
        SearchValues.Create(Bytes(b => b is > Space and < 0x7F and not (byte)'%' and not (byte)'#'));

    /// <summary>RFC 3986 3.3: the bytes that stand for themselves in a path, with the slash between its segments.</summary>
    internal static readonly SearchValues<byte> PathText =
        SearchValues.Create("/-._~!$&'()*+,;=:@0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz"u8);

    /// <summary>
    /// RFC 3986 3.2.2: the bytes of a registered name or IPv4 address, without the comma, at which some recipients split a list.
    /// </summary>
    internal static readonly SearchValues<byte> HostName =
        SearchValues.Create("-._~!$&'()*+;=%0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz"u8);

    /// <summary>RFC 3986 3.2.2: the bytes between the brackets of an IPv6 address.</summary>
    internal static readonly SearchValues<byte> IpLiteral = SearchValues.Create(":.0123456789ABCDEFabcdef"u8);

    internal static bool IsToken(ReadOnlySpan<byte> text) => !text.IsEmpty && !text.ContainsAnyExcept(Token);

    internal static bool IsBlank(byte value) => value is Space or Tab;

    internal static bool IsDigit(byte value) => (uint)(value - '0') <= 9;

    /// <summary>The value of a hexadecimal digit, or -1.</summary>
    internal static int HexValue(byte digit) => digit switch
    {
        >= (byte)'0' and <= (byte)'9' => digit - '0',
        >= (byte)'a' and <= (byte)'f' => digit - 'a' + 10,
        >= (byte)'A' and <= (byte)'F' => digit - 'A' + 10,
        _ => -1,
    };

    /// <summary>Takes the optional whitespace of RFC 9110 5.6.3 off both ends.</summary>
    internal static ReadOnlySpan<byte> Trim(ReadOnlySpan<byte> text)
    {
        int start = 0;
        while (start < text.Length && IsBlank(text[start]))
            start++;
        int end = text.Length;
        while (end > start && IsBlank(text[end - 1]))
            end--;
        return text[start..end];
    }

    private static byte[] Bytes(Func<byte, bool> belongs) =>
        [.. Enumerable.Range(0, 256).Select(value => (byte)value).Where(belongs)];
}
