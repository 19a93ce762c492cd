namespace EventLoops;

/// <summary>
/// A header field that can be asked for without spelling its name: <c>connection.Headers[KnownHeader.Origin]</c>.
/// Names on the wire are compared without regard to case (RFC 9110 5.1). The numbers are not part of any protocol.
/// </summary>
public enum KnownHeader : byte
{
    /// <summary>A field whose name is none of the others.</summary>
    None,

    /// <summary><c>Host</c>: the authority that the request is for, RFC 9110 7.2.</summary>
    Host,

    /// <summary><c>Connection</c>: options and fields of this hop only, RFC 9110 7.6.1.</summary>
    Connection,

    /// <summary><c>Upgrade</c>: protocols to switch to, RFC 9110 7.8.</summary>
    Upgrade,

    /// <summary><c>Sec-WebSocket-Key</c>: the client's nonce, RFC 6455 11.3.1.</summary>
    SecWebSocketKey,

    /// <summary><c>Sec-WebSocket-Version</c>: RFC 6455 11.3.5.</summary>
    SecWebSocketVersion,

    /// <summary><c>Sec-WebSocket-Protocol</c>: subprotocols offered or chosen, RFC 6455 11.3.4.</summary>
    SecWebSocketProtocol,

    /// <summary><c>Sec-WebSocket-Extensions</c>: RFC 6455 11.3.2.</summary>
    SecWebSocketExtensions,

    /// <summary><c>Sec-WebSocket-Accept</c>: the server's proof, RFC 6455 11.3.3.</summary>
    SecWebSocketAccept,

    /// <summary><c>Origin</c>: which site's script asks, RFC 6454 7.</summary>
    Origin,

    /// <summary><c>Content-Length</c>: RFC 9110 8.6.</summary>
    ContentLength,

    /// <summary><c>Transfer-Encoding</c>: RFC 9112 6.1.</summary>
    TransferEncoding,

    /// <summary><c>Content-Type</c>.</summary>
    ContentType,

    /// <summary><c>User-Agent</c>.</summary>
    UserAgent,

    /// <summary><c>Cookie</c>.</summary>
    Cookie,

    /// <summary><c>Authorization</c>.</summary>
    Authorization,

    /// <summary><c>Expect</c>.</summary>
    Expect,

    /// <summary><c>Accept</c>.</summary>
    Accept,

    /// <summary><c>Accept-Encoding</c>.</summary>
    AcceptEncoding,

    /// <summary><c>Accept-Language</c>.</summary>
    AcceptLanguage,

    /// <summary><c>If-None-Match</c>.</summary>
    IfNoneMatch,

    /// <summary><c>If-Modified-Since</c>.</summary>
    IfModifiedSince,

    /// <summary><c>If-Range</c>.</summary>
    IfRange,

    /// <summary><c>If-Match</c>.</summary>
    IfMatch,

    /// <summary><c>If-Unmodified-Since</c>.</summary>
    IfUnmodifiedSince,

    /// <summary><c>Range</c>.</summary>
    Range,

    /// <summary><c>Referer</c>.</summary>
    Referer,

    /// <summary><c>Location</c>.</summary>
    Location,

    /// <summary><c>Date</c>.</summary>
    Date,

    /// <summary><c>Server</c>.</summary>
    Server,

    /// <summary><c>Cache-Control</c>.</summary>
    CacheControl,

    /// <summary><c>Set-Cookie</c>.</summary>
    SetCookie,

    /// <summary><c>ETag</c>.</summary>
    ETag,

    /// <summary><c>Last-Modified</c>.</summary>
    LastModified,

    /// <summary><c>Keep-Alive</c>.</summary>
    KeepAlive,

    /// <summary><c>Trailer</c>.</summary>
    Trailer,

    /// <summary><c>TE</c>.</summary>
    Te,

    /// <summary><c>Proxy-Authorization</c>.</summary>
    ProxyAuthorization,

    /// <summary><c>WWW-Authenticate</c>.</summary>
    WwwAuthenticate,

    /// <summary><c>X-Forwarded-For</c>.</summary>
    XForwardedFor,

    /// <summary><c>Forwarded</c>.</summary>
    Forwarded,

    /// <summary><c>Accept-Ranges</c>.</summary>
    AcceptRanges,

    /// <summary><c>Access-Control-Allow-Origin</c>.</summary>
    AccessControlAllowOrigin,

    /// <summary><c>Access-Control-Request-Method</c>.</summary>
    AccessControlRequestMethod,

    /// <summary><c>Access-Control-Request-Headers</c>.</summary>
    AccessControlRequestHeaders,

    /// <summary><c>Age</c>.</summary>
    Age,

    /// <summary><c>Allow</c>.</summary>
    Allow,

    /// <summary><c>Content-Disposition</c>.</summary>
    ContentDisposition,

    /// <summary><c>Content-Encoding</c>.</summary>
    ContentEncoding,

    /// <summary><c>Content-Language</c>.</summary>
    ContentLanguage,

    /// <summary><c>Content-Location</c>.</summary>
    ContentLocation,

    /// <summary><c>Content-Range</c>.</summary>
    ContentRange,

    /// <summary><c>Expires</c>.</summary>
    Expires,

    /// <summary><c>From</c>.</summary>
    From,

    /// <summary><c>Max-Forwards</c>.</summary>
    MaxForwards,

    /// <summary><c>Pragma</c>.</summary>
    Pragma,

    /// <summary><c>Proxy-Authenticate</c>.</summary>
    ProxyAuthenticate,

    /// <summary><c>Proxy-Connection</c>.</summary>
    ProxyConnection,

    /// <summary><c>Retry-After</c>.</summary>
    RetryAfter,

    /// <summary><c>Vary</c>.</summary>
    Vary,

    /// <summary><c>Via</c>.</summary>
    Via,

    /// <summary><c>X-Forwarded-Host</c>.</summary>
    XForwardedHost,

    /// <summary><c>X-Forwarded-Proto</c>.</summary>
    XForwardedProto,

    /// <summary><c>X-Real-IP</c>.</summary>
    XRealIp,

    /// <summary><c>DNT</c>: sent as <c>1</c> by browsers whose user asked for it.</summary>
    DoNotTrack,

    /// <summary><c>Upgrade-Insecure-Requests</c>.</summary>
    UpgradeInsecureRequests,

    /// <summary><c>Sec-Fetch-Site</c>.</summary>
    SecFetchSite,

    /// <summary><c>Sec-Fetch-Mode</c>.</summary>
    SecFetchMode,

    /// <summary><c>Sec-Fetch-Dest</c>.</summary>
    SecFetchDest,

    /// <summary><c>Sec-Fetch-User</c>.</summary>
    SecFetchUser,

    /// <summary><c>Strict-Transport-Security</c>.</summary>
    StrictTransportSecurity,

    /// <summary><c>Content-Security-Policy</c>.</summary>
    ContentSecurityPolicy,

    /// <summary><c>X-Requested-With</c>.</summary>
    XRequestedWith,
}
