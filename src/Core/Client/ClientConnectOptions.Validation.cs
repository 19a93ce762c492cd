using System.Net;
using System.Net.Sockets;
using System.Text;
using EventLoops.Protocols.Http;

namespace EventLoops;

/// <summary>What a client's options must be, checked in the call that is given them.</summary>
public sealed partial class ClientConnectOptions
{
    private const int MostRedirects = 20;

    private static readonly TimeSpan ShortestAddressDelay = TimeSpan.FromMilliseconds(10);
    private static readonly TimeSpan LongestAddressDelay = TimeSpan.FromSeconds(2);

    internal void Validate()
    {
        ArgumentNullException.ThrowIfNull(Uri);
        ArgumentNullException.ThrowIfNull(Protocols);
        ArgumentNullException.ThrowIfNull(Fields);
        ExtensionAgreement.Validate(Extensions, nameof(Extensions));
        if (Protocols.Count == 0 || Protocols.Any(protocol => protocol is null))
            throw new ArgumentException("A client needs at least one protocol, and none that is null.", nameof(Protocols));

        ValidateAddress();
        ValidateRequest();
        ValidateSocket();
        ValidateTimes();
        Tls?.Validate();
        Sockets?.Validate();
    }

    private void ValidateAddress()
    {
        if (!Uri.IsAbsoluteUri || Uri.Scheme is not ("ws" or "http" or "wss" or "https") || Uri.Host.Length == 0)
            throw new ArgumentException($"'{Uri}' is not of the form ws[s]://host[:port]/path or http[s]://host[:port]/path.", nameof(Uri));
        if (Uri.Scheme is "ws" or "wss" && Uri.Fragment.Length > 0)
            throw new ArgumentException($"The address of a WebSocket has no fragment (RFC 6455 3); a '#' in its path or query is written %23: '{Uri}'.", nameof(Uri));
        if (Uri.PathAndQuery.Length > ClientTarget.MaxLength)
            throw new ArgumentException($"The path and query of {nameof(Uri)} have more than {ClientTarget.MaxLength} characters.", nameof(Uri));
        if (MaxRedirects is < 1 or > MostRedirects)
            throw new ArgumentOutOfRangeException(nameof(MaxRedirects), MaxRedirects, $"{nameof(MaxRedirects)} must lie between 1 and {MostRedirects}.");

        if (Proxy is null)
            return;
        if (EndPoint is not null)
            throw new ArgumentException($"{nameof(EndPoint)} and {nameof(Proxy)} both say where to connect to.", nameof(Proxy));
        if (!ClientProxy.TryParse(Proxy.OriginalString, out _))
            throw new ArgumentException($"{nameof(Proxy)} is not of the form http://[name:password@]host:port.", nameof(Proxy));
    }

    private void ValidateRequest()
    {
        bool isWebSocket = Uri.Scheme is "ws" or "wss";
        if (Method is not null)
        {
            if (isWebSocket)
                throw new ArgumentException("A WebSocket is always asked for with GET (RFC 6455 4.1): leave the method out, or write http:// to stay with HTTP.", nameof(Method));
            if (Method.Length > RequestLine.MaxMethodLength || !HttpChars.IsToken(Encoding.UTF8.GetBytes(Method)))
                throw new ArgumentException($"'{Method}' is no method: a token of at most {RequestLine.MaxMethodLength} characters (RFC 9110 9.1).", nameof(Method));
            if (Method == "CONNECT")
                throw new ArgumentException($"CONNECT makes a tunnel, which is what {nameof(Proxy)} does.", nameof(Method));
        }

        if (BodyLength < -1)
            throw new ArgumentOutOfRangeException(nameof(BodyLength), BodyLength, $"{nameof(BodyLength)} is a number of bytes, or -1 when it is not known.");
        if (BodyLength is not null && !Body.IsEmpty)
            throw new ArgumentException($"{nameof(Body)} and {nameof(BodyLength)} are two ways to give a body; only one can be taken.", nameof(BodyLength));
        if (isWebSocket && (BodyLength is not null || !Body.IsEmpty))
            throw new ArgumentException("The request for a WebSocket has no body.", BodyLength is null ? nameof(Body) : nameof(BodyLength));

        RequestHead head = new(this);
        foreach (HttpField field in Fields)
            head.Add(field.Name, field.Value);
        if (Origin is not null)
            head.Add("Origin", Origin);
    }

    private void ValidateSocket()
    {
        if (EndPoint is not (null or IPEndPoint or UnixDomainSocketEndPoint))
            throw new ArgumentException($"{nameof(EndPoint)} is an IPEndPoint or a UnixDomainSocketEndPoint.", nameof(EndPoint));
        if (LocalEndPoint is not (null or IPEndPoint or UnixDomainSocketEndPoint))
            throw new ArgumentException($"{nameof(LocalEndPoint)} is an IPEndPoint or a UnixDomainSocketEndPoint.", nameof(LocalEndPoint));
        if (EndPoint is not null && LocalEndPoint is not null && EndPoint.AddressFamily != LocalEndPoint.AddressFamily)
            throw new ArgumentException($"{nameof(LocalEndPoint)} is of another address family than {nameof(EndPoint)}.", nameof(LocalEndPoint));

        // netdevice(7): IFNAMSIZ is 16, the end included.
        if (Interface is not null && (Interface.Length is 0 or > 15 || !Ascii.IsValid(Interface)))
            throw new ArgumentException($"{nameof(Interface)} is the name of an interface: 1 to 15 ASCII characters.", nameof(Interface));
    }

    private void ValidateTimes()
    {
        ConnectionTimeouts.Check(ConnectTimeout, nameof(ConnectTimeout));
        ConnectionTimeouts.Check(HandshakeTimeout, nameof(HandshakeTimeout));
        ConnectionTimeouts.Check(BodyTimeout, nameof(BodyTimeout));
        ConnectionTimeouts.Check(OverallTimeout, nameof(OverallTimeout));
        if (AddressDelay < ShortestAddressDelay || AddressDelay > LongestAddressDelay)
            throw new ArgumentOutOfRangeException(nameof(AddressDelay), AddressDelay, $"{nameof(AddressDelay)} must lie between 10 ms and 2 s (RFC 8305 8).");

        WebSocketKeepAlive?.Validate();
        Retry?.Validate();
    }
}
