using System.Text;

namespace EventLoops;

/// <summary>An address taken apart into what a client needs of it.</summary>
internal sealed class ClientTarget
{
    /// <summary>The longest path and query that are asked for: what RFC 9112 3 wants every server to take, and what nginx and Kestrel do take.</summary>
    public const int MaxLength = 8 * 1024;

    public ClientTarget(Uri uri)
    {
        Uri = uri;
        IsTls = uri.Scheme is "wss" or "https";
        IsWebSocket = uri.Scheme is "ws" or "wss";

        // The name as the resolver and the Host field want it: in ASCII (RFC 5891), an IPv6 address without the brackets that an address has around it.
        Host = uri.IdnHost;
        string host = uri.HostNameType == UriHostNameType.IPv6 ? $"[{Host}]" : Host;
        Authority = $"{host}:{uri.Port}";
        HostField = uri.IsDefaultPort ? host : Authority;
    }

    public Uri Uri { get; }

    public bool IsTls { get; }

    public bool IsWebSocket { get; }

    /// <summary>What is looked up.</summary>
    public string Host { get; }

    public int Port => Uri.Port;

    /// <summary>Host and port, as in CONNECT (RFC 9112 3.2.3).</summary>
    public string Authority { get; }

    /// <summary>Host, and port unless it is the scheme's own (RFC 9110 7.2).</summary>
    public string HostField { get; }

    /// <summary>Path and query (RFC 9112 3.2.1).</summary>
    public string OriginForm => Uri.PathAndQuery;

    /// <summary>The whole address, for a proxy that forwards the request (RFC 9112 3.2.2).</summary>
    public string AbsoluteForm => $"http://{HostField}{Uri.PathAndQuery}";

    /// <summary>The value of an <c>Authorization</c> field from the name and password in the address, or null.</summary>
    public string? Credentials => BasicCredentials(Uri.UserInfo);

    /// <summary>Basic credentials (RFC 7617 2) from <c>name:password</c> as an address has them, or null for none.</summary>
    public static string? BasicCredentials(string userInfo) =>
        userInfo.Length == 0 ? null : "Basic " + Convert.ToBase64String(Encoding.UTF8.GetBytes(Uri.UnescapeDataString(userInfo)));

    /// <summary>Whether two addresses are of one origin (RFC 6454 5): scheme, host and port.</summary>
    public bool IsSameOrigin(ClientTarget other) => IsTls == other.IsTls && IsWebSocket == other.IsWebSocket && Authority == other.Authority;
}
