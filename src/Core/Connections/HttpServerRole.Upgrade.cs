using System.Text;
using EventLoops.Protocols.Http;
using EventLoops.Protocols.WebSocket;

namespace EventLoops;

/// <summary>From a request to a WebSocket (RFC 6455 4.2).</summary>
internal sealed partial class HttpServerRole
{
    private object? _zeroSession;
    private bool _upgradesAfterBody;
    private ExtensionChain? _extensions;

    /// <summary>
    /// A request to become a WebSocket. One with a body is read to its end first: RFC 9110 7.8 has a server switch after the whole request, and bytes of a body
    /// must never be taken for frames.
    /// </summary>
    private void BeginUpgrade(HttpHead head)
    {
        if (head.Framing == BodyFraming.None)
        {
            Upgrade(head);
            return;
        }

        ProtocolFault fault = head.ContentLength > Connection.Context.Limits.MaxRequestBody ? ProtocolFault.BodyTooLarge : WebSocketUpgrade.Check(head);
        BeginResponse(head);
        if (fault != ProtocolFault.None)
        {
            Refuse(fault);
            return;
        }

        _upgradesAfterBody = true;
        Connection.Move(ConnectionState.ReadingBody);
        BeginBody(head);
        _bodyIsUnwanted = true;
        ContinueIfWanted();
    }

    /// <summary>The body of a request to become a WebSocket was read past.</summary>
    private void UpgradeAfterBody()
    {
        _upgradesAfterBody = false;
        Connection.Move(ConnectionState.AwaitingRequest);
        Upgrade(_head!);
    }

    private void Upgrade(HttpHead head)
    {
        VirtualHost host = Connection.VirtualHost!;
        BeginResponse(head);
        ProtocolFault fault = WebSocketUpgrade.Check(head);
        if (fault == ProtocolFault.None)
            fault = CheckOrigin(head, host.Options);

        HostedProtocol? protocol = null;
        bool isNamed = false;
        if (fault == ProtocolFault.None)
            fault = ChooseProtocol(head, host, out protocol, out isNamed);
        if (fault != ProtocolFault.None)
        {
            Refuse(fault);
            return;
        }

        _zeroSession = Connection.Session;
        Connection.Bind(protocol!);
        CallbackOutcome outcome = RaiseUpgrading();
        if (Connection.IsClosed)
            return;
        if (IsRefusedAfter(outcome))
        {
            RestoreProtocolZero();
            RefuseUpgradeAfter(outcome);
            return;
        }

        _extensions = ExtensionAgreement.Accept(Connection, head, host.Options.Extensions, out string extensions);
        if (Connection.IsClosed)
            return;

        WriteSwitchingProtocols(head, isNamed ? protocol!.NameBytes : default, extensions);
        OpenWebSocket(protocol!);
    }

    /// <summary>A connection that never was a WebSocket belongs to protocol 0, with the data that it had there.</summary>
    private void RestoreProtocolZero()
    {
        HostedProtocol zero = Connection.VirtualHost!.ProtocolZero;
        if (Connection.Hosted != zero)
            Connection.Bind(zero, _zeroSession);
    }

    private ProtocolFault CheckOrigin(HttpHead head, VirtualHostOptions options)
    {
        if (options.Origin == OriginPolicy.Any || !head.Fields.Contains(KnownHeader.Origin))
            return ProtocolFault.None;

        ReadOnlySpan<byte> origin = head.Fields[KnownHeader.Origin];
        if (options.Origin == OriginPolicy.SameHost && IsOfHost(origin, head.Authority, Connection.IsTls))
            return ProtocolFault.None;
        foreach (string allowed in options.AllowedOrigins)
        {
            if (Ascii.EqualsIgnoreCase(origin, allowed))
                return ProtocolFault.None;
        }

        return ProtocolFault.OriginRefused;
    }

    /// <summary>
    /// An origin is scheme://host[:port] (RFC 6454 6.2); the same host is what follows the scheme, as both name the port only when it is not the scheme's own. A page
    /// that came without TLS may be anybody's who is on the way, so it is not of a host that speaks TLS; without TLS here, somebody in front may have it.
    /// </summary>
    private static bool IsOfHost(ReadOnlySpan<byte> origin, ReadOnlySpan<byte> host, bool isTls)
    {
        int authority = origin.IndexOf("://"u8);
        return authority >= 0 && (!isTls || Ascii.EqualsIgnoreCase(origin[..authority], "https"u8)) && Ascii.EqualsIgnoreCase(origin[(authority + 3)..], host);
    }

    /// <summary>The first of the client's protocols that is served here; the client's order is its order of preference (RFC 6455 4.1).</summary>
    private static ProtocolFault ChooseProtocol(HttpHead head, VirtualHost host, out HostedProtocol? chosen, out bool isNamed)
    {
        chosen = null;
        isNamed = false;
        bool wasAsked = false;
        foreach (ReadOnlySpan<byte> name in WebSocketUpgrade.Protocols(head))
        {
            wasAsked = true;
            chosen ??= host.Find(name);
        }

        isNamed = chosen is not null;
        if (chosen is not null)
            return ProtocolFault.None;
        if (wasAsked && host.Options.UnknownSubprotocol == UnknownSubprotocolPolicy.Refuse)
            return ProtocolFault.SubprotocolUnknown;

        chosen = host.DefaultProtocol;
        return ProtocolFault.None;
    }

    private void WriteSwitchingProtocols(HttpHead head, ReadOnlySpan<byte> protocolName, string extensions)
    {
        Span<byte> accept = stackalloc byte[WebSocketHandshake.AcceptLength];
        WebSocketHandshake.ComputeAccept(head.Fields[KnownHeader.SecWebSocketKey], accept);

        HeadWriter writer = new(Thread.Scratch);
        writer.StatusLine(101);
        writer.Field("Upgrade"u8, "websocket"u8);
        writer.Field("Connection"u8, "Upgrade"u8);
        writer.Field("Sec-WebSocket-Accept"u8, accept);
        if (!protocolName.IsEmpty)
            writer.Field("Sec-WebSocket-Protocol"u8, protocolName);
        if (extensions.Length > 0)
            writer.Field("Sec-WebSocket-Extensions", extensions);
        WriteAddedFields(ref writer);
        writer.End();
        NoteAnswer(101);
        Connection.Send(writer.Written);
    }

    private void OpenWebSocket(HostedProtocol protocol)
    {
        // The reply leaves before the user hears of the connection: a peer that has gone meanwhile is noticed here, and there is nothing to tell.
        Connection.FlushNow();
        if (Connection.IsClosed)
            return;

        WebSocketRole webSocket = new(Connection, protocol.FrameOptions, _extensions);
        _extensions = null;
        Connection.TakeRole(webSocket);
        Connection.Move(ConnectionState.Established);
        protocol.Add(Connection);
        webSocket.Open(Connection.VirtualHost!.Options.WebSocketKeepAlive);

        // The request's header fields could be read up to here, and are gone from now on.
        ReleaseHead();
        ServiceThread thread = Thread;
        Forget();
        thread.ReturnHttpRole(this);
    }
}
