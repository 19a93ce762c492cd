using System.Runtime.CompilerServices;
using System.Text;
using System.Text.Unicode;
using EventLoops.Protocols.WebSocket;

namespace EventLoops;

/// <summary>
/// An open WebSocket, of either side: frames in and out, and the closing handshake (RFC 6455 5 and 7). <c>WebSocketRole.Delivery.cs</c> gives messages to
/// the user, <c>WebSocketRole.Control.cs</c> is about pings and pongs, <c>WebSocketRole.KeepAlive.cs</c> about peers that have gone, and
/// <c>WebSocketRole.Extensions.cs</c> what extensions do to messages.
/// </summary>
internal sealed partial class WebSocketRole : Role
{
    private readonly StrongBox<FrameReaderOptions> _options;
    private IncomingMessage? _incoming;
    private OutgoingMessage _outgoing;

    /// <summary>Makes the role of a connection that is about to open.</summary>
    /// <param name="connection">The connection.</param>
    /// <param name="options">How its frames are read; one box serves all connections of a protocol.</param>
    /// <param name="extensions">What was agreed on; null for nothing.</param>
    public WebSocketRole(Connection connection, StrongBox<FrameReaderOptions> options, ExtensionChain? extensions)
        : base(connection)
    {
        _options = extensions is null ? options : TakeExtensions(extensions, options.Value);
    }

    /// <summary>Whether the user is being called because the connection may be written to.</summary>
    public bool IsInWritable { get; private set; }

    public override bool CanWrite => Connection.State == ConnectionState.Established;

    private bool IsServer => Connection.IsServer;

    private bool IsBetweenMessages => _incoming is null || _incoming.Reader.IsBetweenMessages;

    private IncomingMessage Incoming => _incoming ??= Connection.Thread.RentMessage();

    private ThreadCounters Counters => Connection.Thread.Counters;

    /// <summary>Checks what a user wants to close with, before anything happens.</summary>
    public static void CheckClose(WebSocketCloseCode code, ReadOnlySpan<byte> reason)
    {
        if (!CloseCodes.MayBeSentByUs((ushort)code))
            throw new ArgumentException($"The close code {(int)code} may not be sent (RFC 6455 7.4).", nameof(code));
        if (reason.Length > FrameWriter.MaxCloseReason)
            throw new ArgumentException($"A close reason has at most {FrameWriter.MaxCloseReason} bytes (RFC 6455 5.5).", nameof(reason));
        if (!Utf8.IsValid(reason))
            throw new ArgumentException("A close reason is UTF-8 (RFC 6455 5.5.1).", nameof(reason));
    }

    /// <summary>How the frames of a connection are read, by its protocol and the context's limits.</summary>
    public static StrongBox<FrameReaderOptions> OptionsFor(Protocol protocol, ConnectionLimits limits, bool isServer) => new(new FrameReaderOptions
    {
        IsServer = isServer,
        MaxPartSize = protocol.DeliverWholeMessages ? 0 : protocol.ReceiveBufferSize,
        MaxMessageSize = limits.MaxMessageSize,
        MaxFragments = limits.MaxFragments,
        ValidateUtf8 = protocol.ValidateUtf8,
    });

    public override void Consume(ref Span<byte> bytes)
    {
        ref readonly FrameReaderOptions options = ref _options.Value;
        while (Connection.IsReceiving && !HasUndelivered)
        {
            if (_extensions is null && IsBetweenMessages && FrameReader.TryReadShortMessage(ref bytes, in options, out Span<byte> message, out MessageKind kind))
            {
                Counters.CountReceived((byte)kind, message.Length);
                Receive(message, new MessageInfo(kind, PartFlags.Whole, remainingPayload: 0));
                if (bytes.IsEmpty)
                    break;
                continue;
            }

            FrameEvent frame = Incoming.Reader.Read(ref bytes, in options);
            if (!Take(in frame))
                break;
        }

        ReturnIncoming();
    }

    public override void OnWritable()
    {
        // A pong is due as soon as possible (RFC 6455 5.5.3), so those that waited for the kernel come before the user.
        _pings?.Pongs.SendAll(Connection);
        SendOwedPing();
        if (Connection.State != ConnectionState.Established)
            return;

        IsInWritable = true;
        CallbackOutcome outcome = Connection.Raise(IsServer ? CallbackReason.ServerWriteable : CallbackReason.ClientWriteable);
        IsInWritable = false;
        CloseUnlessContinue(outcome);
    }

    public override void OnEndOfStream()
    {
        // A stream that ends without a close frame is an abnormal closure, whoever wanted it to end (RFC 6455 7.1.5). A peer that has ended its half
        // may still read, so what was taken from the user leaves first.
        ProtocolFault fault = Connection.IsStreamCut ? ProtocolFault.TlsCutShort : ProtocolFault.None;
        CloseInfo close = new() { Code = WebSocketCloseCode.Abnormal, Origin = CloseOrigin.Remote, Fault = fault };
        if (Connection.HasNothingUnsent)
            Connection.End(close);
        else
            Connection.EndAfterFlush(close, AfterFlush.End);
    }

    public override void OnDeadline(Deadline deadline)
    {
        if (deadline == Deadline.Silence)
            OnSilence(_probe!);
        else if (deadline == Deadline.SignOfLife)
            OnNoSignOfLife(_probe!);
        else
            GiveUp();
    }

    public override void OnCloseRequested(CloseOrigin origin)
    {
        if (Connection.State == ConnectionState.Established)
            BeginClose(WebSocketCloseCode.Normal, default, origin);
        else
            Connection.End(new CloseInfo { Code = WebSocketCloseCode.Abnormal, Origin = origin });
    }

    public override void RaiseEnd(in CloseInfo close)
    {
        Connection.Context.Log.Closed(Connection.Id, close);
        Counters.CountClose(close);
        if (LoopEvents.Source.IsEnabled())
            LoopEvents.Source.WebSocketClosed(Connection.Id, (int)close.Code, close.Origin.ToString(), (int)close.Fault);
        _ = Connection.Raise(CallbackReason.Closed, new CallbackData { Close = close });
    }

    public override void Release()
    {
        ReturnIncoming(evenUnfinished: true);
        _pings?.Pongs.Clear();
        ReleaseExtensions();
    }

    /// <summary>Takes what a frame has brought. False when nothing more is to be read now.</summary>
    private bool Take(in FrameEvent frame)
    {
        switch (frame.Kind)
        {
            case FrameEventKind.NeedMore:
                return false;
            case FrameEventKind.Data when _extensions is null:
                Counters.CountReceivedPart(frame.Info, frame.Payload.Length);
                Receive(frame.Payload, frame.Info);
                return true;
            case FrameEventKind.Data:
                Counters.CountReceivedPart(frame.Info, frame.Payload.Length);
                ReceiveThroughExtensions(in frame);
                return true;
            case FrameEventKind.Ping:
                Counters.CountReceived(Opcode.Ping, frame.Payload.Length);
                OnPing(frame.Payload);
                return true;
            case FrameEventKind.Pong:
                Counters.CountReceived(Opcode.Pong, frame.Payload.Length);
                OnPong(frame.Payload);
                return true;
            case FrameEventKind.Close:
                Counters.CountReceived(Opcode.Close, frame.Payload.Length);
                OnPeerClose(in frame);
                return false;
            default:
                Fail(frame.Fault.CloseCode(), frame.Fault);
                return false;
        }
    }

    /// <summary>The WebSocket is open: tells the user. The caller has moved the connection to <see cref="ConnectionState.Established"/>.</summary>
    /// <param name="keepAlive">How to find out that the peer has gone; null as the context says.</param>
    public void Open(WebSocketKeepAlive? keepAlive)
    {
        BeginKeepAlive(keepAlive ?? Connection.Context.KeepAlive);
        if (LoopEvents.Source.IsEnabled())
            LoopEvents.Source.WebSocketOpened(Connection.Id, Connection.Protocol.Name);
        CloseUnlessContinue(Connection.Raise(IsServer ? CallbackReason.Established : CallbackReason.ClientEstablished));
    }

    /// <summary>Sends our close frame; the peer's is awaited from now on, and its data is read and dropped (RFC 6455 1.4).</summary>
    public void BeginClose(WebSocketCloseCode code, ReadOnlySpan<byte> reason, CloseOrigin origin = CloseOrigin.Local)
    {
        _incoming?.Collected.Clear();
        Connection.Ending.OwnClose = new CloseInfo { Code = code, Reason = Encoding.UTF8.GetString(reason), Origin = origin };
        SendClose(code, reason);

        // Making room for the frame may have found out that the peer is gone.
        if (Connection.IsClosed)
            return;

        Connection.Move(ConnectionState.Closing);
        Connection.SetDeadline(Deadline.Close, Connection.Context.Timeouts.Close);

        // The peer's answer must be seen even when the user has paused receiving.
        Connection.Resume(ReceivePause.User);
    }

    /// <summary>Sends a message or a part of one. See <see cref="Connection.Write(ReadOnlySpan{byte}, MessageKind, MessagePart, bool)"/>.</summary>
    public WriteResult Send(ReadOnlySpan<byte> message, MessageKind kind, MessagePart part, bool transform)
    {
        CheckSize(message);
        if (Connection.IsChoked)
            return WriteResult.Busy;

        byte opcode = _outgoing.Begin(message, kind, part);
        if (_extensions is null)
            SendFrame(opcode, part is MessagePart.Whole or MessagePart.Last, message);
        else
            SendThroughExtensions(opcode, message, kind, part, transform);
        return Connection.IsClosed ? WriteResult.Closed : WriteResult.Accepted;
    }

    /// <summary>Sends a message that was prepared for many. See <see cref="Connection.Write(PreparedMessage)"/>.</summary>
    public WriteResult Send(PreparedMessage message)
    {
        CheckSize(message.Payload);
        if (Connection.IsChoked)
            return WriteResult.Busy;

        // A client masks every frame with a key of its own (RFC 6455 5.3), so that nothing can be shared.
        if (!IsServer)
            return Send(message.Payload, message.Kind, MessagePart.Whole, message.MayBeCompressed);

        _outgoing.BeginPrepared();
        if (_extensions is null)
            SendShared(message, message.Frame);
        else
            SendThroughExtensions(message);
        return Connection.IsClosed ? WriteResult.Closed : WriteResult.Accepted;
    }

    private void CheckSize(ReadOnlySpan<byte> message)
    {
        int limit = Connection.Context.Limits.MaxWriteSize;
        if (message.Length > limit)
            throw new ArgumentException($"One write carries at most {limit} bytes ({nameof(ConnectionLimits)}.{nameof(ConnectionLimits.MaxWriteSize)}); write the message in parts.", nameof(message));
    }

    /// <summary>A part of a message, as the user gets it.</summary>
    public void Receive(ReadOnlySpan<byte> part, in MessageInfo info)
    {
        // After our close frame the peer's data is of no use to anybody (RFC 6455 1.4).
        if (Connection.State != ConnectionState.Established)
            return;

        Deliver(part, in info);
    }

    private void OnPeerClose(in FrameEvent frame)
    {
        if (Connection.State == ConnectionState.Closing)
        {
            EndCleanly(Connection.Ending.OwnClose with { IsClean = true });
            return;
        }

        WebSocketCloseCode code = frame.CloseCode;
        CloseInfo close = new() { Code = code, Reason = Encoding.UTF8.GetString(frame.CloseReason), Origin = CloseOrigin.Remote, IsClean = true };
        CallbackData data = new() { In = frame.Payload, Close = close };
        CallbackOutcome outcome = Connection.Raise(CallbackReason.WsPeerInitiatedClose, in data);
        if (Connection.IsClosed)
            return;
        if (outcome == CallbackOutcome.Close)
        {
            Connection.End(close with { IsClean = false });
            return;
        }

        // The user may have answered with a code of its own; otherwise the peer's code is echoed, none for none (RFC 6455 5.5.1).
        if (Connection.State == ConnectionState.Established)
            SendClose(outcome == CallbackOutcome.Failed ? WebSocketCloseCode.InternalError : code, default);
        EndCleanly(close);
    }

    /// <summary>Both close frames have gone their way: a server ends the stream, a client waits for that (RFC 6455 7.1.1).</summary>
    private void EndCleanly(in CloseInfo close) =>
        Connection.EndAfterFlush(close, IsServer ? AfterFlush.End : AfterFlush.AwaitEndOfStream);

    private void CloseUnlessContinue(CallbackOutcome outcome)
    {
        if (outcome == CallbackOutcome.Continue || Connection.State != ConnectionState.Established)
            return;
        if (outcome == CallbackOutcome.Close)
            BeginClose(WebSocketCloseCode.Normal, default);
        else
            Fail(WebSocketCloseCode.InternalError, ProtocolFault.None);
    }

    /// <summary>Fails the connection: says why in a close frame, if none was sent yet, and waits for no answer (RFC 6455 7.1.7).</summary>
    public void Fail(WebSocketCloseCode code, ProtocolFault fault)
    {
        if (Connection.State == ConnectionState.Established)
            SendClose(code, default);
        else
            code = Connection.Ending.OwnClose.Code;
        Connection.EndAfterFlush(new CloseInfo { Code = code, Origin = CloseOrigin.Error, Fault = fault }, AfterFlush.ShutdownAndLinger);
    }

    private void SendClose(WebSocketCloseCode code, ReadOnlySpan<byte> reason)
    {
        // A ping that came before the end is answered, also when the kernel takes no more just now (RFC 6455 5.5.2). Like the close frame itself these few
        // bytes go behind what is unsent: the end can always be said, and costs no more than that.
        _pings?.Pongs.SendAll(Connection);

        Span<byte> payload = stackalloc byte[FrameWriter.MaxControlPayload];
        int length = code == WebSocketCloseCode.NoStatus ? 0 : FrameWriter.WriteClose(payload, code, reason);
        SendFrame(Opcode.Close, final: true, payload[..length]);
    }

    private void SendShared(PreparedMessage message, ReadOnlyMemory<byte> frame)
    {
        Counters.CountSent((byte)message.Kind, message.Payload.Length);
        Connection.SendShared(message, frame);
    }

    private void SendFrame(byte opcode, bool final, ReadOnlySpan<byte> payload, ReservedBits bits = ReservedBits.None)
    {
        Counters.CountSent(opcode, payload.Length);
        if (!IsServer)
            WriteFrame(Connection.Reserve(FrameWriter.HeaderSize(payload.Length, masked: true) + payload.Length), opcode, final, payload, bits);
        else if (Connection.TryReserveInCork(FrameWriter.HeaderSize(payload.Length, masked: false) + payload.Length, out Span<byte> room))
            WriteFrame(room, opcode, final, payload, bits);
        else
            SendPieces(opcode, final, payload, bits);
    }

    /// <summary>Sends a header and a payload that is not copied when it is large.</summary>
    private void SendPieces(byte opcode, bool final, ReadOnlySpan<byte> payload, ReservedBits bits)
    {
        Span<byte> header = stackalloc byte[FrameWriter.MaxHeaderSize];
        int length = FrameWriter.WriteHeader(header, opcode, final, bits, payload.Length);
        Connection.Send(header[..length], payload);
    }

    /// <summary>Writes a whole frame, masked when this side is the client (RFC 6455 5.3).</summary>
    private int WriteFrame(Span<byte> destination, byte opcode, bool final, ReadOnlySpan<byte> payload, ReservedBits bits = ReservedBits.None)
    {
        if (IsServer)
        {
            int length = FrameWriter.WriteHeader(destination, opcode, final, bits, payload.Length);
            payload.CopyTo(destination[length..]);
            return length + payload.Length;
        }

        uint key = Connection.Thread.MaskKeys.Next();
        int header = FrameWriter.WriteMaskedHeader(destination, opcode, final, bits, payload.Length, key);
        Masking.CopyMasked(payload, destination.Slice(header, payload.Length), key);
        return header + payload.Length;
    }
}
