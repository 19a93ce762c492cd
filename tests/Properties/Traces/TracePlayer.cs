using System.Globalization;
using System.Text;

namespace EventLoops.Tests.Traces;

/// <summary>Plays a script on a loop and writes down what was called for each connection, and what its peer heard. See <see cref="TraceProperties"/> for what is normalised.</summary>
internal sealed class TracePlayer : IDisposable
{
    private readonly LoopBench _bench;
    private readonly LoopContext _context;
    private readonly TestProtocol _protocol;
    private readonly RawListener? _listener;
    private readonly TraceDetail _detail;
    private readonly List<TracePeer> _peers = [];
    private readonly List<Connection> _connections = [];
    private readonly List<TraceUser> _users = [];
    private readonly List<List<string>> _lines = [];
    private readonly Dictionary<int, string> _notes = [];
    private int _called;

    private TracePlayer(LoopFactory factory, bool isServer, TraceDetail detail)
    {
        _bench = new LoopBench(factory);
        _detail = detail;
        _protocol = _bench.NewProtocol();
        _protocol.OnReceive(OnReceive)
            .On(CallbackReason.ServerNewClientInstantiated, _connections.Add)
            .On(CallbackReason.ClientAppendHandshakeHeader, (connection, ref _, in _) => UserOf(connection).Ask())
            .On(CallbackReason.FilterProtocolConnection, ShakeHands).On(CallbackReason.ClientFilterPreEstablish, ShakeHands)
            .On(CallbackReason.Established, Open).On(CallbackReason.ClientEstablished, Open)
            .OnWritable(Write)
            .On(CallbackReason.WsPeerInitiatedClose, (_, ref _, in data) => Note($"={(int)data.Close.Code}"))
            .On(CallbackReason.Closed, (_, ref _, in data) => Note(TextOf(data.Close)))
            .On(CallbackReason.ClientConnectionError, (_, ref _, in data) => NoteFailure(data.Failure));
        _listener = isServer ? null : _bench.Listen();
        _context = isServer ? _bench.Serve(_protocol) : _bench.NewClientContext();
    }

    /// <summary>Plays a script. Returns a line for each connection: what came of each line of the script.</summary>
    public static string Play(LoopFactory factory, TraceScript script, TraceDetail detail = TraceDetail.Everything)
    {
        using TracePlayer player = new(factory, script.IsServer, detail);
        foreach (TraceCommand command in script.Commands)
        {
            player.Do(command);
            player.EndLine();
        }

        player._context.Dispose();
        player.EndLine();
        return string.Join('\n', player._lines.Select((lines, who) => $"#{who}: {string.Join(" | ", lines)}"));
    }

    public void Dispose() => _bench.Dispose();

    private static string TextOf(in CloseInfo close)
    {
        int reason = Encoding.UTF8.GetByteCount(close.Reason ?? "");
        return $"={(int)close.Code}" + (reason > 0 ? string.Create(CultureInfo.InvariantCulture, $"+{reason}") : "") +
            $" {close.Origin}{(close.IsClean ? " clean" : "")}{(close.Fault == ProtocolFault.None ? "" : $" {close.Fault}")}";
    }

    private void Do(TraceCommand command)
    {
        if (command is Connects connects)
        {
            Connect(connects);
            return;
        }

        if (command is MinutePasses)
        {
            _bench.Harness.Advance(TimeSpan.FromMinutes(1));
            return;
        }

        if (_peers.Count == 0) return;

        int who = command.Who % _peers.Count;
        switch (command)
        {
            case SendsHead head: _peers[who].SendHead(head.Count); break;
            case SendsFrames frames when !(frames.ComesAlone && _users[who].HasPaused): _peers[who].SendFrames(frames, _bench.Harness.Settle); break;
            case EndsStream: _peers[who].EndStream(); break;
            case Resets: _peers[who].Reset(); break;
            case UserWill will: _users[who].Decide(will.Reaction); break;
            case UserActs acts: _users[who].Act(_connections[who], acts.Act); break;
        }
    }

    private void Connect(Connects connects)
    {
        _users.Add(new TraceUser(connects.Welcome));
        _lines.Add([]);
        if (_listener is null)
        {
            _peers.Add(new TracePeer(_bench.Connect(_context), RawPeer.UpgradeRequest()));
            return;
        }

        _connections.Add(_bench.Dial(_context, _listener.EndPoint, _protocol));
        RawPeer peer = _listener.Accept();
        string request = connects.Welcome == Welcome.RefusesToAsk ? RawPeer.UpgradeRequest() : peer.ReadHead();
        _peers.Add(new TracePeer(peer, TraceSpeech.ReplyTo(request, connects.Reply)));
    }

    private CallbackResult ShakeHands(Connection connection, ref TestSession session, in CallbackData data) => UserOf(connection).ShakeHands();

    private CallbackResult Open(Connection connection, ref TestSession session, in CallbackData data) => UserOf(connection).Open();

    private CallbackResult OnReceive(Connection connection, ref TestSession session, in CallbackData data)
    {
        TraceUser user = UserOf(connection);
        user.Progress += data.In.Length;
        _notes[_bench.Recorder.Calls.Count - 1] = "";
        if (!data.Message.IsFinalFragment) return CallbackResult.Continue;

        int length = user.Progress;
        user.Progress = user.ToldProgress = 0;
        _notes[_bench.Recorder.Calls.Count - 1] = $"{(int)_bench.Recorder.Calls[^1].Reason}:{length}";
        return user.React(connection, length);
    }

    private void Write(Connection connection)
    {
        if (!UserOf(connection).Write(connection)) _notes[_bench.Recorder.Calls.Count - 1] = "";
    }

    private CallbackResult NoteFailure(in ConnectFailure failure)
    {
        // The length of this reason is that of its words, which may name an errno; they are compared by what they say.
        int words = Encoding.UTF8.GetByteCount(failure.Reason);
        string length = _bench.Recorder.Calls[^1].Length == words ? "" : " of another length";
        string status = failure.HttpStatus == 0 ? "" : string.Create(CultureInfo.InvariantCulture, $" {failure.HttpStatus}");
        _notes[_bench.Recorder.Calls.Count - 1] = $"1:{failure.Stage}{length}{(failure.Fault == ProtocolFault.None ? "" : $" {failure.Fault}")}{status}" +
            (failure.IsTimeout ? " timeout" : "") + (failure.SystemError == Errno.None ? "" : " error");
        return CallbackResult.Continue;
    }

    /// <summary>Says more about the callback that is being made than its reason and length.</summary>
    private CallbackResult Note(string more)
    {
        _notes[_bench.Recorder.Calls.Count - 1] = _bench.Recorder.Calls[^1] + more;
        return CallbackResult.Continue;
    }

    private TraceUser UserOf(Connection connection) => _users[_connections.IndexOf(connection)];

    /// <summary>A line of the script has all its consequences, and they are written down.</summary>
    private void EndLine()
    {
        _bench.Harness.Settle();
        for (int who = 0; who < _lines.Count; who++)
        {
            string heard = _peers[who].Hear();
            List<string> calls = who < _connections.Count ? [.. CallsSince(_called, _connections[who])] : [];
            TraceUser user = _users[who];
            bool isOpen = who < _connections.Count && _connections[who].State == ConnectionState.Established;
            if (isOpen && user.Progress > user.ToldProgress)
                calls.Add(string.Create(CultureInfo.InvariantCulture, $"{(_context.VirtualHosts.Count > 0 ? 6 : 8)}:~{user.ToldProgress = user.Progress}"));

            _lines[who].Add(_detail == TraceDetail.Everything ? TraceLine.Write(calls, heard) : TraceLine.Write(TraceLine.WithoutOrder(calls, isOpen), ""));
        }

        _called = _bench.Recorder.Calls.Count;
    }

    private IEnumerable<string> CallsSince(int from, Connection connection)
    {
        int number = _bench.Recorder.NumberOf(connection);
        for (int place = from; place < _bench.Recorder.Calls.Count; place++)
        {
            RecordedCall call = _bench.Recorder.Calls[place];
            if (call.Connection != number) continue;

            string told = _notes.GetValueOrDefault(place) ?? call.ToString();
            if (told.Length > 0) yield return told;
        }
    }
}
