using System.Text;

namespace EventLoops.Tests;

/// <summary>The data that <see cref="TestProtocol"/> keeps for a connection.</summary>
public struct TestSession
{
    /// <summary>Whatever a test wants to find again.</summary>
    public int Number;

    /// <summary>What was collected of a message.</summary>
    public MessageBuffer Message;
}

/// <summary>What a test does in a callback.</summary>
public delegate CallbackResult CallbackHook(Connection connection, ref TestSession session, in CallbackData data);

/// <summary>
/// A protocol whose every callback can be given by a test, by its reason. A callback that is not given does what the base class does.
/// The ends of connections go to a <see cref="Recorder"/>.
/// </summary>
public sealed class TestProtocol(string name = "test", Recorder? recorder = null) : Protocol<TestSession>(name)
{
    private readonly Dictionary<CallbackReason, CallbackHook> _hooks = [];

    /// <summary>What to do with an accepted descriptor.</summary>
    public Func<VirtualHost, int, CallbackResult>? FilterNetwork { get; set; }

    /// <summary>What to do with the request that a client is about to send.</summary>
    public Action<RequestHead>? WritingRequest { get; set; }

    /// <summary>What to do when the protocol is taken into service.</summary>
    public Action<VirtualHost>? Init { get; set; }

    /// <summary>What to do when the protocol leaves service.</summary>
    public Action<VirtualHost>? Destroy { get; set; }

    /// <summary>The connection that was opened last, of either side.</summary>
    public Connection? Newest { get; private set; }

    /// <summary>Gives the callback of a reason. Returns the protocol, so that calls can be chained.</summary>
    public TestProtocol On(CallbackReason reason, CallbackHook hook)
    {
        _hooks[reason] = hook;
        return this;
    }

    /// <summary>Gives the callback of a reason, for tests that need the connection only.</summary>
    public TestProtocol On(CallbackReason reason, Action<Connection> action) => On(reason, (connection, ref _, in _) =>
    {
        action(connection);
        return CallbackResult.Continue;
    });

    /// <summary>Gives the callback of a message or a part of one, for the server's side and the client's.</summary>
    public TestProtocol OnReceive(CallbackHook hook) => On(CallbackReason.Receive, hook).On(CallbackReason.ClientReceive, hook);

    /// <summary>Gives the writable callback, for the server's side and the client's.</summary>
    public TestProtocol OnWritable(Action<Connection> action) =>
        On(CallbackReason.ServerWriteable, action).On(CallbackReason.ClientWriteable, action);

    /// <inheritdoc/>
    protected override void OnInit(VirtualHost host) => Init?.Invoke(host);

    /// <inheritdoc/>
    protected override void OnDestroy(VirtualHost host) => Destroy?.Invoke(host);

    /// <inheritdoc/>
    protected override CallbackResult OnFilterNetworkConnection(VirtualHost host, int fd) => FilterNetwork?.Invoke(host, fd) ?? CallbackResult.Continue;

    /// <inheritdoc/>
    protected override CallbackResult OnAccepted(Connection connection, ref TestSession session) =>
        Call(CallbackReason.ServerNewClientInstantiated, connection, ref session);

    /// <inheritdoc/>
    protected override CallbackResult OnFilterHttp(Connection connection, ref TestSession session, ReadOnlySpan<byte> path) =>
        Call(CallbackReason.FilterHttpConnection, connection, ref session, new CallbackData { In = path });

    /// <inheritdoc/>
    protected override CallbackResult OnHttp(Connection connection, ref TestSession session, ReadOnlySpan<byte> path) =>
        _hooks.TryGetValue(CallbackReason.Http, out CallbackHook? hook)
            ? hook(connection, ref session, new CallbackData { In = path })
            : base.OnHttp(connection, ref session, path);

    /// <inheritdoc/>
    protected override CallbackResult OnHttpBody(Connection connection, ref TestSession session, ReadOnlySpan<byte> part) =>
        Call(CallbackReason.HttpBody, connection, ref session, new CallbackData { In = part });

    /// <inheritdoc/>
    protected override CallbackResult OnHttpBodyEnd(Connection connection, ref TestSession session) =>
        Call(CallbackReason.HttpBodyCompletion, connection, ref session);

    /// <inheritdoc/>
    protected override CallbackResult OnHttpWritable(Connection connection, ref TestSession session) =>
        Call(connection.IsServer ? CallbackReason.HttpWriteable : CallbackReason.ClientHttpWriteable, connection, ref session);

    /// <inheritdoc/>
    protected override void OnHttpClosed(Connection connection, ref TestSession session, in CloseInfo close)
    {
        if (!connection.IsServer) recorder?.Closes.Add((recorder.NumberOf(connection), close));
        CallbackReason reason = connection.IsServer ? CallbackReason.ClosedHttp : CallbackReason.ClosedClientHttp;
        Call(reason, connection, ref session, new CallbackData { Close = close });
    }

    /// <inheritdoc/>
    protected override CallbackResult OnHttpReply(Connection connection, ref TestSession session) =>
        Call(CallbackReason.EstablishedClientHttp, connection, ref session);

    /// <inheritdoc/>
    protected override CallbackResult OnHttpReceive(Connection connection, ref TestSession session) =>
        _hooks.TryGetValue(CallbackReason.ReceiveClientHttp, out CallbackHook? hook)
            ? hook(connection, ref session, default)
            : base.OnHttpReceive(connection, ref session);

    /// <inheritdoc/>
    protected override CallbackResult OnHttpReplyBody(Connection connection, ref TestSession session, ReadOnlySpan<byte> part)
    {
        recorder?.Texts.Add(Encoding.UTF8.GetString(part));
        return Call(CallbackReason.ReceiveClientHttpRead, connection, ref session, new CallbackData { In = part });
    }

    /// <inheritdoc/>
    protected override CallbackResult OnHttpCompleted(Connection connection, ref TestSession session) =>
        Call(CallbackReason.CompletedClientHttp, connection, ref session);

    /// <inheritdoc/>
    protected override void OnHttpDropped(Connection connection, ref TestSession session) =>
        Call(CallbackReason.HttpDropProtocol, connection, ref session);

    /// <inheritdoc/>
    protected override CallbackResult OnUpgrading(Connection connection, ref TestSession session) =>
        Call(CallbackReason.FilterProtocolConnection, connection, ref session);

    /// <inheritdoc/>
    protected override CallbackResult OnConfirmExtension(Connection connection, ref TestSession session, ReadOnlySpan<byte> name) =>
        Call(
            connection.IsServer ? CallbackReason.ConfirmExtensionOkay : CallbackReason.ClientConfirmExtensionSupported,
            connection, ref session, new CallbackData { In = name });

    /// <inheritdoc/>
    protected override CallbackResult OnWritingRequest(Connection connection, ref TestSession session, RequestHead request)
    {
        WritingRequest?.Invoke(request);
        return Call(CallbackReason.ClientAppendHandshakeHeader, connection, ref session);
    }

    /// <inheritdoc/>
    protected override CallbackResult OnUpgraded(Connection connection, ref TestSession session) =>
        Call(CallbackReason.ClientFilterPreEstablish, connection, ref session);

    /// <inheritdoc/>
    protected override CallbackResult OnEstablished(Connection connection, ref TestSession session)
    {
        Newest = connection;
        return Call(connection.IsServer ? CallbackReason.Established : CallbackReason.ClientEstablished, connection, ref session);
    }

    /// <inheritdoc/>
    protected override CallbackResult OnReceive(Connection connection, ref TestSession session, ReadOnlySpan<byte> part, in MessageInfo info)
    {
        recorder?.Texts.Add(Encoding.UTF8.GetString(part));
        CallbackData data = new() { In = part, Message = info };
        return Call(connection.IsServer ? CallbackReason.Receive : CallbackReason.ClientReceive, connection, ref session, data);
    }

    /// <inheritdoc/>
    protected override CallbackResult OnPing(Connection connection, ref TestSession session, ReadOnlySpan<byte> payload)
    {
        CallbackData data = new() { In = payload };
        return Call(connection.IsServer ? CallbackReason.ReceivePing : CallbackReason.ClientReceivePing, connection, ref session, data);
    }

    /// <inheritdoc/>
    protected override CallbackResult OnPong(Connection connection, ref TestSession session, ReadOnlySpan<byte> payload)
    {
        CallbackData data = new() { In = payload };
        return Call(connection.IsServer ? CallbackReason.ReceivePong : CallbackReason.ClientReceivePong, connection, ref session, data);
    }

    /// <inheritdoc/>
    protected override CallbackResult OnWritable(Connection connection, ref TestSession session) =>
        Call(connection.IsServer ? CallbackReason.ServerWriteable : CallbackReason.ClientWriteable, connection, ref session);

    /// <inheritdoc/>
    protected override CallbackResult OnPeerClosing(Connection connection, ref TestSession session, in CloseInfo close) =>
        Call(CallbackReason.WsPeerInitiatedClose, connection, ref session, new CallbackData { Close = close });

    /// <inheritdoc/>
    protected override void OnClosed(Connection connection, ref TestSession session, in CloseInfo close)
    {
        recorder?.Closes.Add((recorder.NumberOf(connection), close));
        Call(CallbackReason.Closed, connection, ref session, new CallbackData { Close = close });
        session.Message.Clear();
    }

    /// <inheritdoc/>
    protected override void OnConnectFailed(Connection connection, ref TestSession session, in ConnectFailure failure)
    {
        recorder?.Failures.Add((recorder.NumberOf(connection), failure));
        Call(CallbackReason.ClientConnectionError, connection, ref session, new CallbackData { Failure = failure });
    }

    private CallbackResult Call(CallbackReason reason, Connection connection, ref TestSession session, in CallbackData data = default) =>
        _hooks.TryGetValue(reason, out CallbackHook? hook) ? hook(connection, ref session, in data) : CallbackResult.Continue;
}
