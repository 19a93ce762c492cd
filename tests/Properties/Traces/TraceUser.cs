namespace EventLoops.Tests.Traces;

/// <summary>The mind of the user about one connection.</summary>
internal sealed class TraceUser(Welcome welcome)
{
    private readonly Queue<int> _later = new();
    private Reaction _always = Reaction.Ignore;
    private Reaction? _once;
    private bool _hasAskedToWrite;

    /// <summary>Whether it has stopped receiving, and not taken that back.</summary>
    public bool HasPaused { get; private set; }

    /// <summary>How many bytes of a message that is under way have come.</summary>
    public int Progress { get; set; }

    /// <summary>How many of them have been told.</summary>
    public int ToldProgress { get; set; }

    public void Decide(Reaction reaction)
    {
        if (reaction is Reaction.Ignore or Reaction.EchoNow or Reaction.EchoLater) _always = reaction;
        else _once = reaction;
    }

    public CallbackResult Ask() => welcome == Welcome.RefusesToAsk ? CallbackResult.Close : CallbackResult.Continue;

    public CallbackResult ShakeHands() => Answer(Welcome.RefusesHandshake, Welcome.ThrowsInHandshake);

    public CallbackResult Open() => Answer(Welcome.ClosesWhenOpen, Welcome.ThrowsWhenOpen);

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
                AskToWrite(connection);
                break;
            case Reaction.Close:
                return CallbackResult.Close;
            case Reaction.Throw:
                throw new NotSupportedException("as the script wants");
            case Reaction.Pause:
                Pause(connection);
                break;
        }

        return CallbackResult.Continue;
    }

    public void Act(Connection connection, UserAct act)
    {
        switch (act)
        {
            case UserAct.Pause: Pause(connection); break;
            case UserAct.Resume: Resume(connection); break;
            case UserAct.Close: connection.Close(WebSocketCloseCode.GoingAway); break;
            case UserAct.Abort: connection.Abort(); break;
            case UserAct.AskToWrite: AskToWrite(connection); break;
        }
    }

    /// <summary>Writes what is to be written. Returns whether the user has asked for this call.</summary>
    public bool Write(Connection connection)
    {
        bool wasAsked = _hasAskedToWrite;
        _hasAskedToWrite = false;
        while (_later.TryPeek(out int length) && connection.Write(new byte[length], MessageKind.Binary) == WriteResult.Accepted) _later.Dequeue();
        if (_later.Count > 0) AskToWrite(connection);
        return wasAsked;
    }

    private void Pause(Connection connection)
    {
        HasPaused = true;
        connection.PauseReceive();
    }

    private void Resume(Connection connection)
    {
        HasPaused = false;
        connection.ResumeReceive();
    }

    private void AskToWrite(Connection connection)
    {
        _hasAskedToWrite = true;
        connection.RequestWritable();
    }

    private CallbackResult Answer(Welcome close, Welcome fail)
    {
        if (welcome == fail) throw new NotSupportedException("as the script wants");
        return welcome == close ? CallbackResult.Close : CallbackResult.Continue;
    }
}
