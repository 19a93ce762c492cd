using EventLoops.Protocols.WebSocket;

namespace EventLoops;

/// <summary>Pings and pongs (RFC 6455 5.5.2 and 5.5.3).</summary>
internal sealed partial class WebSocketRole
{
    private const int RateWindow = 1000;

    private WaitingPongs _pongs;
    private int _pingsUnanswered;
    private int _controlFrames;
    private long _controlWindow;
    private long _pingedAt;

    public WriteResult SendPing(ReadOnlySpan<byte> payload)
    {
        if (Connection.IsChoked)
            return WriteResult.Busy;

        _pingsUnanswered++;
        if (LoopMetrics.PingTime.Enabled)
            _pingedAt = Connection.Thread.Loop.TimeProvider.GetTimestamp();
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
        if (_pingsUnanswered > 0)
            _pingsUnanswered--;
        else if (!CountControlFrame())
            return;

        MeasurePing();
        RaiseControl(IsServer ? CallbackReason.ReceivePong : CallbackReason.ClientReceivePong, payload);
    }

    /// <summary>A pong stands for all pings up to the last one (RFC 6455 5.5.3), so it is that one which is timed.</summary>
    private void MeasurePing()
    {
        if (_pingedAt == 0)
            return;

        LoopMetrics.PingTime.Record(Connection.Thread.Loop.TimeProvider.GetElapsedTime(_pingedAt).TotalMilliseconds);
        _pingedAt = 0;
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
        _pongs.Add(frame[..WriteFrame(frame, Opcode.Pong, final: true, payload)], Connection.Context.Limits.MaxWaitingPongs);
    }

    /// <summary>Counts a frame that the peer sent unasked. False when that was one too many within a second: then the connection fails.</summary>
    private bool CountControlFrame()
    {
        long now = Connection.Thread.Loop.NowMilliseconds;
        if (now - _controlWindow >= RateWindow)
        {
            _controlWindow = now;
            _controlFrames = 0;
        }

        if (++_controlFrames <= Connection.Context.Limits.MaxControlRate)
            return true;

        Fail(ProtocolFault.TooManyControlFrames.CloseCode(), ProtocolFault.TooManyControlFrames);
        return false;
    }
}
