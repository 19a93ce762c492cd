namespace EventLoops;

/// <summary>
/// Whether the peer is still there. Nothing is done when bytes come but to note the time, which the connection does for every read: the connection's own
/// deadline, which an open WebSocket has no other use for, looks at that note when it is due, and goes on waiting for what is left.
/// </summary>
internal sealed partial class WebSocketRole
{
    private WebSocketKeepAlive? _keepAlive;
    private long _askedAt;
    private int _unsentWhenAsked;
    private bool _isPingOwed;

    private long Now => Connection.Thread.Loop.NowMilliseconds;

    private void BeginKeepAlive(WebSocketKeepAlive keepAlive)
    {
        if (!keepAlive.IsOn)
            return;

        _keepAlive = keepAlive;
        Connection.SetDeadline(Deadline.Silence, keepAlive.PingAfter);
    }

    /// <summary>The peer may have been silent for as long as it may be without being asked.</summary>
    private void OnSilence()
    {
        TimeSpan left = _keepAlive!.PingAfter - TimeSpan.FromMilliseconds(Now - Connection.HeardAt);
        if (!Connection.IsReceiving)
            left = _keepAlive.PingAfter;
        if (left > TimeSpan.Zero)
            Connection.SetDeadline(Deadline.Silence, left);
        else
            AskForSignOfLife();
    }

    private void AskForSignOfLife()
    {
        _askedAt = Now;
        _unsentWhenAsked = Connection.KeptLength;
        _isPingOwed = SendPing(default) == WriteResult.Busy;
        if (!Connection.IsClosed)
            AwaitSignOfLife();
    }

    /// <summary>
    /// Looks again when the peer would have to be asked the next time, if that comes before it is given up: so a peer that answers and then goes is not
    /// found out later than one that never answered.
    /// </summary>
    private void AwaitSignOfLife()
    {
        TimeSpan next = _keepAlive!.PingAfter;
        if (_keepAlive.GiveUpAfter != Timeout.InfiniteTimeSpan)
        {
            TimeSpan left = _keepAlive.GiveUpAfter - TimeSpan.FromMilliseconds(Now - _askedAt);
            next = left < next ? left : next;
        }

        Connection.SetDeadline(Deadline.SignOfLife, next);
    }

    private void OnNoSignOfLife()
    {
        // Bytes that the kernel could pass on show that somebody takes them, though they are no answer to a ping that stands behind them.
        bool hasTaken = _isPingOwed && Connection.KeptLength < _unsentWhenAsked;
        if (!Connection.IsReceiving || Connection.HeardAt >= _askedAt)
        {
            _isPingOwed = false;
            OnSilence();
        }
        else if (hasTaken)
        {
            _askedAt = Now;
            _unsentWhenAsked = Connection.KeptLength;
            AwaitSignOfLife();
        }
        else if (_keepAlive!.GiveUpAfter == Timeout.InfiniteTimeSpan)
        {
            AskForSignOfLife();
        }
        else if (Now - _askedAt >= _keepAlive.GiveUpAfter.TotalMilliseconds)
        {
            GiveUp();
        }
        else
        {
            AwaitSignOfLife();
        }
    }

    /// <summary>The ping that the kernel had no room for goes out as soon as it has, and the peer gets its time from then on.</summary>
    private void SendOwedPing()
    {
        if (!_isPingOwed || Connection.State != ConnectionState.Established)
            return;

        AskForSignOfLife();
    }

    private void GiveUp() => Connection.End(new CloseInfo { Code = WebSocketCloseCode.Abnormal, Origin = CloseOrigin.Timeout });
}
