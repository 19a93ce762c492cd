namespace EventLoops.Protocols.Http;

/// <summary>
/// Where the parts of a request target are, counted from its first byte (RFC 9112 3.2). The bytes have passed <see cref="RequestLine"/>.
/// </summary>
internal readonly struct RequestTarget
{
    private readonly int _authorityStart;
    private readonly int _authorityEnd;
    private readonly int _pathEnd;

    private RequestTarget(int authorityStart, int authorityEnd, int pathEnd)
    {
        _authorityStart = authorityStart;
        _authorityEnd = authorityEnd;
        _pathEnd = pathEnd;
    }

    /// <summary>The authority of an absolute form, else empty.</summary>
    internal ReadOnlySpan<byte> Authority(ReadOnlySpan<byte> target) => target[_authorityStart.._authorityEnd];

    /// <summary>The path, not decoded; <c>/</c> when an absolute form has none, and <c>*</c> for the asterisk form.</summary>
    internal ReadOnlySpan<byte> Path(ReadOnlySpan<byte> target) => _pathEnd > _authorityEnd ? target[_authorityEnd.._pathEnd] : "/"u8;

    /// <summary>What follows the first <c>?</c>, not decoded.</summary>
    internal ReadOnlySpan<byte> Query(ReadOnlySpan<byte> target) => _pathEnd < target.Length ? target[(_pathEnd + 1)..] : default;

    /// <summary>Takes a target apart.</summary>
    /// <param name="target">The target.</param>
    /// <param name="method">The method, which decides about its form.</param>
    /// <param name="pathEnd">Where its first <c>?</c> is, or its length for none; negative when that was not looked for yet.</param>
    /// <param name="parts">The parts.</param>
    internal static ProtocolFault Parse(ReadOnlySpan<byte> target, RequestMethod method, int pathEnd, out RequestTarget parts)
    {
        parts = default;

        // What would follow is a tunnel, and nothing here is a proxy: RFC 9110 9.3.6.
        if (method == RequestMethod.Connect)
            return ProtocolFault.ConnectRefused;
        if (target[0] == '/')
        {
            parts = new RequestTarget(0, 0, pathEnd >= 0 ? pathEnd : PathEnd(target, 0));
            return ProtocolFault.None;
        }
        if (target.SequenceEqual("*"u8))
        {
            parts = new RequestTarget(0, 0, 1);
            return method == RequestMethod.Options ? ProtocolFault.None : ProtocolFault.InvalidTargetForm;
        }
        return ParseAbsolute(target, out parts);
    }

    // RFC 9112 3.2.2: every server takes the absolute form, although only proxies are sent it.
    private static ProtocolFault ParseAbsolute(ReadOnlySpan<byte> target, out RequestTarget parts)
    {
        parts = default;
        int colon = target.IndexOf("://"u8);
        if (colon < 0 || !TokenList.Contains("http,https,ws,wss"u8, target[..colon]))
            return ProtocolFault.InvalidTargetForm;

        int start = colon + 3;
        int length = target[start..].IndexOfAny((byte)'/', (byte)'?');
        int end = length < 0 ? target.Length : start + length;

        // RFC 9110 4.2.1: an http URI with an empty host is invalid.
        if (end == start || !HostName.IsValid(target[start..end]))
            return ProtocolFault.InvalidTargetForm;
        parts = new RequestTarget(start, end, PathEnd(target, end));
        return ProtocolFault.None;
    }

    private static int PathEnd(ReadOnlySpan<byte> target, int start)
    {
        int length = target[start..].IndexOf((byte)'?');
        return length < 0 ? target.Length : start + length;
    }
}
