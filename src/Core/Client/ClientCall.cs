using System.Diagnostics.CodeAnalysis;
using System.Net;
using EventLoops.Protocols.Http;

namespace EventLoops;

/// <summary>
/// One call of <see cref="LoopContext.Connect"/> over everything that it may take: attempts, a proxy, redirects. It knows where the call leads now, decides which stage
/// comes next, and holds the time that all of them have together. The stages themselves are roles of the connection.
/// </summary>
internal sealed class ClientCall
{
    private readonly Connection _connection;
    private readonly ClientTarget _first;
    private readonly LoopTimer _overall;
    private int _attempts = 1;
    private int _redirects;
    private bool _avoidsPool;
    private bool _hasLostBody;
    private long _openedAt = -1;

    public ClientCall(Connection connection, ClientConnectOptions options)
    {
        _connection = connection;
        _first = new ClientTarget(options.Uri);
        _overall = new LoopTimer(_ => OnOverallTimeout());
        Options = options;
        Target = _first;
        Method = options.Method ?? "GET";
    }

    public ClientConnectOptions Options { get; }

    /// <summary>Where the request goes now.</summary>
    public ClientTarget Target { get; private set; }

    /// <summary>The method of the request now: a redirect may have made a GET of it.</summary>
    public string Method { get; private set; }

    /// <summary>The proxy on the way to <see cref="Target"/>; null for none.</summary>
    public ClientProxy? Proxy { get; private set; }

    /// <summary>Whether the socket that is used now has carried another exchange before.</summary>
    public bool IsOnKeptSocket { get; private set; }

    /// <summary>The body that is known from the beginning, unless a redirect has taken it away.</summary>
    public ReadOnlyMemory<byte> Body => _hasLostBody ? default : Options.Body;

    /// <summary>The length of the body that the program writes, unless a redirect has taken it away.</summary>
    public long? BodyLength => _hasLostBody ? null : Options.BodyLength;

    /// <summary>Whether the request is still for whom the program has named.</summary>
    public bool IsAtFirstOrigin => Target == _first || Target.IsSameOrigin(_first);

    /// <summary>Where the program wants to be connected to, instead of the target's own host.</summary>
    public EndPoint? GivenEndPoint => IsAtFirstOrigin ? Options.EndPoint : null;

    /// <summary>Credentials for the target from the program's own address.</summary>
    public string? Credentials => IsAtFirstOrigin ? _first.Credentials : null;

    /// <summary>What TLS is spoken with.</summary>
    /// <exception cref="ArgumentException">OpenSSL does not take something; the message names the member.</exception>
    public TlsContext TlsContext => _connection.Thread.ClientTlsContexts.For(Options.Tls);

    /// <summary>Whether the request is given to the proxy itself to be forwarded (RFC 9112 3.2.2).</summary>
    public bool IsForwarded => Proxy is not null && !NeedsTunnel;

    /// <summary>Whether the socket may be left to a later request, and taken from an earlier one.</summary>
    public bool MayKeepSocket => Options.ReuseConnection && !Target.IsWebSocket && Pool.IsOn;

    /// <summary>What sockets must have in common to stand for each other.</summary>
    private string PoolKey =>
        $"{Target.Uri.Scheme} {Target.Authority} {Proxy?.Target.Authority} {Proxy?.Credentials} {GivenEndPoint} {Options.LocalEndPoint} {Options.Interface} {(Target.IsTls ? (Options.Tls ?? ClientTlsOptions.Default).Id : 0)}";

    private ClientPool Pool => Options.Pool ?? _connection.Thread.ClientPool;

    private bool NeedsTunnel => Proxy is not null && (Target.IsWebSocket || Target.IsTls);

    public void Begin()
    {
        if (Options.OverallTimeout != Timeout.InfiniteTimeSpan)
            _connection.Thread.Loop.Schedule(_overall, Options.OverallTimeout);
    }

    /// <summary>Finds the proxy for the target; false when the environment names one that cannot be understood.</summary>
    public bool TryChooseProxy([NotNullWhen(false)] out string? mistake)
    {
        mistake = null;
        ClientProxy? proxy = null;
        bool isClear = true;
        if (Options.Proxy is { } given)
            isClear = ClientProxy.TryParse(given.OriginalString, out proxy);
        else if (Options.UseProxyEnvironment && GivenEndPoint is null)
            isClear = ClientProxy.TryFind(Target, Environment.GetEnvironmentVariable, out proxy, out mistake);

        Proxy = proxy;
        mistake ??= "the proxy's address is wrong";
        return isClear;
    }

    /// <summary>Takes a socket that an earlier request has left open, with the TLS that is spoken on it.</summary>
    public bool TryTakeKeptSocket(out int fd, out TlsTransport? tls)
    {
        fd = -1;
        tls = null;
        IsOnKeptSocket = MayKeepSocket && !_avoidsPool && Pool.TryTake(PoolKey, out fd, out tls);
        return IsOnKeptSocket;
    }

    /// <summary>Leaves the connection's socket to a later request.</summary>
    public void KeepSocket() => Pool.Put(PoolKey, _connection.DetachSocket(), _connection.DetachTls());

    /// <summary>
    /// Goes on to what comes after a stage that is done. A stage is a role of the connection; TLS, which changes the bytes, has its place behind the proxy and before
    /// the request, and what comes after it need not know. A kept socket has both behind it.
    /// </summary>
    public void Proceed(ConnectStage done)
    {
        if (!IsOnKeptSocket && done < ConnectStage.Proxy && NeedsTunnel)
        {
            ProxyTunnelRole tunnel = new(_connection, this);
            _connection.EnterStage(tunnel, ConnectionState.AwaitingProxy);
            tunnel.Begin();
            return;
        }

        if (!IsOnKeptSocket && done < ConnectStage.Tls && Target.IsTls)
        {
            TlsClientRole tls = new(_connection, this);
            _connection.EnterStage(tls, ConnectionState.Securing);
            tls.Begin();
            return;
        }

        if (Target.IsWebSocket)
        {
            ClientHandshakeRole handshake = new(_connection, this);
            _connection.EnterStage(handshake, ConnectionState.AwaitingReply);
            handshake.Begin();
            return;
        }

        HttpClientRole request = new(_connection, this);
        _connection.EnterStage(request, ConnectionState.AwaitingReply);
        request.Begin();
    }

    /// <summary>Begins the next attempt after a failure, if there is to be one.</summary>
    public bool TryRepeat(in ConnectFailure failure)
    {
        if (Options.Retry is not { } retry)
            return false;

        retry.NoteFailure();
        if (!failure.IsTransient || _attempts >= retry.MaxAttempts)
            return false;

        _attempts++;
        TimeSpan delay = retry.NextDelay();
        _connection.Context.Log.Retrying(_connection.Id, failure, delay);
        _connection.StartOver(this, delay);
        return true;
    }

    /// <summary>
    /// The server has closed a kept socket before it could see the request, as it may at any time. A request that changes nothing when it is sent twice is sent again
    /// on a new socket (RFC 9110 9.2.2, RFC 9112 9.3.1).
    /// </summary>
    public bool TryRepeatOnNewSocket()
    {
        if (!IsOnKeptSocket || BodyLength is not null || !IsIdempotent(Method))
            return false;

        _avoidsPool = true;
        _connection.StartOver(this, TimeSpan.Zero);
        return true;
    }

    /// <summary>Follows a redirect, when the program wants that and it can be done.</summary>
    /// <param name="head">The reply.</param>
    /// <param name="keepsSocket">Whether the socket of the reply is good for another request.</param>
    /// <param name="failure">Why the call fails, when it is the redirect that it fails by.</param>
    /// <returns>Whether the reply was a redirect that was dealt with: followed, or failed by.</returns>
    public bool TryRedirect(HttpHead head, bool keepsSocket, out ConnectFailure failure)
    {
        failure = default;
        if (!Options.FollowRedirects || !ClientRedirect.IsRedirect(head))
            return false;

        string method = ClientRedirect.MethodAfter(head.StatusCode, Method);
        bool wantsBody = ClientRedirect.KeepsBody(head.StatusCode, Method);
        if (wantsBody && BodyLength is not null)
            return false;

        ProtocolFault fault = ClientRedirect.Resolve(Target, head.FirstValue(KnownHeader.Location), out ClientTarget? next);
        if (fault == ProtocolFault.None && _redirects == Options.MaxRedirects)
            fault = ProtocolFault.TooManyRedirects;
        if (fault != ProtocolFault.None)
        {
            failure = ConnectFailure.Of(ConnectStage.Handshake, fault, head.StatusCode);
            return true;
        }

        _connection.Context.Log.Redirected(_connection.Id, head.StatusCode, next!.Authority);
        if (keepsSocket)
            KeepSocket();
        _redirects++;
        _hasLostBody |= !wantsBody;
        Method = method;
        Target = next;
        _connection.StartOver(this, TimeSpan.Zero);
        return true;
    }

    /// <summary>The fields that the program has given, as far as they may be sent to the target.</summary>
    public IReadOnlyList<HttpField> FieldsForTarget() =>
        ClientRedirect.FieldsFor(Options.Fields, isFirstOrigin: IsAtFirstOrigin, hasBody: !_hasLostBody);

    /// <summary>There is an answer: a WebSocket is open, or the head of an HTTP reply is there.</summary>
    public void OnOpened()
    {
        _openedAt = _connection.Thread.Loop.NowMilliseconds;
        if (Target.IsWebSocket)
            _connection.Thread.Loop.Cancel(_overall);
    }

    /// <summary>The connection is over.</summary>
    public void OnEnded(in CloseInfo close)
    {
        _connection.Thread.TakeOff(_overall);
        if (Options.Retry is not { } retry || _openedAt < 0)
            return;

        // It has come to the end that it was made for: this side has closed the WebSocket, or the reply was complete.
        if (close is { IsClean: true, Origin: CloseOrigin.Local } || _connection.Thread.Loop.NowMilliseconds - _openedAt >= retry.ResetAfter.TotalMilliseconds)
            retry.Reset();
        else
            retry.NoteFailure();
    }

    /// <summary>RFC 9110 9.2.2.</summary>
    private static bool IsIdempotent(string method) => method is "GET" or "HEAD" or "PUT" or "DELETE" or "OPTIONS" or "TRACE";

    private void OnOverallTimeout() => _connection.OnCallTimeout(Options.OverallTimeout);
}
