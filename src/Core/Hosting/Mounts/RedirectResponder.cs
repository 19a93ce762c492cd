using System.Text;
using EventLoops.Protocols.Http;

namespace EventLoops;

/// <summary>Sends a client to another scheme, host or place, with the rest of the path and the query as they were.</summary>
internal sealed class RedirectResponder(HttpServerRole role) : Responder(role)
{
    public override void Begin(in MountRequest request)
    {
        MountOrigin origin = request.Mount.Origin;
        string? authority = origin.Target.Length > 0 ? origin.Target.TrimEnd('/') : AskedHost(request);
        if (authority is null)
        {
            Role.Answer(400, "The request does not say which host it is for, and the redirect keeps the host.", request.Mount.Mount.Fields);
            return;
        }

        // Without a host of its own the redirect keeps the whole path: it goes from one scheme to the other, and not from place to place.
        StringBuilder location = new(origin.Kind == MountKind.RedirectHttps ? "https://" : "http://");
        location.Append(authority).Append(UriPath.Encode(origin.Target.Length > 0 ? request.Rest : request.Path));
        if (!request.Query.IsEmpty)
            location.Append('?').Append(Encoding.Latin1.GetString(request.Query));

        // RFC 9110 15.4.2: after a 301, clients repeat a POST as a GET; 308 keeps the method.
        Role.Redirect(request.IsGetOrHead ? 301 : 308, location.ToString(), request.Mount.Mount.Fields);
    }

    /// <summary>The host that was asked for, without its port, which belongs to the scheme that is left.</summary>
    private static string? AskedHost(in MountRequest request)
    {
        ReadOnlySpan<byte> authority = HostName.WithoutPort(request.Head.Authority);
        return authority.IsEmpty ? null : Encoding.Latin1.GetString(authority);
    }
}
