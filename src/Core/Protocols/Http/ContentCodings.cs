using System.Text;

namespace EventLoops.Protocols.Http;

/// <summary>A content coding that a file may lie in beside itself.</summary>
internal enum ContentCoding : byte
{
    Identity,
    Gzip,
    Brotli,
}

/// <summary>The Accept-Encoding field (RFC 9110 12.5.3).</summary>
internal static class ContentCodings
{
    // Weights have three digits behind the point (RFC 9110 12.4.2), so they are counted in thousandths.
    private const int Full = 1000;

    /// <summary>
    /// How much a client wants each coding, in thousandths: zero for what it does not take. Without the field it takes anything, and gets what needs no
    /// understanding.
    /// </summary>
    internal static (int Identity, int Gzip, int Brotli) Weights(HeaderCollection fields)
    {
        int identity = -1;
        int gzip = -1;
        int brotli = -1;
        int rest = -1;
        foreach (HeaderField field in fields)
        {
            if (field.Known != KnownHeader.AcceptEncoding)
                continue;
            foreach (ReadOnlySpan<byte> element in TokenList.Elements(field.Value))
            {
                ReadOnlySpan<byte> name = NameOf(element, out int weight);
                if (Ascii.EqualsIgnoreCase(name, "gzip"u8) || Ascii.EqualsIgnoreCase(name, "x-gzip"u8))
                    gzip = weight;
                else if (Ascii.EqualsIgnoreCase(name, "br"u8))
                    brotli = weight;
                else if (Ascii.EqualsIgnoreCase(name, "identity"u8))
                    identity = weight;
                else if (name.SequenceEqual("*"u8))
                    rest = weight;
            }
        }

        // What is not named is taken as little as the asterisk says; identity is always taken unless it is excluded.
        return (Named(identity, rest < 0 ? 1 : rest), Named(gzip, Math.Max(rest, 0)), Named(brotli, Math.Max(rest, 0)));
    }

    /// <summary>The name under which a coding is sent.</summary>
    internal static string Name(this ContentCoding coding) => coding switch
    {
        ContentCoding.Gzip => "gzip",
        ContentCoding.Brotli => "br",
        _ => "identity",
    };

    private static int Named(int weight, int otherwise) => weight >= 0 ? weight : otherwise;

    private static ReadOnlySpan<byte> NameOf(ReadOnlySpan<byte> element, out int weight)
    {
        weight = Full;
        int semicolon = element.IndexOf((byte)';');
        if (semicolon < 0)
            return element;

        ReadOnlySpan<byte> parameter = HttpChars.Trim(element[(semicolon + 1)..]);
        bool isWeight = parameter.Length >= 3 && (parameter[0] | 0x20) == 'q' && parameter[1] == '=';
        weight = isWeight ? ParseWeight(parameter[2..]) : 0;
        return HttpChars.Trim(element[..semicolon]);
    }

    /// <summary><c>0</c> to <c>1</c> with up to three digits behind the point; what is malformed is not wanted.</summary>
    private static int ParseWeight(ReadOnlySpan<byte> text)
    {
        if (text.Length > 5 || text[0] is not ((byte)'0' or (byte)'1') || (text.Length > 1 && text[1] != '.'))
            return 0;

        int weight = (text[0] - '0') * Full;
        int unit = Full / 10;
        for (int i = 2; i < text.Length; i++, unit /= 10)
        {
            if (!HttpChars.IsDigit(text[i]))
                return 0;
            weight += (text[i] - '0') * unit;
        }

        return Math.Min(weight, Full);
    }
}
