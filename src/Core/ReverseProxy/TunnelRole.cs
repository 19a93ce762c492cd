namespace EventLoops;

/// <summary>
/// One end of a tunnel: a connection whose bytes mean nothing here and go to another one as they come, no faster than that one takes them. Each side may end its half
/// of the stream, and the other is told so when it has had everything; a side that breaks breaks the other as well.
/// </summary>
internal sealed class TunnelRole : Role
{
    private readonly Role _former;
    private readonly TimeSpan _patience;
    private TunnelRole _other = null!;
    private bool _hasEnded;
    private bool _endsOutput;
    private bool _isOutputEnded;

    private TunnelRole(Connection connection, Role former, TimeSpan patience)
        : base(connection)
    {
        _former = former;
        _patience = patience;
    }

    public override bool CanWrite => Connection.State == ConnectionState.Established;

    /// <summary>Makes the two ends of a tunnel.</summary>
    /// <param name="one">A connection.</param>
    /// <param name="formerOfOne">The role that it has until now, which says what its end is called.</param>
    /// <param name="two">The other connection.</param>
    /// <param name="formerOfTwo">Its role until now.</param>
    /// <param name="patience">For how long a side may be silent once the other has ended its half.</param>
    public static (TunnelRole One, TunnelRole Two) Between(Connection one, Role formerOfOne, Connection two, Role formerOfTwo, TimeSpan patience)
    {
        TunnelRole first = new(one, formerOfOne, patience);
        TunnelRole second = new(two, formerOfTwo, patience) { _other = first };
        first._other = second;
        return (first, second);
    }

    public override void Consume(ref Span<byte> bytes)
    {
        // What was read is held back, and nothing more is read, until the other side takes it.
        if (_other.Connection.IsChoked)
        {
            Connection.Pause(ReceivePause.Mount);
            return;
        }

        _other.Connection.Send(bytes);
        bytes = default;
        if (_other._hasEnded)
            AwaitEnd();
    }

    public override void OnWritable()
    {
        Connection.FlushNow();
        if (Connection.IsClosed || Connection.IsChoked)
            return;
        if (_endsOutput)
            EndOutput();
        if (!_other._hasEnded)
            _other.Connection.Resume(ReceivePause.Mount);
    }

    public override void OnEndOfStream()
    {
        // RFC 8446 6.1: only close_notify says that this was all. What is cut is cut for the other side as well.
        if (Connection.IsStreamCut)
        {
            Connection.End(Ended(CloseOrigin.Remote) with { Fault = ProtocolFault.TlsCutShort });
            return;
        }

        _hasEnded = true;
        Connection.Pause(ReceivePause.Mount);
        _other._endsOutput = true;
        _other.EndOutput();
        if (!_other._hasEnded)
            _other.AwaitEnd();
    }

    /// <summary>One side has nothing more to say, and the other has said nothing since. While it is we who do not read, that is no silence.</summary>
    public override void OnDeadline(Deadline deadline)
    {
        if (Connection.TakeHasPaused())
            AwaitEnd();
        else
            Connection.End(Ended(CloseOrigin.Timeout));
    }

    public override void OnCloseRequested(CloseOrigin origin) => Connection.End(Ended(origin));

    public override void RaiseEnd(in CloseInfo close)
    {
        // A stream that breaks must not look to the other side like one that has ended.
        if (!_other.Connection.IsClosed)
            _other.Connection.Abort();
        _former.RaiseEnd(close);
    }

    private static CloseInfo Ended(CloseOrigin origin) => new() { Code = WebSocketCloseCode.Abnormal, Origin = origin };

    private void AwaitEnd()
    {
        _ = Connection.TakeHasPaused();
        Connection.SetDeadline(Deadline.Silence, _patience);
    }

    /// <summary>Ends our half of the stream towards this side's peer, when everything has left that came before.</summary>
    private void EndOutput()
    {
        if (_isOutputEnded || Connection.IsClosed)
            return;
        if (!Connection.HasNothingUnsent || !Connection.EndOutput())
        {
            Connection.RequestWritable();
            return;
        }

        _isOutputEnded = true;
        if (!_hasEnded || !_other._isOutputEnded)
            return;

        // Both have said all that they had to say, and both have been told everything.
        Connection.End(Ended(CloseOrigin.Remote));
        _other.Connection.End(Ended(CloseOrigin.Remote));
    }
}
