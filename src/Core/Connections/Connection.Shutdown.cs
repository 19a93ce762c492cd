namespace EventLoops;

/// <summary>How a connection ends with its context, in order or at once.</summary>
public sealed partial class Connection
{
    /// <summary>The context shuts down: the connection ends as soon as it can without cutting anything.</summary>
    internal void BeginShutdown()
    {
        if (_role is WebSocketRole webSocket && State == ConnectionState.Established)
            SayGoingAway(webSocket);
        else if (State is not (ConnectionState.Closing or ConnectionState.Flushing or ConnectionState.Lingering or ConnectionState.Closed))
            _role.OnShutdown();
    }

    /// <summary>
    /// The end with the context: an open WebSocket is told, if its socket takes the few bytes at once. One that has ended already only waits for its
    /// turn's closes.
    /// </summary>
    internal void EndForShutdown()
    {
        WebSocketCloseCode code = WebSocketCloseCode.Abnormal;
        if (_role is WebSocketRole webSocket && State == ConnectionState.Established)
        {
            code = WebSocketCloseCode.GoingAway;
            SayGoingAway(webSocket);
        }

        End(SettledOr(new CloseInfo { Code = code, Origin = CloseOrigin.Local }));
    }

    private void SayGoingAway(WebSocketRole webSocket)
    {
        bool ownsCork = Thread.Cork.TryEnter(this);
        try
        {
            webSocket.BeginClose(WebSocketCloseCode.GoingAway, default);
            if (ownsCork)
                FlushOutput();
        }
        catch (Exception exception)
        {
            // A user's poll set threw when it was told of a deadline or of interest. The end comes all the same, for this connection and for those behind it.
            Context.Log.LoopWorkThrew(exception);
        }
        finally
        {
            if (ownsCork)
                Thread.Cork.Leave();
        }
    }
}
