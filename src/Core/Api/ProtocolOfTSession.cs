using System.Runtime.CompilerServices;

namespace EventLoops;

/// <summary>The session type of a protocol that keeps nothing for a connection.</summary>
public struct NoSession;

/// <summary>
/// A protocol with data for each of its connections. Override what you need; every method has a default that is right for a protocol
/// that does not care. All of them are called on the loop's thread, and none may block: the loop serves nobody else meanwhile.
/// An exception that leaves one of them is logged and closes its own connection with 1011.
/// </summary>
/// <typeparam name="TSession">
/// The data of one connection. It is zeroed when the connection takes this protocol and lives until the closing callback has returned.
/// Use <see cref="NoSession"/> for none.
/// </typeparam>
/// <param name="name">The name that peers ask for (RFC 6455 1.9): a token, or empty for a protocol that is never negotiated.</param>
public abstract class Protocol<TSession>(string name) : Protocol(name)
    where TSession : struct
{
    private static NoData noData;

    /// <summary>An accepted connection has its object; nothing was read from it yet. Protocol 0 only.
    /// (<see cref="CallbackReason.ServerNewClientInstantiated"/>)</summary>
    /// <param name="connection">The connection.</param>
    /// <param name="session">Its data.</param>
    /// <returns><see cref="CallbackResult.Close"/> drops the connection without an answer.</returns>
    protected virtual CallbackResult OnAccepted(Connection connection, ref TSession session) => CallbackResult.Continue;

    /// <summary>A request head was read and its fields can be read from <see cref="Connection.Headers"/>. Protocol 0 only.
    /// (<see cref="CallbackReason.FilterHttpConnection"/>)</summary>
    /// <param name="connection">The connection.</param>
    /// <param name="session">Its data. It stays the same for all requests of one connection.</param>
    /// <param name="path">The decoded path, without the query. Valid only during the call.</param>
    /// <returns><see cref="CallbackResult.Close"/> answers 403 and closes.</returns>
    protected virtual CallbackResult OnFilterHttp(Connection connection, ref TSession session, ReadOnlySpan<byte> path) => CallbackResult.Continue;

    /// <summary>A request wants an answer, by <see cref="Connection.Respond"/> or <see cref="Connection.StartResponse"/>, now or later. Protocol 0,
    /// and the protocol of a <see cref="MountOrigin.Callback"/> mount. The default answers 404, or 405 where a mount of files has answered GET.
    /// (<see cref="CallbackReason.Http"/>)</summary>
    /// <param name="connection">The connection.</param>
    /// <param name="session">Its data.</param>
    /// <param name="path">The decoded path, without the query. Valid only during the call.</param>
    /// <returns><see cref="CallbackResult.Close"/> drops the connection.</returns>
    protected virtual CallbackResult OnHttp(Connection connection, ref TSession session, ReadOnlySpan<byte> path)
    {
        connection.RespondWithNothing(path);
        return CallbackResult.Continue;
    }

    /// <summary>A part of the request's body has come. (<see cref="CallbackReason.HttpBody"/>)</summary>
    /// <param name="connection">The connection.</param>
    /// <param name="session">Its data.</param>
    /// <param name="part">The bytes; valid only during the call.</param>
    /// <returns><see cref="CallbackResult.Close"/> drops the connection.</returns>
    protected virtual CallbackResult OnHttpBody(Connection connection, ref TSession session, ReadOnlySpan<byte> part) => CallbackResult.Continue;

    /// <summary>The request's body is complete. Called for requests with a body only. (<see cref="CallbackReason.HttpBodyCompletion"/>)</summary>
    /// <param name="connection">The connection.</param>
    /// <param name="session">Its data.</param>
    /// <returns><see cref="CallbackResult.Close"/> drops the connection.</returns>
    protected virtual CallbackResult OnHttpBodyEnd(Connection connection, ref TSession session) => CallbackResult.Continue;

    /// <summary>
    /// The answer, or a client's request, may be continued: <see cref="Connection.RequestWritable"/> asked for it, or the kernel has taken what it once refused. A client
    /// with <see cref="ClientConnectOptions.BodyLength"/> is called once by itself when its request's head is written.
    /// (<see cref="CallbackReason.HttpWriteable"/>, <see cref="CallbackReason.ClientHttpWriteable"/>)
    /// </summary>
    /// <param name="connection">The connection.</param>
    /// <param name="session">Its data.</param>
    /// <returns><see cref="CallbackResult.Close"/> drops the connection.</returns>
    protected virtual CallbackResult OnHttpWritable(Connection connection, ref TSession session) => CallbackResult.Continue;

    /// <summary>A connection has ended that spoke HTTP and no WebSocket: the last call for it. Override this one or the one that is told how. Protocol 0 only.
    /// (<see cref="CallbackReason.ClosedHttp"/>, <see cref="CallbackReason.ClosedClientHttp"/>)</summary>
    /// <param name="connection">The connection; nothing can be sent on it any more.</param>
    /// <param name="session">Its data.</param>
    protected virtual void OnHttpClosed(Connection connection, ref TSession session)
    {
    }

    /// <summary>
    /// A connection has ended that spoke HTTP and no WebSocket: the last call for it. A client comes here once for each <see cref="OnHttpReply"/>:
    /// <see cref="CloseInfo.IsClean"/> says that the reply was complete, otherwise <see cref="CloseInfo.Fault"/>, <see cref="CloseInfo.SystemError"/> and
    /// <see cref="CloseInfo.Origin"/> say why it was not. The default calls the one above. Protocol 0 only.
    /// (<see cref="CallbackReason.ClosedHttp"/>, <see cref="CallbackReason.ClosedClientHttp"/>)
    /// </summary>
    /// <param name="connection">The connection; nothing can be sent on it any more.</param>
    /// <param name="session">Its data.</param>
    /// <param name="close">How it ended.</param>
    protected virtual void OnHttpClosed(Connection connection, ref TSession session, in CloseInfo close) => OnHttpClosed(connection, ref session);

    /// <summary>
    /// A request that came by <see cref="MountOrigin.Callback"/> is over, answered or cut: the last call for it.
    /// (<see cref="CallbackReason.HttpDropProtocol"/>)
    /// </summary>
    /// <param name="connection">The connection; the next request on it may be anybody's.</param>
    /// <param name="session">The data of this request; forgotten after this call.</param>
    protected virtual void OnHttpDropped(Connection connection, ref TSession session)
    {
    }

    /// <summary>
    /// HTTP client: the head of the reply is there, whatever its status: see <see cref="Connection.Status"/>, <see cref="Connection.Headers"/> and
    /// <see cref="Connection.RequestUri"/>. Comes once, and instead of <see cref="OnConnectFailed"/>; <see cref="OnHttpClosed(Connection, ref TSession, in CloseInfo)"/>
    /// is the last that follows. (<see cref="CallbackReason.EstablishedClientHttp"/>)
    /// </summary>
    /// <param name="connection">The connection.</param>
    /// <param name="session">Its data.</param>
    /// <returns><see cref="CallbackResult.Close"/> drops the connection and with it the body.</returns>
    protected virtual CallbackResult OnHttpReply(Connection connection, ref TSession session) => CallbackResult.Continue;

    /// <summary>
    /// HTTP client: the body of the reply can be read, and nothing more is received until it is: call <see cref="Connection.ReadHttpBody"/>, here or later. The default
    /// reads and hands what it has read to <see cref="OnHttpReplyBody"/>, for those who do not want to control the flow.
    /// (<see cref="CallbackReason.ReceiveClientHttp"/>)
    /// </summary>
    /// <param name="connection">The connection.</param>
    /// <param name="session">Its data.</param>
    /// <returns><see cref="CallbackResult.Close"/> drops the connection.</returns>
    protected virtual CallbackResult OnHttpReceive(Connection connection, ref TSession session)
    {
        ArgumentNullException.ThrowIfNull(connection);
        connection.DeliverHttpBody();
        return CallbackResult.Continue;
    }

    /// <summary>HTTP client: a part of the reply's body, when <see cref="OnHttpReceive"/> is not overridden. (<see cref="CallbackReason.ReceiveClientHttpRead"/>)</summary>
    /// <param name="connection">The connection.</param>
    /// <param name="session">Its data.</param>
    /// <param name="part">The bytes, at most 64 KiB; valid only during the call.</param>
    /// <returns><see cref="CallbackResult.Close"/> drops the connection.</returns>
    protected virtual CallbackResult OnHttpReplyBody(Connection connection, ref TSession session, ReadOnlySpan<byte> part) => CallbackResult.Continue;

    /// <summary>HTTP client: the reply is complete, its <see cref="Connection.Trailers"/> included. (<see cref="CallbackReason.CompletedClientHttp"/>)</summary>
    /// <param name="connection">The connection.</param>
    /// <param name="session">Its data.</param>
    /// <returns><see cref="CallbackResult.Close"/> does not leave the socket to the next request.</returns>
    protected virtual CallbackResult OnHttpCompleted(Connection connection, ref TSession session) => CallbackResult.Continue;

    /// <summary>
    /// Server: a request to become a WebSocket of this protocol. Its header fields can be read from <see cref="Connection.Headers"/> and are gone
    /// once <see cref="OnEstablished"/> has returned. (<see cref="CallbackReason.FilterProtocolConnection"/>)
    /// </summary>
    /// <param name="connection">The connection.</param>
    /// <param name="session">Its data.</param>
    /// <returns><see cref="CallbackResult.Close"/> answers 403 and closes.</returns>
    protected virtual CallbackResult OnUpgrading(Connection connection, ref TSession session) => CallbackResult.Continue;

    /// <summary>
    /// An extension could be used on this connection: a server is asked about those that it has and the client offers, a client before it offers one. Once for each.
    /// (<see cref="CallbackReason.ConfirmExtensionOkay"/>, <see cref="CallbackReason.ClientConfirmExtensionSupported"/>)
    /// </summary>
    /// <param name="connection">The connection.</param>
    /// <param name="session">Its data.</param>
    /// <param name="name">The extension's name, such as <c>permessage-deflate</c>. Valid only during the call.</param>
    /// <returns><see cref="CallbackResult.Close"/> does without the extension; the connection goes on.</returns>
    protected virtual CallbackResult OnConfirmExtension(Connection connection, ref TSession session, ReadOnlySpan<byte> name) => CallbackResult.Continue;

    /// <summary>Client: header fields may be added to the request with <see cref="RequestHead.Add"/>.
    /// (<see cref="CallbackReason.ClientAppendHandshakeHeader"/>)</summary>
    /// <param name="connection">The connection.</param>
    /// <param name="session">Its data.</param>
    /// <param name="request">The request that is being written.</param>
    /// <returns><see cref="CallbackResult.Close"/> gives the connection up.</returns>
    protected virtual CallbackResult OnWritingRequest(Connection connection, ref TSession session, RequestHead request) => CallbackResult.Continue;

    /// <summary>
    /// Client: the reply is valid and its header fields can be read from <see cref="Connection.Headers"/>, for the last time.
    /// (<see cref="CallbackReason.ClientFilterPreEstablish"/>)
    /// </summary>
    /// <param name="connection">The connection.</param>
    /// <param name="session">Its data.</param>
    /// <returns><see cref="CallbackResult.Close"/> gives the connection up; <see cref="OnConnectFailed"/> follows.</returns>
    protected virtual CallbackResult OnUpgraded(Connection connection, ref TSession session) => CallbackResult.Continue;

    /// <summary>Client: no connection was made. The last call for it, and instead of <see cref="OnEstablished"/>.
    /// (<see cref="CallbackReason.ClientConnectionError"/>)</summary>
    /// <param name="connection">The connection.</param>
    /// <param name="session">Its data.</param>
    /// <param name="failure">How far it came, and why it ended.</param>
    protected virtual void OnConnectFailed(Connection connection, ref TSession session, in ConnectFailure failure)
    {
    }

    /// <summary>The WebSocket is open. (<see cref="CallbackReason.Established"/>, <see cref="CallbackReason.ClientEstablished"/>)</summary>
    /// <param name="connection">The connection.</param>
    /// <param name="session">Its data.</param>
    /// <returns><see cref="CallbackResult.Close"/> closes with 1000; <see cref="OnClosed"/> follows.</returns>
    protected virtual CallbackResult OnEstablished(Connection connection, ref TSession session) => CallbackResult.Continue;

    /// <summary>
    /// A part of a message has come. Parts come as they arrive; <see cref="MessageInfo.IsFinalFragment"/> is true for the last one of a message.
    /// (<see cref="CallbackReason.Receive"/>, <see cref="CallbackReason.ClientReceive"/>)
    /// </summary>
    /// <param name="connection">The connection.</param>
    /// <param name="session">Its data.</param>
    /// <param name="part">The bytes; valid only during the call. Empty for an empty frame.</param>
    /// <param name="info">Where the part stands in its message.</param>
    /// <returns><see cref="CallbackResult.Close"/> closes with 1000.</returns>
    protected virtual CallbackResult OnReceive(Connection connection, ref TSession session, ReadOnlySpan<byte> part, in MessageInfo info) =>
        CallbackResult.Continue;

    /// <summary>A ping has come. Its pong is on the way already, or waits for its turn when the kernel takes no more; there is nothing to answer here.
    /// (<see cref="CallbackReason.ReceivePing"/>, <see cref="CallbackReason.ClientReceivePing"/>)</summary>
    /// <param name="connection">The connection.</param>
    /// <param name="session">Its data.</param>
    /// <param name="payload">Its payload, at most 125 bytes; valid only during the call.</param>
    /// <returns><see cref="CallbackResult.Close"/> closes with 1000.</returns>
    protected virtual CallbackResult OnPing(Connection connection, ref TSession session, ReadOnlySpan<byte> payload) => CallbackResult.Continue;

    /// <summary>A pong has come, asked for or not. (<see cref="CallbackReason.ReceivePong"/>, <see cref="CallbackReason.ClientReceivePong"/>)</summary>
    /// <param name="connection">The connection.</param>
    /// <param name="session">Its data.</param>
    /// <param name="payload">Its payload, at most 125 bytes; valid only during the call.</param>
    /// <returns><see cref="CallbackResult.Close"/> closes with 1000.</returns>
    protected virtual CallbackResult OnPong(Connection connection, ref TSession session, ReadOnlySpan<byte> payload) => CallbackResult.Continue;

    /// <summary>
    /// The connection takes messages: <see cref="Connection.Write(ReadOnlySpan{byte}, MessageKind, MessagePart, bool)"/> as often as it accepts. Comes after <see cref="Connection.RequestWritable"/>,
    /// and also when nobody asked, after the kernel has taken what it once refused: a spare call must be harmless.
    /// (<see cref="CallbackReason.ServerWriteable"/>, <see cref="CallbackReason.ClientWriteable"/>)
    /// </summary>
    /// <param name="connection">The connection.</param>
    /// <param name="session">Its data.</param>
    /// <returns><see cref="CallbackResult.Close"/> closes with 1000.</returns>
    protected virtual CallbackResult OnWritable(Connection connection, ref TSession session) => CallbackResult.Continue;

    /// <summary>
    /// The peer has sent a close frame, which is echoed after this call unless it closes with a code of its own.
    /// (<see cref="CallbackReason.WsPeerInitiatedClose"/>)
    /// </summary>
    /// <param name="connection">The connection.</param>
    /// <param name="session">Its data.</param>
    /// <param name="close">The peer's code and text.</param>
    /// <returns><see cref="CallbackResult.Close"/> ends the connection without echoing the frame.</returns>
    protected virtual CallbackResult OnPeerClosing(Connection connection, ref TSession session, in CloseInfo close) => CallbackResult.Continue;

    /// <summary>The WebSocket has ended: exactly once for each <see cref="OnEstablished"/>, and the last call for the connection.
    /// (<see cref="CallbackReason.Closed"/>)</summary>
    /// <param name="connection">The connection; nothing can be sent on it any more.</param>
    /// <param name="session">Its data; forgotten after this call.</param>
    /// <param name="close">How it ended.</param>
    protected virtual void OnClosed(Connection connection, ref TSession session, in CloseInfo close)
    {
    }

    internal override object? CreateSession() => typeof(TSession) == typeof(NoSession) ? null : new SessionBox();

    internal override CallbackResult Dispatch(Connection connection, CallbackReason reason, in CallbackData data)
    {
        ref TSession session = ref SessionOf(connection);
        switch (reason)
        {
            case CallbackReason.Receive:
            case CallbackReason.ClientReceive:
                return OnReceive(connection, ref session, data.In, data.Message);
            case CallbackReason.ServerWriteable:
            case CallbackReason.ClientWriteable:
                return OnWritable(connection, ref session);
            case CallbackReason.Http:
                return OnHttp(connection, ref session, data.In);
            case CallbackReason.FilterHttpConnection:
                return OnFilterHttp(connection, ref session, data.In);
            case CallbackReason.HttpBody:
                return OnHttpBody(connection, ref session, data.In);
            case CallbackReason.HttpBodyCompletion:
                return OnHttpBodyEnd(connection, ref session);
            case CallbackReason.HttpWriteable:
            case CallbackReason.ClientHttpWriteable:
                return OnHttpWritable(connection, ref session);
            case CallbackReason.ServerNewClientInstantiated:
                return OnAccepted(connection, ref session);
            case CallbackReason.FilterProtocolConnection:
                return OnUpgrading(connection, ref session);
            case CallbackReason.ConfirmExtensionOkay:
            case CallbackReason.ClientConfirmExtensionSupported:
                return OnConfirmExtension(connection, ref session, data.In);
            case CallbackReason.ClientAppendHandshakeHeader:
                return OnWritingRequest(connection, ref session, connection.RequestHead);
            case CallbackReason.ClientFilterPreEstablish:

                // An HTTP reply upgrades nothing; it has a method of its own right after this.
                return connection.State == ConnectionState.ReadingReply ? CallbackResult.Continue : OnUpgraded(connection, ref session);
            case CallbackReason.EstablishedClientHttp:
                return OnHttpReply(connection, ref session);
            case CallbackReason.ReceiveClientHttp:
                return OnHttpReceive(connection, ref session);
            case CallbackReason.ReceiveClientHttpRead:
                return OnHttpReplyBody(connection, ref session, data.In);
            case CallbackReason.CompletedClientHttp:
                return OnHttpCompleted(connection, ref session);
            case CallbackReason.Established:
            case CallbackReason.ClientEstablished:
                return OnEstablished(connection, ref session);
            case CallbackReason.ReceivePong:
            case CallbackReason.ClientReceivePong:
                return OnPong(connection, ref session, data.In);
            case CallbackReason.ReceivePing:
            case CallbackReason.ClientReceivePing:
                return OnPing(connection, ref session, data.In);
            case CallbackReason.WsPeerInitiatedClose:
                return OnPeerClosing(connection, ref session, data.Close);
            case CallbackReason.Closed:
                OnClosed(connection, ref session, data.Close);
                return CallbackResult.Continue;
            case CallbackReason.ClosedHttp:
            case CallbackReason.ClosedClientHttp:
                OnHttpClosed(connection, ref session, data.Close);
                return CallbackResult.Continue;
            case CallbackReason.HttpDropProtocol:
                OnHttpDropped(connection, ref session);
                return CallbackResult.Continue;
            case CallbackReason.ClientConnectionError:
                OnConnectFailed(connection, ref session, data.Failure);
                return CallbackResult.Continue;
            default:
                return CallbackResult.Continue;
        }
    }

    /// <summary>The data of a connection, inside the object that the connection holds for it.</summary>
    private protected static ref TSession SessionOf(Connection connection)
    {
        if (typeof(TSession) == typeof(NoSession))
            return ref noData.Value;

        // The connection's session was made by CreateSession of this very protocol; see Connection.Bind.
        return ref Unsafe.As<SessionBox>(connection.Session!).Value;
    }

    private struct NoData
    {
        public TSession Value;
    }

    private sealed class SessionBox
    {
        public TSession Value;
    }
}
