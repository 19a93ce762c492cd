using System.Text;
using EventLoops.Protocols.Http;

namespace EventLoops;

/// <summary>The rules of redirects (RFC 9110 15.4): which replies are one, where it leads, and what is asked there.</summary>
internal static class ClientRedirect
{
    // What says only what the client would like to have or what the body is. All other fields may be a key to the first origin's doors, and stay there.
    private static readonly HashSet<string> Harmless = new(StringComparer.OrdinalIgnoreCase)
    {
        "Accept", "Accept-Charset", "Accept-Encoding", "Accept-Language", "Cache-Control", "Pragma", "Range", "User-Agent",
        "Content-Type", "Content-Encoding", "Content-Language",
    };

    /// <summary>Whether a reply is a redirect that a program can follow. 300 is a choice, and 304 and 305 are something else.</summary>
    public static bool IsRedirect(HttpHead head) =>
        head.StatusCode is 301 or 302 or 303 or 307 or 308 && head.HasField(KnownHeader.Location);

    /// <summary>The method of the next request: 303 asks for a GET, and 301 and 302 make one of POST, as all clients do (RFC 9110 15.4.2 to 15.4.4).</summary>
    public static string MethodAfter(int status, string method) => status switch
    {
        303 when method != "HEAD" => "GET",
        301 or 302 when method == "POST" => "GET",
        _ => method,
    };

    /// <summary>Whether the next request carries the body of the last one.</summary>
    public static bool KeepsBody(int status, string method) => status != 303 && MethodAfter(status, method) == method;

    /// <summary>Finds where a redirect leads.</summary>
    /// <param name="from">What was asked.</param>
    /// <param name="location">The value of <c>Location</c>: an address, or a reference within the last one (RFC 9110 10.2.2).</param>
    /// <param name="to">The next target, when there is no fault.</param>
    public static ProtocolFault Resolve(ClientTarget from, ReadOnlySpan<byte> location, out ClientTarget? to)
    {
        to = null;
        if (location.IsEmpty || !Uri.TryCreate(from.Uri, Encoding.UTF8.GetString(location), out Uri? uri) || uri.Host.Length == 0 || uri.Port is 0)
            return ProtocolFault.InvalidRedirect;

        // A server that redirects a WebSocket's request may write the address as one of HTTP, since the request is one. An HTTP request does not become a WebSocket.
        if (from.IsWebSocket && uri.Scheme is "http" or "https")
            uri = new UriBuilder(uri) { Scheme = uri.Scheme == "http" ? "ws" : "wss", Port = uri.IsDefaultPort ? -1 : uri.Port }.Uri;
        bool isSpoken = from.IsWebSocket ? uri.Scheme is "ws" or "wss" : uri.Scheme is "http" or "https";
        if (!isSpoken || uri.PathAndQuery.Length > ClientTarget.MaxLength)
            return ProtocolFault.InvalidRedirect;

        to = new ClientTarget(uri);
        return from.IsTls && !to.IsTls ? ProtocolFault.RedirectToPlain : ProtocolFault.None;
    }

    /// <summary>
    /// The fields of the next request. RFC 9110 15.4 takes away what was made for the former target, credentials before all; what is left for another origin
    /// is a list of what is known to be harmless, since any other name may stand for a key.
    /// </summary>
    public static IReadOnlyList<HttpField> FieldsFor(IReadOnlyList<HttpField> fields, bool isFirstOrigin, bool hasBody)
    {
        if (isFirstOrigin && hasBody)
            return fields;

        return [.. fields.Where(field => (isFirstOrigin || Harmless.Contains(field.Name))
            && (hasBody || !field.Name.StartsWith("Content-", StringComparison.OrdinalIgnoreCase)))];
    }
}
