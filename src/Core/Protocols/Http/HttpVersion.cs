namespace EventLoops.Protocols.Http;

/// <summary>Reads <c>HTTP/1.x</c>, eight bytes of fixed form (RFC 9112 2.3), at any cut.</summary>
internal struct HttpVersion
{
    private const int Length = 8;

    private int _step;
    private bool _otherMajor;

    /// <summary>0 for HTTP/1.0 and 1 for anything newer: RFC 9110 2.5 lets us read a higher minor version as our own.</summary>
    internal byte Minor { get; private set; }

    internal ProtocolFault Fault { get; private set; }

    /// <summary>A version that was read elsewhere.</summary>
    internal static HttpVersion Of(byte minor) => new() { _step = Length, Minor = minor };

    /// <summary>
    /// Goes on from <paramref name="at"/>, which must be inside the input, and stops behind the last byte of the version or the first
    /// wrong one.
    /// </summary>
    internal HeadStatus Scan(ReadOnlySpan<byte> input, ref int at)
    {
        if (_step == 0 && input[at..].StartsWith("HTTP/1.1"u8))
        {
            at += Length;
            Minor = 1;
            return HeadStatus.Complete;
        }

        while (at < input.Length)
        {
            Fault = Take(input[at++]);
            if (Fault != ProtocolFault.None)
                return HeadStatus.Fault;
            if (++_step == Length)
                return HeadStatus.Complete;
        }
        return HeadStatus.NeedMore;
    }

    private ProtocolFault Take(byte next)
    {
        const int Major = 5;
        switch (_step)
        {
            case Major:
                _otherMajor = next != '1';
                return HttpChars.IsDigit(next) ? ProtocolFault.None : ProtocolFault.InvalidVersion;
            case Length - 1:
                Minor = (byte)(next == '0' ? 0 : 1);
                if (!HttpChars.IsDigit(next))
                    return ProtocolFault.InvalidVersion;
                return _otherMajor ? ProtocolFault.VersionNotSupported : ProtocolFault.None;
            default:
                return next == "HTTP/1."u8[_step] ? ProtocolFault.None : ProtocolFault.InvalidVersion;
        }
    }
}
