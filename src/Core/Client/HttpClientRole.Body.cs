using EventLoops.Protocols.Http;

namespace EventLoops;

/// <summary>
/// The body of a reply, under the program's control. It stays in the kernel until the program wants it: readiness is told once, reading is paused, and a read goes from
/// the socket into the program's own memory. So a slow reader slows the server down, and nothing piles up here.
/// </summary>
internal sealed partial class HttpClientRole
{
    // As Kestrel and IIS ask of their clients, in bytes a second.
    private const double MinimumRate = 240;

    // What one callback is handed at most when the library reads for the program.
    private const int PartSize = 64 * 1024;

    private ChunkedDecoder _chunks;
    private HttpHead? _trailers;
    private BodyFraming _framing;
    private long _left;
    private bool _isAllRead;
    private double _credit;
    private long _waitingSince = -1;

    /// <summary>The fields after the last chunk; null when there are none, or not yet.</summary>
    public HttpHead? Trailers => _trailers is { IsComplete: true } ? _trailers : null;

    /// <summary>The kernel has bytes, or the end of the stream, or an error: whichever it is, a read tells.</summary>
    public void OnReadable()
    {
        StopWaiting();
        Connection.Pause(ReceivePause.Reader);
        Goes(CallbackReason.ReceiveClientHttp);
    }

    /// <summary>Something that the kernel cannot report: bytes that were read with the head, or the end of a body that was read outside of a callback of its own.</summary>
    public void ServicePending()
    {
        if (_isAllRead)
            Complete();
        else if (Connection.IsPausedByUser)
            Connection.Resume(ReceivePause.Reader); // The user's own resume finds what is held back, and comes here again.
        else
            OnReadable();
    }

    /// <summary>Reads what is there into the program's memory. See <see cref="Connection.ReadHttpBody"/>.</summary>
    public int Read(Span<byte> buffer)
    {
        // While the head's own packet is being gone through, the beginning of the body is in nobody's hands.
        if (_isAllRead || Connection.IsDelivering)
            return 0;

        int count = _framing == BodyFraming.Chunked ? ReadChunks(buffer) : ReadPlain(buffer);
        if (Connection.IsClosed)
            return count;

        _credit = Math.Min(Options.BodyTimeout.TotalMilliseconds, _credit + (count * 1000 / MinimumRate));
        if (_isAllRead)
        {
            StopWaiting();
            Connection.QueueService();
            return count;
        }

        StartWaiting();
        Connection.Resume(ReceivePause.Reader);
        return count;
    }

    /// <summary>Reads what is there and hands it to the user: what <c>OnHttpReceive</c> does for those who do not override it.</summary>
    public void ReadToCallback()
    {
        byte[] buffer = BufferPool.Rent(PartSize);
        int count = Read(buffer);
        if (count > 0)
            Goes(CallbackReason.ReceiveClientHttpRead, new CallbackData { In = buffer.AsSpan(0, count) });
        BufferPool.Return(buffer);
    }

    private void BeginReplyBody(HttpHead head)
    {
        _framing = head.Framing;
        _left = _framing == BodyFraming.Length ? head.ContentLength : long.MaxValue;
        _chunks = new ChunkedDecoder { LeavesTrailers = true };
        StartWaiting();
    }

    private int ReadPlain(Span<byte> buffer)
    {
        Span<byte> wanted = buffer[..(int)Math.Min(buffer.Length, _left)];
        int count = Connection.HasHeldInput ? Connection.TakeHeldInput(wanted) : Receive(wanted);
        if (_framing == BodyFraming.Length)
        {
            _left -= count;
            _isAllRead |= _left == 0;
        }

        return count;
    }

    /// <summary>Takes chunks apart where they lie: without their headers they are never longer, so the payload moves down within the program's memory.</summary>
    private int ReadChunks(Span<byte> buffer)
    {
        int written = 0;
        while (written == 0 && !_isAllRead && !Connection.IsClosed)
        {
            int count = Connection.HasHeldInput ? Connection.TakeHeldInput(buffer) : Receive(buffer);
            if (count == 0)
                break;

            written = Decode(buffer[..count]);
        }

        return written;
    }

    private int Decode(Span<byte> bytes)
    {
        int written = 0;
        ReadOnlySpan<byte> rest = bytes;
        while (_trailers is null)
        {
            ChunkEvent chunk = _chunks.Read(ref rest);
            switch (chunk.Kind)
            {
                case ChunkEventKind.NeedMore:
                    return written;
                case ChunkEventKind.Data:
                    chunk.Data.CopyTo(bytes[written..]);
                    written += chunk.Data.Length;
                    break;
                case ChunkEventKind.End:
                    _trailers = Connection.Thread.RentHead(HttpHeadKind.Trailers);
                    break;
                default:
                    Break(chunk.Fault);
                    return written;
            }
        }

        ReadTrailers(rest);
        return written;
    }

    private void ReadTrailers(ReadOnlySpan<byte> rest)
    {
        HeadStatus status = _trailers!.Feed(rest, out int consumed);
        if (status == HeadStatus.Fault)
        {
            // The limits of a head are those of trailers, under another name.
            ProtocolFault fault = _trailers.Fault;
            Break(fault is ProtocolFault.HeadTooLarge or ProtocolFault.TooManyFields ? ProtocolFault.TrailersTooLarge : fault);
            return;
        }

        _isAllRead = status == HeadStatus.Complete;
        _isSpoiled |= consumed < rest.Length;
    }

    /// <summary>Reads from the socket; 0 when there is nothing at the moment, or no more.</summary>
    private int Receive(Span<byte> buffer)
    {
        IoResult received = Connection.ReceiveInto(buffer);
        if (received.WouldBlock)
            return 0;
        if (received.IsError)
            Connection.End(Ended(CloseOrigin.Error) with { SystemError = received.Errno });
        else if (received.Value == 0 && Connection.IsStreamCut && _framing == BodyFraming.UntilClose)
            Connection.End(Ended(CloseOrigin.Remote) with { Fault = ProtocolFault.TlsCutShort }); // RFC 9112 9.8: only close_notify says that this was all.
        else if (received.Value == 0 && _framing == BodyFraming.UntilClose)
            _isAllRead = true;
        else if (received.Value == 0)
            Connection.End(Ended(CloseOrigin.Remote) with { Fault = ProtocolFault.BodyCutShort });
        return received.Value;
    }

    private void Break(ProtocolFault fault) => Connection.End(Ended(CloseOrigin.Error) with { Fault = fault });

    /// <summary>The server is on the clock from now on: it has as long as it has credit.</summary>
    private void StartWaiting()
    {
        if (_waitingSince >= 0 || Options.BodyTimeout == Timeout.InfiniteTimeSpan)
            return;

        _waitingSince = Loop.NowMilliseconds;
        Connection.SetDeadline(Deadline.ReplyBody, TimeSpan.FromMilliseconds(Math.Max(1, _credit)));
    }

    private void StopWaiting()
    {
        if (_waitingSince < 0)
            return;

        _credit -= Loop.NowMilliseconds - _waitingSince;
        _waitingSince = -1;
        Connection.ClearDeadline();
    }
}
