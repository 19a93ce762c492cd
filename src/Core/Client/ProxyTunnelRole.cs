using EventLoops.Protocols.Http;

namespace EventLoops;

/// <summary>A client that asks its proxy for a tunnel (RFC 9110 9.3.6). What comes after it speaks through the tunnel and does not know that it is there.</summary>
internal sealed class ProxyTunnelRole(Connection connection, ClientCall call) : ClientRole(connection, call)
{
    private readonly ReplyReader _reader = new(connection.Thread, RequestMethod.Connect);

    protected override ConnectStage Stage => ConnectStage.Proxy;

    public void Begin()
    {
        Connection.SetDeadline(Deadline.Handshake, Options.HandshakeTimeout);
        string authority = Call.Target.Authority;
        HeadWriter writer = new(Connection.Thread.Scratch);
        writer.RequestLine("CONNECT"u8, authority);
        writer.Field("Host", authority);
        if (Call.Proxy!.Credentials is { } credentials)
            writer.Field("Proxy-Authorization", credentials);
        writer.End();
        Connection.Send(writer.Written);
    }

    public override void Consume(ref Span<byte> bytes)
    {
        switch (_reader.Read(ref bytes, expectsUpgrade: false))
        {
            case HeadStatus.NeedMore:
                return;
            case HeadStatus.Fault:
                Fail(ConnectFailure.Of(ConnectStage.Proxy, _reader.Fault));
                return;
            default:
                OnReply(_reader.Head);
                return;
        }
    }

    public override void OnEndOfStream() =>
        Fail(new ConnectFailure { Stage = ConnectStage.Proxy, Reason = "the proxy closed the connection before its reply was complete", IsTransient = true });

    public override void OnDeadline(Deadline deadline) => Fail(new ConnectFailure
    {
        Stage = ConnectStage.Proxy,
        Reason = $"no reply of the proxy within {Options.HandshakeTimeout.TotalSeconds:0.###} s",
        IsTimeout = true,
        IsTransient = true,
    });

    public override void Release()
    {
        Connection.CurrentHead = null;
        _reader.Release();
    }

    private void OnReply(HttpHead head)
    {
        // RFC 9110 9.3.6: any 2xx opens the tunnel, and whatever its fields say about a body is to be ignored: what follows is the other side.
        if (head.StatusCode is >= 200 and < 300)
        {
            Release();
            Call.Proceed(ConnectStage.Proxy);
            return;
        }

        Connection.CurrentHead = head;
        Fail(ConnectFailure.Of(ConnectStage.Proxy, ProtocolFault.ProxyRefused, head.StatusCode));
    }
}
