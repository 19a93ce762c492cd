namespace EventLoops;

/// <summary>
/// Whether the peer is still there. Nothing is done when bytes come but to note the time, which the connection does for every read: the connection's own
/// deadline, which an open WebSocket has no other use for, looks at that note when it is due, and goes on waiting for what is left.
/// </summary>
internal sealed partial class WebSocketRole
{
    private KeepAliveProbe? _probe;

    private long Now => Connection.Thread.Loop.NowMilliseconds;

    private void BeginKeepAlive(WebSocketKeepAlive keepAlive)
    {
        if (!keepAlive.IsOn)
        {
            Connection.ReturnDeadline();
            return;
        }

        _probe = new KeepAliveProbe(keepAlive);
        Connection.SetDeadline(Deadline.Silence, keepAlive.PingAfter);
    }

    /// <summary>The peer may have been silent for as long as it may be without being asked.</summary>
    private void OnSilence(KeepAliveProbe probe)
    {
        TimeSpan left = probe.Rules.PingAfter - TimeSpan.FromMilliseconds(Now - Connection.HeardAt);
        if (!Connection.IsReceiving)
            left = probe.Rules.PingAfter;
        if (left > TimeSpan.Zero)
            Connection.SetDeadline(Deadline.Silence, left);
        else
            AskForSignOfLife(probe);
    }

    private void AskForSignOfLife(KeepAliveProbe probe)
    {
        probe.AskedAt = Now;
        probe.UnsentWhenAsked = Connection.KeptLength;
        probe.IsPingOwed = SendPing(default) == WriteResult.Busy;
        if (!Connection.IsClosed)
            AwaitSignOfLife(probe);
    }

    /// <summary>
    /// Looks again when the peer would have to be asked the next time, if that comes before it is given up: so a peer that answers and then goes is not
    /// found out later than one that never answered.
    /// </summary>
    private void AwaitSignOfLife(KeepAliveProbe probe)
    {
        TimeSpan next = probe.Rules.PingAfter;
        if (probe.Rules.GiveUpAfter != Timeout.InfiniteTimeSpan)
        {
            TimeSpan left = probe.Rules.GiveUpAfter - TimeSpan.FromMilliseconds(Now - probe.AskedAt);
            next = left < next ? left : next;
        }

        Connection.SetDeadline(Deadline.SignOfLife, next);
    }

    private void OnNoSignOfLife(KeepAliveProbe probe)
    {
        // Bytes that the kernel could pass on show that somebody takes them, though they are no answer to a ping that stands behind them.
        bool hasTaken = probe.IsPingOwed && Connection.KeptLength < probe.UnsentWhenAsked;
        if (!Connection.IsReceiving || Connection.HeardAt >= probe.AskedAt)
        {
            probe.IsPingOwed = false;
            OnSilence(probe);
        }
        else if (hasTaken)
        {
            probe.AskedAt = Now;
            probe.UnsentWhenAsked = Connection.KeptLength;
            AwaitSignOfLife(probe);
        }
        else if (probe.Rules.GiveUpAfter == Timeout.InfiniteTimeSpan)
        {
            AskForSignOfLife(probe);
        }
        else if (Now - probe.AskedAt >= probe.Rules.GiveUpAfter.TotalMilliseconds)
        {
            GiveUp();
        }
        else
        {
            AwaitSignOfLife(probe);
        }
    }

    /// <summary>The ping that the kernel had no room for goes out as soon as it has, and the peer gets its time from then on.</summary>
    private void SendOwedPing()
    {
        if (_probe is not { IsPingOwed: true } || Connection.State != ConnectionState.Established)
            return;

        AskForSignOfLife(_probe);
    }

    private void GiveUp() => Connection.End(new CloseInfo { Code = WebSocketCloseCode.Abnormal, Origin = CloseOrigin.Timeout });
}
