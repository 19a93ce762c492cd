using System.Text;

namespace EventLoops;

/// <summary>What the stages of a client before it is open have in common: they end in one failure, or in the next stage.</summary>
internal abstract class ClientRole(Connection connection, ClientConnectOptions options) : Role(connection)
{
    private ConnectFailure _failure;

    protected ClientConnectOptions Options => options;

    /// <summary>How far the client has come.</summary>
    protected abstract ConnectStage Stage { get; }

    public override bool CanWrite => false;

    public override void OnWritable()
    {
        // Nothing that a user could write leaves before the connection is open; see CanWrite.
    }

    public override void OnCloseRequested(CloseOrigin origin) =>
        Fail(new ConnectFailure { Stage = Stage, Reason = origin == CloseOrigin.Timeout ? "the program's time-out" : "given up by the program", IsTimeout = origin == CloseOrigin.Timeout });

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

    /// <summary>The end: <c>OnConnectFailed</c> follows with the turn's closes.</summary>
    protected void Fail(in ConnectFailure failure)
    {
        if (Connection.IsClosed)
            return;

        _failure = failure;
        Connection.End(new CloseInfo { Code = WebSocketCloseCode.Abnormal, Origin = CloseOrigin.Error, Fault = failure.Fault, SystemError = failure.SystemError });
    }
}
