using System.Text;
using EventLoops.Protocols.Http;
using EventLoops.Protocols.WebSocket;

namespace EventLoops;

/// <summary>The opening handshake of a client (RFC 6455 4.1): the request goes out, and the reply is read and checked.</summary>
internal sealed class ClientHandshakeRole(Connection connection, ClientConnectOptions options) : ClientRole(connection, options)
{
    private readonly string _offered = options.OfferProtocols
        ? string.Join(", ", options.Protocols.Select(protocol => protocol.Name).Where(name => name.Length > 0))
        : "";

    private HttpHead? _head;
    private KeyBytes _key;
    private RequestHead? _request;
    private string _offeredExtensions = "";
    private ExtensionChain? _extensions;

    /// <summary>The request that is being written; only inside <c>OnWritingRequest</c>.</summary>
    public RequestHead Request => _request ?? throw new InvalidOperationException("The request can be changed inside OnWritingRequest only.");

    protected override ConnectStage Stage => ConnectStage.Handshake;

    /// <summary>Writes the request. It leaves at the end of the connection's service.</summary>
    public void Begin()
    {
        Connection.SetDeadline(Deadline.Handshake, Options.HandshakeTimeout);
        _request = new RequestHead(Options.Fields);
        CallbackOutcome outcome = Connection.Raise(CallbackReason.ClientAppendHandshakeHeader);
        if (Connection.IsClosed)
            return;
        if (outcome != CallbackOutcome.Continue)
        {
            Fail(Refused(outcome, "OnWritingRequest"));
            return;
        }

        if (!TryOfferExtensions())
            return;

        WriteRequest(_request);
        _request = null;
    }

    public override void Consume(ref Span<byte> bytes)
    {
        HttpHead head = _head ??= Connection.Thread.RentHead(HttpHeadKind.Response);
        HeadStatus status = head.Feed(bytes, out int consumed);
        bytes = bytes[consumed..];
        switch (status)
        {
            case HeadStatus.NeedMore:
                return;
            case HeadStatus.Fault:
                Fail(Broken(head.Fault));
                return;
            default:
                OnReply(head);
                return;
        }
    }

    public override void OnEndOfStream() =>
        Fail(new ConnectFailure { Stage = ConnectStage.Handshake, Reason = "the server closed the connection before its reply was complete" });

    public override void OnDeadline(Deadline deadline) =>
        Fail(new ConnectFailure { Stage = ConnectStage.Handshake, Reason = $"no reply within {Options.HandshakeTimeout.TotalSeconds:0.###} s", IsTimeout = true });

    public override void Release()
    {
        Connection.CurrentHead = null;
        if (_head is not null)
            Connection.Thread.ReturnHead(_head);
        _head = null;
        _extensions?.Release();
        _extensions = null;
    }

    private static ConnectFailure Refused(CallbackOutcome outcome, string callback) => new()
    {
        Stage = ConnectStage.Handshake,
        Reason = outcome == CallbackOutcome.Failed ? $"{callback} threw" : $"refused by {callback}",
    };

    private static ConnectFailure Broken(ProtocolFault fault, int status = 0) => new()
    {
        Stage = ConnectStage.Handshake,
        Reason = fault.Describe() + (fault == ProtocolFault.ReplyStatusNot101 ? $" ({status})" : ""),
        Fault = fault,
        HttpStatus = status,
    };

    private void OnReply(HttpHead head)
    {
        Span<byte> accept = stackalloc byte[WebSocketHandshake.AcceptLength];
        WebSocketHandshake.ComputeAccept(_key, accept);
        ProtocolFault fault = WebSocketUpgrade.CheckReply(head, accept, Encoding.ASCII.GetBytes(_offered), Encoding.ASCII.GetBytes(NamesOf(_offeredExtensions)));
        if (fault == ProtocolFault.None)
        {
            TakeProtocol(head);
            if (!ExtensionAgreement.TryConfirm(Connection, head, Options.Extensions, out _extensions))
                fault = ProtocolFault.ReplyExtensionRefused;
        }

        if (fault != ProtocolFault.None)
        {
            Fail(Broken(fault, head.StatusCode));
            return;
        }

        Connection.CurrentHead = head;
        CallbackOutcome outcome = Connection.Raise(CallbackReason.ClientFilterPreEstablish);
        if (Connection.IsClosed)
            return;
        if (outcome != CallbackOutcome.Continue)
        {
            Fail(Refused(outcome, "OnUpgraded"));
            return;
        }

        ExtensionChain? extensions = _extensions;
        _extensions = null;
        Release();
        Open(extensions);
    }

    /// <summary>The names in a value of Sec-WebSocket-Extensions, without parameters.</summary>
    private static string NamesOf(string offers) => string.Join(", ", offers.Split(", ").Select(offer => offer.Split(';')[0]));

    private bool TryOfferExtensions()
    {
        try
        {
            _offeredExtensions = ExtensionAgreement.Offer(Connection, Options.Extensions);
        }
        catch (Exception exception)
        {
            Connection.Context.Log.ExtensionThrew(Connection.Id, exception);
            Fail(new ConnectFailure { Stage = ConnectStage.Handshake, Reason = "an extension threw while it was to be offered" });
        }

        return !Connection.IsClosed;
    }

    /// <summary>The server has chosen one of the names that it was offered, or none (RFC 6455 4.1).</summary>
    private void TakeProtocol(HttpHead head)
    {
        if (!head.Fields.Contains(KnownHeader.SecWebSocketProtocol))
            return;

        string chosen = head.Fields.GetString(KnownHeader.SecWebSocketProtocol);
        Protocol protocol = Options.Protocols.First(offered => offered.Name == chosen);
        if (protocol != Connection.Protocol)
            Connection.Bind(protocol);
    }

    private void Open(ExtensionChain? extensions)
    {
        Connection.ClearDeadline();
        FrameReaderOptions frames = WebSocketRole.OptionsFor(Connection.Protocol, Connection.Context.Limits, isServer: false);
        WebSocketRole webSocket = new(Connection, frames, extensions);
        Connection.TakeRole(webSocket);
        Connection.Move(ConnectionState.Established);
        Connection.Context.Clients.Add(Connection);
        webSocket.Open(Options.WebSocketKeepAlive);
    }

    private void WriteRequest(RequestHead request)
    {
        WebSocketHandshake.CreateKey(_key);
        HeadWriter writer = new(Connection.Thread.Scratch);
        writer.RequestLine("GET"u8, Options.Uri.PathAndQuery);
        writer.Field("Host", Options.Uri.Authority);
        writer.Field("Upgrade"u8, "websocket"u8);
        writer.Field("Connection"u8, "Upgrade"u8);
        writer.Field("Sec-WebSocket-Key"u8, _key);
        writer.Field("Sec-WebSocket-Version"u8, "13"u8);
        if (_offered.Length > 0)
            writer.Field("Sec-WebSocket-Protocol", _offered);
        if (_offeredExtensions.Length > 0)
            writer.Field("Sec-WebSocket-Extensions", _offeredExtensions);
        if (Options.Origin is not null)
            writer.Field("Origin", Options.Origin);
        foreach (HttpField field in request.Fields)
            writer.Field(field.Name, field.Value);
        writer.End();
        Connection.Send(writer.Written);
    }

    [System.Runtime.CompilerServices.InlineArray(WebSocketHandshake.KeyLength)]
    private struct KeyBytes
    {
        private byte _first;
    }
}
