using System.Runtime.InteropServices;
using EventLoops.Benchmarks.Load.Runs;

namespace EventLoops.Benchmarks.Load.Wire;

/// <summary>A client of the echo: sends the messages of its stream that it may send, and compares every byte that comes back.</summary>
internal class WebSocketPeer(LoadRun run, int id) : LoadSocket(run, id)
{
    private const int Continuation = 0;
    private const int Close = 8;
    private const int Ping = 9;
    private const int Pong = 10;

    private readonly FrameScanner _frames = new();
    private readonly List<byte> _control = [];
    private readonly long[] _sentAt = new long[run.Options.Pipeline];
    private long _allowed;
    private long _position;
    private long _echoed;
    private long _echoedBytes;
    private bool _isInMessage;

    /// <summary>How many messages have been allowed to be sent and have not come back.</summary>
    public long Outstanding => _allowed - _echoed;

    /// <summary>Lets the connection send one more message, which is due now or, at a fixed rate, has been for a while.</summary>
    /// <param name="dueAt">When it was due, as a time stamp of <see cref="System.Diagnostics.Stopwatch"/>: delays before it could be sent are delays.</param>
    public void Allow(long dueAt)
    {
        _sentAt[(int)(_allowed++ % _sentAt.Length)] = dueAt;
    }

    /// <summary>Sends what it may send.</summary>
    public void Pump()
    {
        long end = _allowed * Run.Template.FrameLength;
        while (_position < end)
        {
            Span<byte> room = Run.SendBuffer;
            int count = (int)Math.Min(end - _position, room.Length);
            Run.Template.Fill(Id, _position, room[..count]);
            int sent = SendSome(room[..count]);
            _position += sent;
            if (sent < count)
                return;
        }
    }

    protected override void OnConnected()
    {
        AwaitHead();
        Send(Run.Handshake.Request);
    }

    protected override void OnHead(string head)
    {
        Run.Handshake.Check(head);
        Run.OnOpened(this);
    }

    protected override void OnWritable() => Pump();

    protected override void OnBytes(ReadOnlySpan<byte> bytes)
    {
        while (_frames.TryRead(ref bytes, out ReadOnlySpan<byte> piece))
        {
            if (_frames.Opcode >= Close)
                OnControl(piece);
            else
                OnPayload(piece);
        }

        // All answers of one read lead to one write.
        Pump();
    }

    /// <summary>A message has come back whole.</summary>
    protected virtual void OnEcho(long sequence) => Run.OnEcho(this, _sentAt[(int)(sequence % _sentAt.Length)]);

    /// <summary>Whose message it is that comes: the peer's own, unless one speaks to all.</summary>
    protected virtual int SenderId => Id;

    /// <summary>The peer has sent a close frame.</summary>
    protected virtual void OnClose(ReadOnlySpan<byte> payload) =>
        throw new LoadException($"The server closed the WebSocket with {(payload.Length >= 2 ? (payload[0] << 8) | payload[1] : 1005)}.");

    /// <summary>Masked control frames are short enough to leave at once, or the server has stopped to read.</summary>
    protected void SendControl(int opcode, ReadOnlySpan<byte> payload)
    {
        // The mask 0 changes nothing; these frames are few.
        byte[] frame = [(byte)(0x80 | opcode), (byte)(0x80 | payload.Length), 0, 0, 0, 0, .. payload];
        if (_position % Run.Template.FrameLength != 0 || SendSome(frame) < frame.Length)
            throw new LoadException("A control frame could not be sent.");
    }

    private void OnPayload(ReadOnlySpan<byte> piece)
    {
        if (_frames.IsFrameStart && (_frames.Opcode == Continuation) != _isInMessage)
            throw new LoadException("A frame continues no message, or interrupts one.");
        _isInMessage = true;
        if (!Run.Template.Matches(SenderId, _echoed, _echoedBytes, piece))
            throw new LoadException($"Message {_echoed} came back changed, behind byte {_echoedBytes}.");

        _echoedBytes += piece.Length;
        if (!_frames.IsFrameEnd || !_frames.IsFinal)
            return;
        if (_echoedBytes != Run.Template.Size)
            throw new LoadException($"Message {_echoed} came back with {_echoedBytes} bytes.");

        _isInMessage = false;
        _echoedBytes = 0;
        OnEcho(_echoed++);
    }

    private void OnControl(ReadOnlySpan<byte> piece)
    {
        _control.AddRange(piece);
        if (!_frames.IsFrameEnd)
            return;

        ReadOnlySpan<byte> payload = CollectionsMarshal.AsSpan(_control);
        switch (_frames.Opcode)
        {
            case Close:
                OnClose(payload);
                break;
            case Ping:
                SendControl(Pong, payload);
                break;
        }

        _control.Clear();
    }
}
