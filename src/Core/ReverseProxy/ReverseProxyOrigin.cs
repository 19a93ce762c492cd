using System.Text;
using EventLoops.Protocols.Http;

namespace EventLoops;

/// <summary>The server behind a reverse proxy mount: where it is, and what its addresses are called on this side of it.</summary>
internal sealed class ReverseProxyOrigin
{
    private readonly Uri _uri;
    private readonly byte[] _scheme;
    private readonly byte[] _basePath;
    private readonly byte[] _host;
    private readonly byte[] _authority;
    private readonly byte[] _mountPoint;

    /// <summary>Makes it.</summary>
    /// <param name="uri">What <see cref="TryParse"/> has found.</param>
    /// <param name="options">How it is spoken to.</param>
    /// <param name="mountPoint">Where it is mounted, without a slash at the end, decoded.</param>
    public ReverseProxyOrigin(Uri uri, ReverseProxyOptions options, ReadOnlySpan<byte> mountPoint)
    {
        ClientTarget target = new(uri);
        _uri = uri;
        _scheme = Encoding.ASCII.GetBytes(uri.Scheme + ":");
        _host = Encoding.ASCII.GetBytes(target.HostField);
        _authority = Encoding.ASCII.GetBytes(target.Authority);
        _basePath = Encoding.ASCII.GetBytes(uri.AbsolutePath.TrimEnd('/'));
        _mountPoint = Encoding.ASCII.GetBytes(UriPath.Encode(mountPoint));
        Options = options;
        Cookies = new CookieScope(uri.Host, _basePath, _mountPoint);
    }

    public ReverseProxyOptions Options { get; }

    /// <summary>Where its cookies belong on this side.</summary>
    public CookieScope Cookies { get; }

    /// <summary>The value of its <c>Host</c> field.</summary>
    public ReadOnlySpan<byte> Host => _host;

    /// <summary>Its path, without a slash at the end: what stands there for the mount point.</summary>
    public ReadOnlySpan<byte> BasePath => _basePath;

    /// <summary>For logs.</summary>
    public string Name => _uri.OriginalString;

    /// <summary>Reads <c>host[:port][/path]</c>, with or without the scheme in front.</summary>
    public static bool TryParse(string text, bool isTls, out Uri uri)
    {
        string scheme = isTls ? "https://" : "http://";
        string full = text.StartsWith(scheme, StringComparison.OrdinalIgnoreCase) ? text : scheme + text;
        ReadOnlySpan<char> rest = full.AsSpan(scheme.Length);
        int slash = rest.IndexOf('/');
        bool hasPort = (slash < 0 ? rest : rest[..slash]) is not [.., ':']; // Otherwise it is another scheme.
        bool isPlace = hasPort && text.All(character => character is > ' ' and < '\x7F' and not ('?' or '#' or '\\'));
        return Uri.TryCreate(full, UriKind.Absolute, out uri!) && isPlace && uri is { Host.Length: > 0, Port: > 0, UserInfo.Length: 0 } && uri.Scheme + "://" == scheme;
    }

    /// <summary>What the client half is asked for.</summary>
    public ClientConnectOptions OptionsFor(string method, ForwardedHead head, ClientPool? pool, object? responder) => new()
    {
        Uri = _uri,
        Protocols = ReverseProxyProtocol.Only,
        Method = method,
        BodyLength = head.BodyLength,
        EndPoint = Options.EndPoint,
        Tls = Options.Tls,
        ConnectTimeout = Options.ConnectTimeout,
        HandshakeTimeout = Options.Timeout,

        // The answer's silence is counted by the responder, which knows when it is the client that keeps it waiting.
        BodyTimeout = Timeout.InfiniteTimeSpan,
        ReuseConnection = pool is { IsOn: true } && !head.IsUpgrade,
        Forwarded = head,
        Pool = pool,
        UserData = responder,
    };

    /// <summary>
    /// What a reference of the origin is called here: one that leads to the origin's place leads to the mount. Null for any other, which stays as it is.
    /// </summary>
    /// <param name="reference">The value of <c>Location</c> or <c>Content-Location</c> (RFC 9110 10.2.2 and 8.7).</param>
    /// <param name="askedHost">The host that the client has asked for, if the origin was told it.</param>
    public string? Translate(ReadOnlySpan<byte> reference, ReadOnlySpan<byte> askedHost)
    {
        ReadOnlySpan<byte> scheme = SchemeOf(reference);
        ReadOnlySpan<byte> rest = reference[scheme.Length..];
        if (rest.StartsWith("//"u8))
        {
            rest = rest[2..];
            int end = rest.IndexOfAny((byte)'/', (byte)'?', (byte)'#');
            ReadOnlySpan<byte> authority = end < 0 ? rest : rest[..end];
            bool isOrigin = (scheme.IsEmpty || Ascii.EqualsIgnoreCase(scheme, _scheme)) && IsOrigin(authority);

            // An origin that was told the client's host may name itself so, by the scheme that the client has come by.
            if (!isOrigin && (askedHost.IsEmpty || !Ascii.EqualsIgnoreCase(authority, askedHost)))
                return null;

            rest = end < 0 ? default : rest[end..];
        }
        else if (!scheme.IsEmpty || rest.IsEmpty || rest[0] != '/')
        {
            // Relative to the path that was asked for, which is the same here.
            return null;
        }

        if (!rest.StartsWith(_basePath))
            return null;

        rest = rest[_basePath.Length..];
        if (!rest.IsEmpty && rest[0] is not ((byte)'/' or (byte)'?' or (byte)'#'))
            return null;

        return Reference(rest);
    }

    /// <summary>A path below the mount point. Two slashes at its beginning would be read as a host (RFC 3986 4.2), which a path of the origin must not become.</summary>
    private string Reference(ReadOnlySpan<byte> rest)
    {
        string text = Encoding.Latin1.GetString(rest);
        if (_mountPoint.Length > 0)
            return Encoding.ASCII.GetString(_mountPoint) + text;
        if (text.StartsWith("//", StringComparison.Ordinal))
            return "/." + text;

        return text.StartsWith('/') ? text : "/" + text;
    }

    private bool IsOrigin(ReadOnlySpan<byte> authority) => Ascii.EqualsIgnoreCase(authority, _host) || Ascii.EqualsIgnoreCase(authority, _authority);

    private static ReadOnlySpan<byte> SchemeOf(ReadOnlySpan<byte> reference)
    {
        int colon = reference.IndexOf((byte)':');
        ReadOnlySpan<byte> scheme = colon < 0 ? default : reference[..(colon + 1)];
        return Ascii.EqualsIgnoreCase(scheme, "http:"u8) || Ascii.EqualsIgnoreCase(scheme, "https:"u8) ? scheme : default;
    }
}
