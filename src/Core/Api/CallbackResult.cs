namespace EventLoops;

/// <summary>What a callback wants to happen to the connection that it was called for.</summary>
public enum CallbackResult
{
    /// <summary>Carry on.</summary>
    Continue = 0,

    /// <summary>
    /// Close the connection: the original's <c>return -1</c>. An open WebSocket is closed with a close frame of code 1000, as by
    /// <see cref="Connection.Close(WebSocketCloseCode, ReadOnlySpan{byte})"/>; a request that is being filtered is refused; anything else is dropped.
    /// </summary>
    Close = -1,
}
