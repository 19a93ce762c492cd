using System.Runtime.CompilerServices;
using System.Text;
using EventLoops.Protocols.Http;
using EventLoops.Protocols.WebSocket;

namespace EventLoops;

/// <summary>The opening handshake of a client (RFC 6455 4.1): the request goes out, and the reply is read and checked.</summary>
internal sealed class ClientHandshakeRole(Connection connection, ClientCall call) : ClientRole(connection, call)
{
    private readonly string _offered = call.Options.OfferProtocols
        ? string.Join(", ", call.Options.Protocols.Select(protocol => protocol.Name).Where(name => name.Length > 0))
        : "";

    private readonly ReplyReader _reader = new(connection.Thread, RequestMethod.Get);
    private KeyBytes _key;
    private RequestHead? _request;
    private string _offeredExtensions = "";
    private ExtensionChain? _extensions;

    public override RequestHead? Request => _request;

    protected override ConnectStage Stage => ConnectStage.Handshake;

    /// <summary>Writes the request. It leaves at the end of the connection's service.</summary>
    public void Begin()
    {
        Connection.SetDeadline(Deadline.Handshake, Options.HandshakeTimeout);
        _request = new RequestHead(Call);
        CallbackOutcome outcome = Connection.Raise(CallbackReason.ClientAppendHandshakeHeader);
        if (Connection.IsClosed)
            return;
        if (outcome != CallbackOutcome.Continue)
        {
            FailRefused(outcome, "OnWritingRequest");
            return;
        }

        if (!TryOfferExtensions())
            return;

        WriteRequest(_request);
        _request = null;
    }

    public override void Consume(ref Span<byte> bytes)
    {
        switch (_reader.Read(ref bytes, expectsUpgrade: true))
        {
            case HeadStatus.NeedMore:
                return;
            case HeadStatus.Fault:
                Fail(ConnectFailure.Of(ConnectStage.Handshake, _reader.Fault));
                return;
            default:
                OnReply(_reader.Head);
                return;
        }
    }

    public override void OnEndOfStream() => Fail(EndedEarly);

    public override void OnDeadline(Deadline deadline) => Fail(NoReply(Options.HandshakeTimeout));

    public override void Release()
    {
        Connection.CurrentHead = null;
        _reader.Release();
        _extensions?.Release();
        _extensions = null;
    }

    private void OnReply(HttpHead head)
    {
        Span<byte> accept = stackalloc byte[WebSocketHandshake.AcceptLength];
        WebSocketHandshake.ComputeAccept(_key, accept);
        ProtocolFault fault = WebSocketUpgrade.CheckReply(head, accept, Encoding.ASCII.GetBytes(_offered), Encoding.ASCII.GetBytes(NamesOf(_offeredExtensions)));
        Connection.CurrentHead = head;
        if (fault == ProtocolFault.ReplyStatusNot101 && Call.TryRedirect(head, keepsSocket: false, out ConnectFailure redirect))
        {
            if (redirect.Reason is not null)
                FailFinally(redirect);
            return;
        }

        if (fault == ProtocolFault.None)
        {
            TakeProtocol(head);
            if (!ExtensionAgreement.TryConfirm(Connection, head, Options.Extensions, out _extensions))
                fault = ProtocolFault.ReplyExtensionRefused;
        }

        if (fault != ProtocolFault.None)
        {
            Fail(ConnectFailure.Of(ConnectStage.Handshake, fault, fault == ProtocolFault.ReplyStatusNot101 ? head.StatusCode : 0) with { HttpStatus = head.StatusCode });
            return;
        }

        CallbackOutcome outcome = Connection.Raise(CallbackReason.ClientFilterPreEstablish);
        if (Connection.IsClosed)
            return;
        if (outcome != CallbackOutcome.Continue)
        {
            FailRefused(outcome, "OnUpgraded");
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
            FailFinally(new ConnectFailure { Stage = ConnectStage.Handshake, Reason = "an extension threw while it was to be offered" });
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
        Call.OnOpened();
        StrongBox<FrameReaderOptions> frames = WebSocketRole.OptionsFor(Connection.Protocol, Connection.Context.Limits, isServer: false);
        WebSocketRole webSocket = new(Connection, frames, extensions);
        Connection.TakeRole(webSocket);
        Connection.Move(ConnectionState.Established);
        Connection.Thread.Clients.Add(Connection);
        webSocket.Open(Options.WebSocketKeepAlive);
    }

    private void WriteRequest(RequestHead request)
    {
        WebSocketHandshake.CreateKey(_key);
        HeadWriter writer = new(Connection.Thread.Scratch);
        writer.RequestLine("GET"u8, Call.Target.OriginForm);
        writer.Field("Host", Call.Target.HostField);
        writer.Field("Upgrade"u8, "websocket"u8);
        writer.Field("Connection"u8, "Upgrade"u8);
        writer.Field("Sec-WebSocket-Key"u8, _key);
        writer.Field("Sec-WebSocket-Version"u8, "13"u8);
        if (_offered.Length > 0)
            writer.Field("Sec-WebSocket-Protocol", _offered);
        if (_offeredExtensions.Length > 0)
            writer.Field("Sec-WebSocket-Extensions", _offeredExtensions);
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
