using EventLoops.Protocols.Http;

namespace EventLoops;

/// <summary>The bodies of requests: by length or in chunks, no faster than the user takes them and no slower than a peer may be.</summary>
internal sealed partial class HttpServerRole
{
    private ChunkedDecoder _chunks;
    private HttpHead? _trailers;
    private long _bodyLeft;
    private long _bodyRead;
    private bool _bodyIsChunked;
    private bool _bodyIsUnwanted;
    private bool _continueIsDue;
    private TimeSpan _bodyTimeLeft;
    private TimeSpan _bodyWindow;
    private long _readBeforeWindow;

    /// <summary>The fields that came after a body in chunks; null when there are none, or not yet.</summary>
    public HttpHead? Trailers => _trailers is { IsComplete: true } ? _trailers : null;

    public override void OnResumed() => ContinueIfWanted();

    private void BeginBody(HttpHead head)
    {
        _bodyIsUnwanted = false;
        _bodyRead = 0;
        _bodyIsChunked = head.Framing == BodyFraming.Chunked;
        _bodyLeft = head.Framing == BodyFraming.Length ? head.ContentLength : 0;
        _chunks = default;
        _continueIsDue = head.ExpectsContinue;

        _bodyTimeLeft = Timeouts.RequestBody;
        _ = Connection.TakeHasPaused();
        BeginBodyWindow();
    }

    /// <summary>The request was begun, and not all of it is there.</summary>
    private void AwaitBody()
    {
        // An answer that is complete before the body has come does not want it.
        _bodyIsUnwanted = _hasEnded;
        ContinueIfWanted();
    }

    /// <summary>
    /// RFC 9110 10.1.1: a client that asked waits for this before it sends the body. It is told when the body is first wanted, so that a user who pauses
    /// receiving can think about the request first. An answer that has begun takes its place.
    /// </summary>
    private void ContinueIfWanted()
    {
        if (!_continueIsDue || _hasStarted || _isCalling || !Connection.IsReceiving || Connection.State != ConnectionState.ReadingBody)
            return;

        _continueIsDue = false;
        Connection.Send("HTTP/1.1 100 Continue\r\n\r\n"u8);
    }

    private void ReadBody(ref Span<byte> bytes)
    {
        // The client did not wait.
        _continueIsDue = false;
        if (_bodyIsChunked)
        {
            ReadChunk(ref bytes);
            return;
        }

        ReadOnlySpan<byte> part = bytes[..(int)Math.Min(_bodyLeft, bytes.Length)];
        bytes = bytes[part.Length..];
        _bodyLeft -= part.Length;
        OnBodyPart(part);
    }

    private void ReadChunk(ref Span<byte> bytes)
    {
        ReadOnlySpan<byte> input = bytes;
        int trailersBefore = _chunks.TrailerSize;
        ChunkEvent chunk = _chunks.Read(ref input);
        ReadOnlySpan<byte> taken = bytes[..^input.Length];
        bytes = bytes[^input.Length..];
        int trailerLength = _chunks.TrailerSize - trailersBefore;
        if (trailerLength > 0 && chunk.Kind != ChunkEventKind.Fault && !KeepTrailers(taken[^trailerLength..], isAll: trailersBefore == 0 && chunk.Kind == ChunkEventKind.End))
            return;

        switch (chunk.Kind)
        {
            case ChunkEventKind.NeedMore:
                return;
            case ChunkEventKind.Data:
                OnBodyPart(chunk.Data);
                return;
            case ChunkEventKind.End:
                OnBodyEnd();
                return;
            default:
                Refuse(chunk.Fault);
                return;
        }
    }

    /// <summary>Keeps trailers for whoever asks. False when they were refused.</summary>
    private bool KeepTrailers(ReadOnlySpan<byte> bytes, bool isAll)
    {
        // An empty line alone, the usual end: there are none.
        if (_bodyIsUnwanted || (isAll && bytes.Length == 2))
            return true;

        _trailers ??= Thread.RentHead(HttpHeadKind.Trailers);
        if (_trailers.Feed(bytes, out _) != HeadStatus.Fault)
            return true;

        // The decoder has let them pass, so it is the limits of a head that they are above.
        Refuse(ProtocolFault.TrailersTooLarge);
        return false;
    }

    private void OnBodyPart(ReadOnlySpan<byte> part)
    {
        _bodyRead += part.Length;
        if (_bodyRead > Connection.Context.Limits.MaxRequestBody)
        {
            Refuse(ProtocolFault.BodyTooLarge);
            return;
        }

        if (!_bodyIsUnwanted)
        {
            CallbackData data = new() { In = part };
            CallbackOutcome outcome = Call(CallbackReason.HttpBody, in data);
            if (outcome != CallbackOutcome.Continue)
            {
                Finish(outcome);
                return;
            }

            // What the callback has answered is complete; the rest of the body is of no use any more.
            _bodyIsUnwanted |= _hasEnded;
        }

        if (!_bodyIsChunked && _bodyLeft == 0 && Connection.State == ConnectionState.ReadingBody)
            OnBodyEnd();
        else
            CompleteIfDone();
    }

    private void OnBodyEnd()
    {
        if (Connection.State != ConnectionState.ReadingBody)
            return;

        Connection.ClearDeadline();
        if (_upgradesAfterBody)
        {
            UpgradeAfterBody();
            return;
        }

        Connection.Move(ConnectionState.Responding);
        Finish(_bodyIsUnwanted ? CallbackOutcome.Continue : Call(CallbackReason.HttpBodyCompletion));
    }

    /// <summary>The time until the body is looked at again: the next stretch of the minimum rate, or what is left of the time for all of it.</summary>
    private void BeginBodyWindow()
    {
        bool hasRate = Connection.Context.Limits.MinDataRate > 0 && Timeouts.DataRateGrace != Timeout.InfiniteTimeSpan;
        _bodyWindow = !hasRate ? _bodyTimeLeft
            : _bodyTimeLeft == Timeout.InfiniteTimeSpan || Timeouts.DataRateGrace < _bodyTimeLeft ? Timeouts.DataRateGrace
            : _bodyTimeLeft;
        _readBeforeWindow = _bodyRead;
        Connection.SetDeadline(Deadline.RequestBody, _bodyWindow);
    }

    private void OnBodyWindowEnd()
    {
        // Time in which we did not read is not the peer's.
        if (!Connection.TakeHasPaused())
        {
            if (_bodyTimeLeft != Timeout.InfiniteTimeSpan)
                _bodyTimeLeft -= _bodyWindow;
            if (_bodyTimeLeft == TimeSpan.Zero)
            {
                Drop(CloseOrigin.Timeout);
                return;
            }

            if (_bodyRead - _readBeforeWindow < Connection.Context.Limits.MinDataRate * _bodyWindow.TotalSeconds)
            {
                Connection.Context.Log.Refused(Connection.Id, 0, ProtocolFault.BodyTooSlow.Describe());
                Drop(CloseOrigin.Timeout);
                return;
            }
        }

        BeginBodyWindow();
    }

    private void ReleaseTrailers()
    {
        if (_trailers is null)
            return;

        Thread.ReturnHead(_trailers);
        _trailers = null;
    }
}
