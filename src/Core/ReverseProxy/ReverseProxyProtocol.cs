namespace EventLoops;

/// <summary>The protocol of the connections to origins: it hands their events on to the responder that waits for them, if there is one any more.</summary>
internal sealed class ReverseProxyProtocol() : Protocol("reverse-proxy")
{
    public static readonly IReadOnlyList<Protocol> Only = [new ReverseProxyProtocol()];

    internal override object? CreateSession() => null;

    internal override CallbackResult Dispatch(Connection connection, CallbackReason reason, in CallbackData data)
    {
        if (connection.UserData is not ReverseProxyResponder responder)
            return CallbackResult.Continue;

        switch (reason)
        {
            case CallbackReason.ClientAppendHandshakeHeader:
                responder.OnRequestSent();
                break;
            case CallbackReason.ClientHttpWriteable:
                responder.OnOriginWritable();
                break;
            case CallbackReason.EstablishedClientHttp:
                responder.OnReply();
                break;
            case CallbackReason.ReceiveClientHttp:
                responder.OnReplyReadable();
                break;
            case CallbackReason.CompletedClientHttp:
                responder.OnReplyComplete();
                break;
            case CallbackReason.ClientConnectionError:
                responder.OnOriginFailed(data.Failure);
                break;
            case CallbackReason.ClosedClientHttp:
                responder.OnOriginClosed(data.Close);
                break;
        }

        return CallbackResult.Continue;
    }
}
