using System.Text;

namespace EventLoops;

/// <summary>What the stages of a client before it is open have in common: they end in one failure, in another attempt, or in the next stage.</summary>
internal abstract class ClientRole(Connection connection, ClientCall call) : Role(connection)
{
    private ConnectFailure _failure;

    public ClientCall Call => call;

    protected ClientConnectOptions Options => call.Options;

    /// <summary>The request that is being written; null but inside <c>OnWritingRequest</c>.</summary>
    public virtual RequestHead? Request => null;

    /// <summary>How far the client has come.</summary>
    protected abstract ConnectStage Stage { get; }

    public override bool CanWrite => false;

    public override void OnWritable()
    {
        // Nothing that a user could write leaves before the connection is open; see CanWrite.
    }

    public override void OnCloseRequested(CloseOrigin origin) => FailFinally(new ConnectFailure
    {
        Stage = Stage,
        Reason = origin == CloseOrigin.Timeout ? "the program's time-out" : "given up by the program",
        IsTimeout = origin == CloseOrigin.Timeout,
    });

    /// <summary>A WebSocket that is not open yet will not be; a request, which may be part of an answer of ours, goes on.</summary>
    public override void OnShutdown()
    {
        if (call.Target.IsWebSocket)
            OnCloseRequested(CloseOrigin.Local);
    }

    /// <summary>The time that the program gave to everything together has passed.</summary>
    public virtual void OnCallTimeout(TimeSpan limit) => FailFinally(new ConnectFailure
    {
        Stage = Stage,
        Reason = $"not done within the {limit.TotalSeconds:0.###} s for everything together",
        IsTimeout = true,
    });

    /// <summary>The socket has broken. False when the connection shall end as any other does.</summary>
    public virtual bool OnSocketError(Errno errno)
    {
        Fail(ConnectFailure.Of(Stage, errno));
        return true;
    }

    /// <summary>TLS has failed, in the words of its engine.</summary>
    public virtual void OnTlsFault(ProtocolFault fault, string reason) =>
        Fail(new ConnectFailure { Stage = Stage, Reason = $"{fault.Describe()} ({reason})", Fault = fault });

    public override void RaiseEnd(in CloseInfo close)
    {
        if (_failure.Reason is null)
        {
            string reason = close.SystemError != Errno.None ? close.SystemError.Describe() : "given up by the program";
            _failure = new ConnectFailure { Stage = Stage, Reason = reason, SystemError = close.SystemError };
        }

        // The server may have chosen another protocol just before it came to nothing; a failure belongs to protocol 0.
        if (Connection.Protocol != Options.Protocols[0])
            Connection.Bind(Options.Protocols[0]);
        Connection.Context.Log.ConnectFailed(Connection.Id, _failure);
        _ = Connection.Raise(
            CallbackReason.ClientConnectionError,
            new CallbackData { In = Encoding.UTF8.GetBytes(_failure.Reason), Failure = _failure });
    }

    /// <summary>The stream has ended where a reply should be.</summary>
    protected static ConnectFailure EndedEarly => new()
    {
        Stage = ConnectStage.Handshake,
        Reason = "the server closed the connection before its reply was complete",
        IsTransient = true,
    };

    /// <summary>The server has not answered in time.</summary>
    protected static ConnectFailure NoReply(TimeSpan limit) => new()
    {
        Stage = ConnectStage.Handshake,
        Reason = $"no reply within {limit.TotalSeconds:0.###} s",
        IsTimeout = true,
        IsTransient = true,
    };

    /// <summary>The end of this attempt. Another one begins if the program wants that; otherwise <c>OnConnectFailed</c> follows with the turn's closes.</summary>
    protected void Fail(in ConnectFailure failure)
    {
        if (!Connection.IsClosed && !Call.TryRepeat(failure))
            FailFinally(failure);
    }

    /// <summary>The end: <c>OnConnectFailed</c> follows with the turn's closes.</summary>
    protected void FailFinally(in ConnectFailure failure)
    {
        if (Connection.IsClosed)
            return;

        _failure = failure;
        Connection.End(new CloseInfo { Code = WebSocketCloseCode.Abnormal, Origin = CloseOrigin.Error, Fault = failure.Fault, SystemError = failure.SystemError });
    }

    /// <summary>A callback did not want to go on.</summary>
    protected void FailRefused(CallbackOutcome outcome, string callback) => FailFinally(new ConnectFailure
    {
        Stage = Stage,
        Reason = outcome == CallbackOutcome.Failed ? $"{callback} threw" : $"refused by {callback}",
    });
}
