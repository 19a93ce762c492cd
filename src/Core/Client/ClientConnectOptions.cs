using System.Net;
using EventLoops.Protocols.Http;
using System.Text;

namespace EventLoops;

/// <summary>Where a client connects to, and what it speaks. Read during <see cref="LoopContext.Connect"/> and not kept.</summary>
public sealed class ClientConnectOptions
{
    /// <summary>Where to: <c>ws://host[:port]/path[?query]</c>.</summary>
    public required Uri Uri { get; init; }

    /// <summary>
    /// The protocols that this side speaks, the preferred first; at least one. Their names are offered to the server; the one it chooses is called
    /// from then on. The first is protocol 0: it is called until the server has chosen, when it chooses none, and for a failure.
    /// </summary>
    public required IReadOnlyList<Protocol> Protocols { get; init; }

    /// <summary>Whether the names of <see cref="Protocols"/> are offered. Default true; false asks for no subprotocol.</summary>
    public bool OfferProtocols { get; init; } = true;

    /// <summary>Connect here instead of to the host of <see cref="Uri"/>, which is then only named in the request. Null, the default, looks the host up.</summary>
    public EndPoint? EndPoint { get; init; }

    /// <summary>The value of the <c>Origin</c> field, as browsers send it; null, the default, for none.</summary>
    public string? Origin { get; init; }

    /// <summary>The extensions that are offered (RFC 6455 9), the preferred first, such as <see cref="PermessageDeflate"/>. Default none.</summary>
    public IReadOnlyList<WebSocketExtension> Extensions { get; init; } = [];

    /// <summary>Further header fields of the request.</summary>
    public IReadOnlyList<HttpField> Fields { get; init; } = [];

    /// <summary>How long looking up the host and making the TCP connection may take, all addresses together. Default 5 s.</summary>
    public TimeSpan ConnectTimeout { get; init; } = TimeSpan.FromSeconds(5);

    /// <summary>How long the server may take for its reply. Default 5 s.</summary>
    public TimeSpan HandshakeTimeout { get; init; } = TimeSpan.FromSeconds(5);

    /// <summary>How the open WebSocket finds out that the server has gone; null, the default, as the context says.</summary>
    public WebSocketKeepAlive? WebSocketKeepAlive { get; init; }

    /// <summary>What <see cref="Connection.UserData"/> is to hold from the beginning.</summary>
    public object? UserData { get; init; }

    internal void Validate()
    {
        ArgumentNullException.ThrowIfNull(Uri);
        ArgumentNullException.ThrowIfNull(Protocols);
        ArgumentNullException.ThrowIfNull(Fields);
        ExtensionAgreement.Validate(Extensions, nameof(Extensions));
        if (!Uri.IsAbsoluteUri || Uri.Scheme != "ws" || Uri.Host.Length == 0)
            throw new ArgumentException($"'{Uri}' is not of the form ws://host[:port]/path.", nameof(Uri));
        if (Protocols.Count == 0 || Protocols.Any(protocol => protocol is null))
            throw new ArgumentException("A client needs at least one protocol, and none that is null.", nameof(Protocols));

        ConnectionTimeouts.Check(ConnectTimeout, nameof(ConnectTimeout));
        ConnectionTimeouts.Check(HandshakeTimeout, nameof(HandshakeTimeout));
        WebSocketKeepAlive?.Validate();
        foreach (HttpField field in Fields)
            RequestHead.Check(field);
        if (Origin is not null)
            RequestHead.Check(new HttpField("Origin", Origin));
    }
}
