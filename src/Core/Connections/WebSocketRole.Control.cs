using EventLoops.Protocols.WebSocket;

namespace EventLoops;

/// <summary>Pings and pongs (RFC 6455 5.5.2 and 5.5.3).</summary>
internal sealed partial class WebSocketRole
{
    private PingTraffic? _pings;

    private PingTraffic Pings => _pings ??= new PingTraffic();

    public WriteResult SendPing(ReadOnlySpan<byte> payload)
    {
        if (Connection.IsChoked)
            return WriteResult.Busy;

        Pings.Unanswered++;
        if (LoopMetrics.PingTime.Enabled)
            Pings.PingedAt = Connection.Thread.Loop.TimeProvider.GetTimestamp();
        SendFrame(Opcode.Ping, final: true, payload);
        return Connection.IsClosed ? WriteResult.Closed : WriteResult.Accepted;
    }

    private void OnPing(ReadOnlySpan<byte> payload)
    {
        if (Connection.State is not (ConnectionState.Established or ConnectionState.Closing) || !CountControlFrame())
            return;

        // After our own close frame a ping is still answered, since only the peer's ends that duty; but nobody is told of it any more.
        AnswerPing(payload);
        if (Connection.State == ConnectionState.Established)
            RaiseControl(IsServer ? CallbackReason.ReceivePing : CallbackReason.ClientReceivePing, payload);
    }

    private void OnPong(ReadOnlySpan<byte> payload)
    {
        if (Connection.State != ConnectionState.Established)
            return;

        // A pong may answer several pings at once or none at all; only what we did not ask for counts against the limit.
        if (_pings is { Unanswered: > 0 })
            _pings.Unanswered--;
        else if (!CountControlFrame())
            return;

        MeasurePing();
        RaiseControl(IsServer ? CallbackReason.ReceivePong : CallbackReason.ClientReceivePong, payload);
    }

    /// <summary>A pong stands for all pings up to the last one (RFC 6455 5.5.3), so it is that one which is timed.</summary>
    private void MeasurePing()
    {
        if (_pings is not { PingedAt: not 0 } pings)
            return;

        LoopMetrics.PingTime.Record(Connection.Thread.Loop.TimeProvider.GetElapsedTime(pings.PingedAt).TotalMilliseconds);
        pings.PingedAt = 0;
    }

    private void RaiseControl(CallbackReason reason, ReadOnlySpan<byte> payload)
    {
        CallbackData data = new() { In = payload };
        CloseUnlessContinue(Connection.Raise(reason, in data));
    }

    private void AnswerPing(ReadOnlySpan<byte> payload)
    {
        if (!Connection.IsChoked)
        {
            SendFrame(Opcode.Pong, final: true, payload);
            return;
        }

        Counters.CountSent(Opcode.Pong, payload.Length);
        Span<byte> frame = stackalloc byte[FrameWriter.MaxHeaderSize + FrameWriter.MaxControlPayload];
        Pings.Pongs.Add(frame[..WriteFrame(frame, Opcode.Pong, final: true, payload)], Connection.Context.Limits.MaxWaitingPongs);
    }

    /// <summary>Counts a frame that the peer sent unasked. False when that was one too many within a second: then the connection fails.</summary>
    private bool CountControlFrame()
    {
        if (Pings.CountUnasked(Connection.Thread.Loop.NowMilliseconds, Connection.Context.Limits.MaxControlRate))
            return true;

        Fail(ProtocolFault.TooManyControlFrames.CloseCode(), ProtocolFault.TooManyControlFrames);
        return false;
    }
}
