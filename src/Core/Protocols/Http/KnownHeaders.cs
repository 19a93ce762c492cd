using System.Runtime.Intrinsics;
using System.Text;

namespace EventLoops.Protocols.Http;

/// <summary>Between a field's name on the wire and <see cref="KnownHeader"/>, both ways, without allocating.</summary>
internal static class KnownHeaders
{
    internal const int Count = (int)KnownHeader.XRequestedWith + 1;

    private const int Buckets = 256;

    // The spelling of the RFC that defines the field, which is also how we write it; indexed by KnownHeader.
    private static readonly byte[][] Names =
    [
        [],
        [.. "Host"u8], [.. "Connection"u8], [.. "Upgrade"u8], [.. "Sec-WebSocket-Key"u8], [.. "Sec-WebSocket-Version"u8],
        [.. "Sec-WebSocket-Protocol"u8], [.. "Sec-WebSocket-Extensions"u8], [.. "Sec-WebSocket-Accept"u8], [.. "Origin"u8],
        [.. "Content-Length"u8], [.. "Transfer-Encoding"u8], [.. "Content-Type"u8], [.. "User-Agent"u8], [.. "Cookie"u8],
        [.. "Authorization"u8], [.. "Expect"u8], [.. "Accept"u8], [.. "Accept-Encoding"u8], [.. "Accept-Language"u8],
        [.. "If-None-Match"u8], [.. "If-Modified-Since"u8], [.. "If-Range"u8], [.. "If-Match"u8], [.. "If-Unmodified-Since"u8],
        [.. "Range"u8], [.. "Referer"u8], [.. "Location"u8], [.. "Date"u8], [.. "Server"u8], [.. "Cache-Control"u8],
        [.. "Set-Cookie"u8], [.. "ETag"u8], [.. "Last-Modified"u8], [.. "Keep-Alive"u8], [.. "Trailer"u8], [.. "TE"u8],
        [.. "Proxy-Authorization"u8], [.. "WWW-Authenticate"u8], [.. "X-Forwarded-For"u8], [.. "Forwarded"u8],
        [.. "Accept-Ranges"u8], [.. "Access-Control-Allow-Origin"u8], [.. "Access-Control-Request-Method"u8],
        [.. "Access-Control-Request-Headers"u8], [.. "Age"u8], [.. "Allow"u8], [.. "Content-Disposition"u8],
        [.. "Content-Encoding"u8], [.. "Content-Language"u8], [.. "Content-Location"u8], [.. "Content-Range"u8], [.. "Expires"u8],
        [.. "From"u8], [.. "Max-Forwards"u8], [.. "Pragma"u8], [.. "Proxy-Authenticate"u8], [.. "Proxy-Connection"u8],
        [.. "Retry-After"u8], [.. "Vary"u8], [.. "Via"u8], [.. "X-Forwarded-Host"u8], [.. "X-Forwarded-Proto"u8],
        [.. "X-Real-IP"u8], [.. "DNT"u8], [.. "Upgrade-Insecure-Requests"u8], [.. "Sec-Fetch-Site"u8], [.. "Sec-Fetch-Mode"u8],
        [.. "Sec-Fetch-Dest"u8], [.. "Sec-Fetch-User"u8], [.. "Strict-Transport-Security"u8], [.. "Content-Security-Policy"u8],
        [.. "X-Requested-With"u8],
    ];

    // A chained hash table over length and outer letters: most lookups compare one name.
    private static readonly byte[] Next = new byte[Count];
    private static readonly byte[] First = FillBuckets();

    // How each name begins a line of a head: indexed by KnownHeader as well.
    private static readonly LineBegin[] LineBegins = [.. Names.Select(name => new LineBegin(name))];

    /// <summary>The name as we write it; empty for <see cref="KnownHeader.None"/>.</summary>
    internal static ReadOnlySpan<byte> Name(KnownHeader header) => Names[(int)header];

    /// <summary>Finds the field with this name, compared without regard to case (RFC 9110 5.1).</summary>
    internal static KnownHeader Find(ReadOnlySpan<byte> name)
    {
        if (name.IsEmpty)
            return KnownHeader.None;
        for (int i = First[Bucket(name)]; i != 0; i = Next[i])
        {
            if (EqualsName(Names[i], name))
                return (KnownHeader)i;
        }
        return KnownHeader.None;
    }

    /// <summary>The same for the name that a line of a head begins with.</summary>
    /// <param name="line">The line's first block.</param>
    /// <param name="name">The name, which ends before a colon in that block; not empty.</param>
    internal static KnownHeader Find(Vector256<byte> line, ReadOnlySpan<byte> name)
    {
        for (int i = First[Bucket(name)]; i != 0; i = Next[i])
        {
            if (LineBegins[i].Fits(line))
                return (KnownHeader)i;
        }
        return KnownHeader.None;
    }

    // Most peers spell a name as its RFC does, so the cheap exact comparison comes first.
    private static bool EqualsName(ReadOnlySpan<byte> known, ReadOnlySpan<byte> name) =>
        known.Length == name.Length && (known.SequenceEqual(name) || Ascii.EqualsIgnoreCase(known, name));

    private static int Bucket(ReadOnlySpan<byte> name) =>
        ((name.Length * 7) + ((name[0] | 0x20) * 31) + ((name[^1] | 0x20) * 5) + ((name[name.Length / 2] | 0x20) * 3)) & (Buckets - 1);

    private static byte[] FillBuckets()
    {
        byte[] first = new byte[Buckets];
        for (int i = Count - 1; i > 0; i--)
        {
            int bucket = Bucket(Names[i]);
            Next[i] = first[bucket];
            first[bucket] = (byte)i;
        }
        return first;
    }

    /// <summary>
    /// A name with its colon as a block: in lower case, and what makes lower case of a letter. No other byte than a letter in either case becomes that letter so; behind the
    /// colon all bits are set in both, which fits whatever stands there.
    /// </summary>
    private readonly struct LineBegin
    {
        private readonly Vector256<byte> _text;
        private readonly Vector256<byte> _case;

        internal LineBegin(byte[] name)
        {
            byte[] text = new byte[HeadBlock.Size];
            byte[] letterCase = new byte[HeadBlock.Size];
            text.AsSpan().Fill(byte.MaxValue);
            letterCase.AsSpan().Fill(byte.MaxValue);
            byte[] begin = [.. name, (byte)':'];
            for (int i = 0; i < begin.Length; i++)
            {
                letterCase[i] = (byte)(char.IsAsciiLetter((char)begin[i]) ? 0x20 : 0);
                text[i] = (byte)(begin[i] | letterCase[i]);
            }

            _text = Vector256.Create(text);
            _case = Vector256.Create(letterCase);
        }

        internal bool Fits(Vector256<byte> line) => (line | _case) == _text;
    }
}
