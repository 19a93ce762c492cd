using System.Globalization;

namespace EventLoops.Tests.Traces;

/// <summary>Plays a script on a loop and writes down what was called for each connection. See <see cref="TraceProperties"/> for what is normalised.</summary>
internal sealed class TracePlayer : IDisposable
{
    private readonly LoopBench _bench;
    private readonly LoopContext _context;
    private readonly List<TracePeer> _peers = [];
    private readonly List<Connection> _connections = [];
    private readonly List<User> _users = [];
    private readonly Dictionary<int, string> _notes = [];
    private readonly List<(int Calls, bool[] AreOpen)> _steps = [];

    private TracePlayer(LoopFactory factory)
    {
        _bench = new LoopBench(factory);
        TestProtocol protocol = _bench.NewProtocol();
        protocol.On(CallbackReason.ServerNewClientInstantiated, _connections.Add)
            .On(CallbackReason.Receive, OnReceive)
            .OnWritable(connection => UserOf(connection).Write(connection))
            .On(CallbackReason.WsPeerInitiatedClose, NoteClose)
            .On(CallbackReason.Closed, NoteClose);
        _context = _bench.Serve(protocol);
    }

    /// <summary>Plays a script. Returns a line for each connection: what was called, step by step, and what its peer heard when <paramref name="listens"/>.</summary>
    public static string Play(LoopFactory factory, TraceScript script, bool writables = true, bool listens = true)
    {
        using TracePlayer player = new(factory);
        foreach (TraceCommand command in script.Commands)
        {
            player.Do(command);
            player._bench.Harness.Settle();
            player.EndStep();
        }

        player._context.Dispose();
        player.EndStep();
        player._bench.Harness.Settle();
        return player.Trace(writables, listens);
    }

    public void Dispose() => _bench.Dispose();

    private void EndStep() =>
        _steps.Add((_bench.Recorder.Calls.Count, [.. _connections.Select(connection => connection.State == ConnectionState.Established)]));

    private void Do(TraceCommand command)
    {
        if (command is Connects)
        {
            _users.Add(new User());
            _peers.Add(new TracePeer(_bench.Connect(_context)));
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
            case SendsFrames frames: _peers[who].SendFrames(frames); break;
            case EndsStream: _peers[who].EndStream(); break;
            case Resets: _peers[who].Reset(); break;
            case UserWill will: _users[who].Decide(will.Reaction); break;
            case UserActs acts: Act(_connections[who], acts.Act); break;
        }
    }

    private static void Act(Connection connection, UserAct act)
    {
        switch (act)
        {
            case UserAct.Pause: connection.PauseReceive(); break;
            case UserAct.Resume: connection.ResumeReceive(); break;
            case UserAct.Close: connection.Close(WebSocketCloseCode.GoingAway); break;
            case UserAct.Abort: connection.Abort(); break;
            case UserAct.AskToWrite: connection.RequestWritable(); break;
        }
    }

    private CallbackResult OnReceive(Connection connection, ref TestSession session, in CallbackData data)
    {
        session.Number += data.In.Length;
        if (!data.Message.IsFinalFragment) return CallbackResult.Continue;

        int length = session.Number;
        session.Number = 0;
        Note($"6:{length}");
        return UserOf(connection).React(connection, length);
    }

    private CallbackResult NoteClose(Connection connection, ref TestSession session, in CallbackData data)
    {
        bool isEnd = connection.IsClosed;
        CloseInfo close = data.Close;
        string how = isEnd ? $" {close.Origin}{(close.IsClean ? " clean" : "")}" : "";
        Note($"{(isEnd ? 4 : 38)}:{(int)close.Code}{how}");
        return CallbackResult.Continue;
    }

    /// <summary>Says more about the callback that is being made than its reason and length.</summary>
    private void Note(string what) => _notes[_bench.Recorder.Calls.Count - 1] = what;

    private User UserOf(Connection connection) => _users[_connections.IndexOf(connection)];

    private string Trace(bool writables, bool listens)
    {
        IEnumerable<string> lines = _connections.Select((connection, who) =>
            $"#{who}: {StepsOf(who, connection, writables)}" + (listens ? $" / {_peers[who].Heard()}" : ""));
        return string.Join('\n', lines);
    }

    private string StepsOf(int who, Connection connection, bool writables)
    {
        int number = _bench.Recorder.NumberOf(connection);
        List<string> steps = [];
        int from = 0;
        foreach ((int to, bool[] areOpen) in _steps)
        {
            steps.Add(StepOf(number, from, to, writables && who < areOpen.Length && areOpen[who]));
            from = to;
        }

        return string.Join(" | ", steps.SkipWhile(step => step.Length == 0));
    }

    private string StepOf(int connection, int from, int to, bool writables)
    {
        List<string> calls = [];
        bool wasWritable = false;
        for (int i = from; i < to; i++)
        {
            RecordedCall call = _bench.Recorder.Calls[i];
            if (call.Connection != connection) continue;

            if (call.Reason == CallbackReason.ServerWriteable) wasWritable = true;
            else if (_notes.TryGetValue(i, out string? note)) calls.Add(note);
            else if (call.Reason != CallbackReason.Receive) calls.Add(call.ToString());
        }

        if (writables && wasWritable) calls.Add(((int)CallbackReason.ServerWriteable).ToString(CultureInfo.InvariantCulture));
        return string.Join(' ', calls);
    }

    /// <summary>The mind of the user about one connection.</summary>
    private sealed class User
    {
        private readonly Queue<int> _later = new();
        private Reaction _always = Reaction.Ignore;
        private Reaction? _once;

        public void Decide(Reaction reaction)
        {
            if (reaction is Reaction.Ignore or Reaction.EchoNow or Reaction.EchoLater) _always = reaction;
            else _once = reaction;
        }

        public CallbackResult React(Connection connection, int length)
        {
            Reaction reaction = _once ?? _always;
            _once = null;
            switch (reaction)
            {
                case Reaction.EchoNow:
                    connection.TrySend(new byte[length], MessageKind.Text);
                    break;
                case Reaction.EchoLater:
                    _later.Enqueue(length);
                    connection.RequestWritable();
                    break;
                case Reaction.Close:
                    return CallbackResult.Close;
                case Reaction.Throw:
                    throw new NotSupportedException("as the script wants");
                case Reaction.Pause:
                    connection.PauseReceive();
                    break;
            }

            return CallbackResult.Continue;
        }

        public void Write(Connection connection)
        {
            while (_later.TryPeek(out int length) && connection.Write(new byte[length], MessageKind.Binary) == WriteResult.Accepted) _later.Dequeue();
            if (_later.Count > 0) connection.RequestWritable();
        }
    }
}
