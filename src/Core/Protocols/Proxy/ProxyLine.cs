using System.Buffers.Text;
using System.Net;

namespace EventLoops.Protocols.Proxy;

/// <summary>The first version of the header: <c>PROXY TCP4 192.0.2.1 198.51.100.1 56324 443</c> and a line end.</summary>
internal static class ProxyLine
{
    // Section 2.1: the longest line, with two long IPv6 addresses, and its line end.
    private const int MaxLine = 107;

    public static ReadOnlySpan<byte> Word => "PROXY "u8;

    /// <inheritdoc cref="ProxyHeader.Read" />
    public static ProxyHeaderStatus Read(ReadOnlySpan<byte> bytes, out ProxyHeader header, out int consumed, out ProtocolFault fault)
    {
        header = default;
        consumed = 0;
        fault = ProtocolFault.None;
        ReadOnlySpan<byte> known = bytes[..Math.Min(bytes.Length, MaxLine)];
        int end = known.IndexOf("\r\n"u8);
        if (end >= 0)
        {
            consumed = end + 2;
            fault = ReadFields(bytes[Word.Length..end], out header);
            return fault == ProtocolFault.None ? ProxyHeaderStatus.Complete : ProxyHeaderStatus.Fault;
        }

        if (known.Length < MaxLine)
            return ProxyHeaderStatus.NeedMore;

        fault = ProtocolFault.ProxyHeaderTooLong;
        return ProxyHeaderStatus.Fault;
    }

    private static ProtocolFault ReadFields(ReadOnlySpan<byte> fields, out ProxyHeader header)
    {
        header = ProxyHeader.Without;
        ReadOnlySpan<byte> family = Next(ref fields);

        // Section 2.1: what follows UNKNOWN is not looked at.
        if (family.SequenceEqual("UNKNOWN"u8))
            return ProtocolFault.None;

        bool isSix = family.SequenceEqual("TCP6"u8);
        if (!isSix && !family.SequenceEqual("TCP4"u8))
            return ProtocolFault.ProxyFamilyInvalid;

        IPAddress? source = ReadAddress(Next(ref fields), isSix);
        IPAddress? destination = ReadAddress(Next(ref fields), isSix);
        int sourcePort = ReadPort(Next(ref fields));
        int destinationPort = ReadPort(Next(ref fields));
        if (source is null || destination is null || sourcePort < 0 || destinationPort < 0 || !fields.IsEmpty)
            return ProtocolFault.ProxyAddressInvalid;

        header = ProxyHeader.Between(new IPEndPoint(source, sourcePort), new IPEndPoint(destination, destinationPort));
        return ProtocolFault.None;
    }

    /// <summary>A field up to the one space that ends it. A space too much makes an empty field, and a space at the end an empty rest that is none.</summary>
    private static ReadOnlySpan<byte> Next(ref ReadOnlySpan<byte> fields)
    {
        int space = fields.IndexOf((byte)' ');
        ReadOnlySpan<byte> field = space < 0 ? fields : fields[..space];
        fields = space < 0 ? default : fields[(space + 1)..];

        // What ends in a space would end in an empty field.
        if (space >= 0 && fields.IsEmpty)
            fields = " "u8;
        return field;
    }

    private static IPAddress? ReadAddress(ReadOnlySpan<byte> text, bool isSix)
    {
        // Zones, brackets and the short forms of IPv4 are understood elsewhere and have no place here.
        if (text.IndexOfAnyExcept(isSix ? "0123456789abcdefABCDEF:."u8 : "0123456789."u8) >= 0 || (!isSix && !IsDottedQuad(text)))
            return null;

        bool isAddress = IPAddress.TryParse(text, out IPAddress? address);
        IPAddress like = isSix ? IPAddress.IPv6Any : IPAddress.Any;
        return isAddress && address!.AddressFamily == like.AddressFamily ? address : null;
    }

    /// <summary>Four numbers without leading zeros, which some take for octal.</summary>
    private static bool IsDottedQuad(ReadOnlySpan<byte> text)
    {
        int parts = 0;
        foreach (Range part in text.Split((byte)'.'))
        {
            if (++parts > 4 || !IsNumber(text[part], byte.MaxValue))
                return false;
        }

        return parts == 4;
    }

    private static int ReadPort(ReadOnlySpan<byte> text) =>
        IsNumber(text, ushort.MaxValue) && Utf8Parser.TryParse(text, out int port, out _) ? port : -1;

    private static bool IsNumber(ReadOnlySpan<byte> text, int most) =>
        text.Length is > 0 and <= 5
        && text.IndexOfAnyExceptInRange((byte)'0', (byte)'9') < 0
        && (text[0] != '0' || text.Length == 1)
        && Utf8Parser.TryParse(text, out int number, out _)
        && number <= most;
}
