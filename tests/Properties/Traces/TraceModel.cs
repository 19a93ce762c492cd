namespace EventLoops.Tests.Traces;

/// <summary>
/// What must be called for a script, and what the peers must hear, thought out from the papers and not from the code. A connection is made (29, then 19 or 24), shakes
/// hands (20 and 0, or 2 and 3), receives (6, 7, 38, or 8, 9, 38), is asked to write (11, or 10), ends once (4 when it was opened, 5 or 1 when not) and is forgotten
/// (30); a callback that throws closes with 1011; each wish to write is granted or the connection ends; whoever began the end says with which code.
/// </summary>
internal sealed class TraceModel
{
    private readonly List<ModelConnection> _connections = [];

    /// <summary>The trace of a script, as <see cref="TracePlayer"/> writes it.</summary>
    public static string Predict(TraceScript script)
    {
        TraceModel model = new();
        foreach (TraceCommand command in script.Commands)
        {
            model.Do(script.IsServer, command);
            foreach (ModelConnection connection in model._connections) connection.EndLine();
        }

        foreach (ModelConnection connection in model._connections)
        {
            connection.LosesItsContext();
            connection.EndLine();
        }

        return string.Join('\n', model._connections.Select((connection, who) => $"#{who}: {connection}"));
    }

    private void Do(bool isServer, TraceCommand command)
    {
        if (command is Connects connects)
        {
            _connections.Add(new ModelConnection(isServer, connects));
            return;
        }

        if (command is MinutePasses)
        {
            foreach (ModelConnection connection in _connections) connection.LetsAMinutePass();
            return;
        }

        if (_connections.Count == 0) return;

        ModelConnection one = _connections[command.Who % _connections.Count];
        switch (command)
        {
            case SendsHead head: one.HearsHead(head.Count); break;
            case SendsFrames frames: one.HearsFrames(frames); break;
            case EndsStream: one.HearsEnd(); break;
            case Resets: one.HearsReset(); break;
            case UserWill will: one.Decides(will.Reaction); break;
            case UserActs acts: one.Acts(acts.Act); break;
        }
    }
}
