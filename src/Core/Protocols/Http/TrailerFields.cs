namespace EventLoops.Protocols.Http;

/// <summary>
/// Which fields must not come after the body: those that frame or route the message, or that had to be known before it was handled (RFC
/// 9110 6.5.1).
/// </summary>
internal static class TrailerFields
{
    /// <summary>No forbidden name is as long as this, so that a longer name cut to it is not taken for one.</summary>
    internal const int LongestForbidden = 32;

    internal static bool IsForbidden(KnownHeader header) => header switch
    {
        KnownHeader.Host or KnownHeader.Connection or KnownHeader.Upgrade or KnownHeader.KeepAlive or KnownHeader.ProxyConnection => true,
        KnownHeader.ContentLength or KnownHeader.TransferEncoding or KnownHeader.Te or KnownHeader.Trailer => true,
        KnownHeader.ContentType or KnownHeader.ContentEncoding or KnownHeader.ContentRange => true,
        KnownHeader.Authorization or KnownHeader.ProxyAuthorization or KnownHeader.Cookie or KnownHeader.SetCookie => true,
        KnownHeader.WwwAuthenticate or KnownHeader.ProxyAuthenticate => true,
        KnownHeader.CacheControl or KnownHeader.Expect or KnownHeader.MaxForwards or KnownHeader.Pragma or KnownHeader.Range => true,
        KnownHeader.IfMatch or KnownHeader.IfNoneMatch or KnownHeader.IfModifiedSince or KnownHeader.IfUnmodifiedSince => true,
        KnownHeader.IfRange or KnownHeader.Location or KnownHeader.Origin or KnownHeader.Forwarded or KnownHeader.XForwardedFor => true,
        KnownHeader.SecWebSocketKey or KnownHeader.SecWebSocketVersion or KnownHeader.SecWebSocketAccept => true,
        KnownHeader.SecWebSocketProtocol or KnownHeader.SecWebSocketExtensions => true,
        _ => false,
    };
}
