using Xunit;

namespace EventLoops.Tests.Connections;

/// <summary>Plays a script on a loop, with a raw peer on the other side, and brings the connection to its end.</summary>
internal sealed class ScriptPlayer : IDisposable
{
    private static readonly CallbackReason[] s_scripted =
    [
        CallbackReason.FilterProtocolConnection, CallbackReason.Established, CallbackReason.Receive, CallbackReason.ReceivePing, CallbackReason.ReceivePong,
        CallbackReason.ServerWriteable, CallbackReason.WsPeerInitiatedClose, CallbackReason.ClientAppendHandshakeHeader,
        CallbackReason.ClientFilterPreEstablish, CallbackReason.ClientEstablished, CallbackReason.ClientReceive,
        CallbackReason.ClientReceivePing, CallbackReason.ClientReceivePong, CallbackReason.ClientWriteable, CallbackReason.Closed, CallbackReason.ClosedHttp,
        CallbackReason.ClientConnectionError,
    ];

    private readonly LoopBench _bench;
    private readonly LoopContext _context;
    private readonly bool _isServer;
    private readonly RawPeer _peer;
    private readonly Queue<Move> _inCallbacks = new();
    private Connection? _connection;
    private PeerWire? _wire;

    public ScriptPlayer(LoopFactory factory, bool isServer)
    {
        _isServer = isServer;
        _bench = new LoopBench(factory);
        TestProtocol protocol = _bench.NewProtocol();
        foreach (CallbackReason reason in s_scripted) protocol.On(reason, OnCallback);
        if (isServer)
        {
            protocol.On(CallbackReason.ServerNewClientInstantiated, connection => _connection = connection);
            _context = _bench.Serve(protocol);
            _peer = _bench.Connect(_context);
            return;
        }

        RawListener listener = _bench.Listen();
        _context = _bench.NewClientContext();
        _connection = _bench.Dial(_context, listener.EndPoint, protocol);
        _peer = listener.Accept();
    }

    /// <summary>Everything that was called, in order, and how the connection ended.</summary>
    public string Trace => _bench.Recorder.TraceOf(1) + " " +
        string.Join(' ', _bench.Recorder.Closes.Select(end => end.Close.ToString())) +
        string.Join(' ', _bench.Recorder.Failures.Select(end => end.Failure.ToString()));

    /// <param name="script">What happens.</param>
    /// <param name="settles">Whether each line has all its consequences before the next one comes.</param>
    public void Play(ConnectionScript script, bool settles)
    {
        foreach (Step step in script.Steps)
        {
            Do(step);
            if (settles) _bench.Harness.Settle();
        }

        if (script.IsPeaceful) SayEverything();
        Finish();
        Check();
    }

    public void Dispose() => _bench.Dispose();

    private void Do(Step step)
    {
        switch (step.Move)
        {
            case Move.PeerSends: PeerSays(wire => wire.Take(step.Amount)); break;
            case Move.PeerCloses: PeerSays(wire => [.. wire.TakeToBoundary(), .. _peer.Frame(RawFrame.CloseOpcode, RawFrame.ClosePayload(4100, "bye"))]); break;
            case Move.PeerEndsStream when !_peer.IsOver: _peer.EndStream(); break;
            case Move.PeerResets when !_peer.IsReset: _peer.Reset(); break;
            case Move.PeerStopsReading: _peer.IsReading = false; break;
            case Move.PeerReads: _peer.IsReading = true; break;
            case Move.WeClose: _connection?.Close((WebSocketCloseCode)4200, "enough"u8); break;
            case Move.WeAbort: _connection?.Abort(); break;
            case Move.WeSend: _connection?.TrySend(new byte[step.Amount], MessageKind.Binary); break;
            case Move.WeAskToWrite: _connection?.RequestWritable(); break;
            case Move.WePause: _connection?.PauseReceive(); break;
            case Move.WeResume: _connection?.ResumeReceive(); break;
            case Move.TimePasses: _bench.Harness.Advance(TimeSpan.FromMilliseconds(step.Amount)); break;
            case Move.Turn: _bench.Harness.Turn(); break;
            case Move.CallbackReturnsClose or Move.CallbackCloses or Move.CallbackAborts or Move.CallbackThrows or Move.CallbackPauses:
                _inCallbacks.Enqueue(step.Move);
                break;
        }
    }

    private void PeerSays(Func<PeerWire, byte[]> words)
    {
        if (_peer.IsOver || _peer.HasEndedItsHalf) return;
        if (_wire is null && !TryBegin()) return;

        _peer.Send(words(_wire!));
    }

    /// <summary>A peer that plays the server cannot say anything before it has heard the key.</summary>
    private bool TryBegin()
    {
        if (_isServer)
        {
            _wire = new PeerWire(_peer, RawPeer.UpgradeRequest());
            return true;
        }

        bool isReading = _peer.IsReading;
        _peer.IsReading = true;
        _bench.Harness.RunUntil(() => _peer.IsOver || _connection!.IsClosed || _peer.Received.IndexOf("\r\n\r\n"u8) >= 0, "the client's request");
        _peer.IsReading = isReading;
        if (_peer.Received.IndexOf("\r\n\r\n"u8) < 0) return false;

        _wire = new PeerWire(_peer, RawPeer.UpgradeReply(_peer.ReadHead()));
        return true;
    }

    private CallbackResult OnCallback(Connection connection, ref TestSession session, in CallbackData data)
    {
        if (!_inCallbacks.TryDequeue(out Move move)) return CallbackResult.Continue;
        switch (move)
        {
            case Move.CallbackReturnsClose:
                return CallbackResult.Close;
            case Move.CallbackCloses:
                connection.Close((WebSocketCloseCode)4300);
                return CallbackResult.Continue;
            case Move.CallbackAborts:
                connection.Abort();
                return CallbackResult.Continue;
            case Move.CallbackPauses:
                connection.PauseReceive();
                return CallbackResult.Continue;
            default:
                throw new NotSupportedException("A callback throws.");
        }
    }

    /// <summary>Nothing has ended the connection: all that the peer has to say arrives, however often receiving was paused.</summary>
    private void SayEverything()
    {
        _inCallbacks.Clear();
        _peer.IsReading = true;
        PeerSays(wire => wire.Take(int.MaxValue));
        for (int patience = 0; patience < 3; patience++)
        {
            _connection?.ResumeReceive();
            _bench.Harness.Settle();
        }

        Assert.Equal(_wire!.Payload, string.Concat(_bench.Recorder.Texts));
    }

    /// <summary>The peer goes away, and whatever is still open has all the time that it may take.</summary>
    private void Finish()
    {
        _inCallbacks.Clear();
        _peer.IsReading = true;
        if (!_peer.IsOver) _peer.EndStream();
        for (int patience = 0; patience < 6; patience++)
        {
            _connection?.ResumeReceive();
            _bench.Harness.Settle();
            if (_connection is not null && _context.Thread.ConnectionCount == 0) return;
            _bench.Harness.Advance(TimeSpan.FromMinutes(5));
        }

        Assert.Fail($"The connection does not end: it is {_connection?.State}, after {Trace}");
    }

    private void Check()
    {
        Recorder recorder = _bench.Recorder;
        Assert.Null(recorder.FindImbalance());
        Assert.Equal(1, recorder.CountOf(CallbackReason.Closed, CallbackReason.ClosedHttp, CallbackReason.ClientConnectionError));
        Assert.Equal(recorder.CountOf(CallbackReason.Established, CallbackReason.ClientEstablished), recorder.CountOf(CallbackReason.Closed));

        string received = string.Concat(recorder.Texts);
        Assert.StartsWith(received, _wire?.Payload ?? "", StringComparison.Ordinal);
        CheckWhatThePeerHeard();
    }

    /// <summary>
    /// Whole frames up to where the stream was cut, and nothing behind a close frame but the answers to pings that came before the peer's own (RFC 6455
    /// 5.5.1 and 5.5.2).
    /// </summary>
    private void CheckWhatThePeerHeard()
    {
        if (_wire is null || !_bench.Recorder.Has(_isServer ? CallbackReason.Established : CallbackReason.ClientEstablished)) return;
        if (_isServer && (_peer.Received.IndexOf("\r\n\r\n"u8) < 0 || !_peer.ReadHead().StartsWith("HTTP/1.1 101", StringComparison.Ordinal))) return;

        bool hasClosed = false;
        while (_peer.TryReadFrame(out RawFrame frame))
        {
            Assert.True(!hasClosed || frame.Opcode == 10);
            Assert.Equal(!_isServer, frame.IsMasked);
            hasClosed |= frame.Opcode == RawFrame.CloseOpcode;
        }

        if (hasClosed) Assert.Empty(_peer.ReadAll());
    }
}
