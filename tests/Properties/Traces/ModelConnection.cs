namespace EventLoops.Tests.Traces;

/// <summary>One connection of the <see cref="TraceModel"/>.</summary>
internal sealed class ModelConnection
{
    private readonly List<string> _steps = [];
    private readonly List<string> _step = ["29", "19"];
    private readonly TraceSpeech _speech = new();
    private readonly Queue<TraceFrame?> _unread = new();
    private TraceFrame? _cut;
    private Phase _phase = Phase.Asking;
    private bool _hasReadSomething;
    private bool _hasUnreadHead;
    private bool _isPeerSilent;
    private bool _isPaused;
    private bool _wantsToWrite;
    private int _code;
    private string _origin = "";
    private Reaction _always = Reaction.Ignore;
    private Reaction? _once;

    private enum Phase
    {
        /// <summary>The request is not complete.</summary>
        Asking,

        /// <summary>The request came too late and was refused; the peer has to go.</summary>
        Refused,

        /// <summary>An open WebSocket.</summary>
        Open,

        /// <summary>We have said that we close, and wait for the same from the peer.</summary>
        Closing,

        /// <summary>We have said what went wrong; the peer has to go.</summary>
        Failed,

        /// <summary>Forgotten.</summary>
        Over,
    }

    public override string ToString() => string.Join(" | ", _steps);

    /// <summary>A line of the script is over: a wish to write is granted by now, if it can be.</summary>
    public void EndStep()
    {
        if (_phase == Phase.Open && _wantsToWrite)
        {
            _wantsToWrite = false;
            _step.Add("11");
        }

        _steps.Add(string.Join(' ', _step));
        _step.Clear();
    }

    public void HearsHead(int count)
    {
        if (_isPeerSilent || _speech.HasSentHead) return;

        _speech.TakeHead(count);
        Arrive(headIsComplete: _speech.HasSentHead);
    }

    public void HearsFrames(SendsFrames command)
    {
        if (_isPeerSilent) return;

        bool completesHead = !_speech.HasSentHead;
        _speech.TakeHead(TraceSpeech.HeadLength);
        if (completesHead) Arrive(headIsComplete: true);
        if (_cut is not null) _unread.Enqueue(_cut);
        _cut = null;

        int held = _speech.Cut(command.Frames, [.. command.Frames.Select(LengthOf)], command.HeldBack);
        foreach (TraceFrame frame in command.Frames) _unread.Enqueue(frame);
        if (held > 0)
        {
            _cut = command.Frames[^1];
            TraceFrame?[] whole = [.. _unread];
            _unread.Clear();
            foreach (TraceFrame? frame in whole[..^1]) _unread.Enqueue(frame);
        }

        Read();
    }

    public void HearsEnd()
    {
        if (_isPeerSilent) return;

        _isPeerSilent = true;
        _unread.Enqueue(null);
        Read();
    }

    /// <summary>A reset comes at once, also when nobody reads: what was not read by then is lost.</summary>
    public void HearsReset()
    {
        _isPeerSilent = true;
        if (_phase is Phase.Open or Phase.Closing) Close(1006, "Error");
        else Leave();
    }

    public void Decides(Reaction reaction)
    {
        if (reaction is Reaction.Ignore or Reaction.EchoNow or Reaction.EchoLater) _always = reaction;
        else _once = reaction;
    }

    public void Acts(UserAct act)
    {
        switch (act)
        {
            case UserAct.Pause:
                _isPaused |= _phase is Phase.Asking or Phase.Open;
                break;
            case UserAct.Resume:
                _isPaused = false;
                Read();
                break;
            case UserAct.Close when _phase == Phase.Open:
                BeginClose(1001);
                Read();
                break;
            case UserAct.Close when _phase == Phase.Asking:
                Leave();
                break;
            case UserAct.Abort:
                Abort();
                break;
            case UserAct.AskToWrite:
                _wantsToWrite = true;
                break;
        }
    }

    public void LetsAMinutePass()
    {
        switch (_phase)
        {
            case Phase.Asking when _hasReadSomething:

                // 408, and then the peer has to go.
                _phase = Phase.Refused;
                _isPaused = false;
                Read();
                break;
            case Phase.Closing:
                Close(1006, "Timeout");
                break;
            case Phase.Asking or Phase.Refused or Phase.Failed:
                Leave();
                break;
        }
    }

    public void LosesItsContext()
    {
        if (_phase == Phase.Open) Close(1001, "Local");
        else Abort();
    }

    private static int LengthOf(TraceFrame frame)
    {
        // RFC 6455 5.2: two bytes, the longer lengths, the mask, the payload.
        static int Whole(int payload) => 2 + (payload < 126 ? 0 : payload <= 65_535 ? 2 : 8) + 4 + payload;
        return frame switch
        {
            MessageFrames message => message.Sizes.Sum(Whole),
            HeartFrame heart => Whole(heart.Length),
            CloseFrame { Code: 0 } => Whole(0),
            CloseFrame close => Whole(2 + close.ReasonLength),
            _ => 0,
        };
    }

    private void Arrive(bool headIsComplete)
    {
        _hasUnreadHead |= headIsComplete;
        if (_isPaused) return;

        _hasReadSomething = true;
        Read();
    }

    private void Read()
    {
        if (!_isPaused && _hasUnreadHead && _phase == Phase.Asking)
        {
            _hasUnreadHead = false;
            _phase = Phase.Open;
            _step.AddRange(["20", "0"]);
        }

        while (!_isPaused && _unread.TryDequeue(out TraceFrame? frame))
        {
            if (frame is null) PeerIsGone();
            else if (_phase == Phase.Open) Receive(frame);
            else if (_phase == Phase.Closing) ReceiveWhileClosing(frame);
        }
    }

    private void Receive(TraceFrame frame)
    {
        switch (frame)
        {
            case MessageFrames message:
                _step.Add($"6:{message.Length}");
                React();
                break;
            case HeartFrame { IsPing: false } pong:
                _step.Add(pong.Length == 0 ? "7" : $"7:{pong.Length}");
                break;
            case CloseFrame close:
                int code = close.Code == 0 ? 1005 : close.Code;
                _step.Add($"38:{code}");
                Close(code, "Remote clean");
                break;
            case BadFrame bad:
                Fail(bad.Code);
                break;
        }
    }

    private void ReceiveWhileClosing(TraceFrame frame)
    {
        if (frame is CloseFrame) Close(_code, "Local clean");
        else if (frame is BadFrame) Fail(_code);
    }

    private void React()
    {
        Reaction reaction = _once ?? _always;
        _once = null;
        switch (reaction)
        {
            case Reaction.EchoLater: _wantsToWrite = true; break;
            case Reaction.Close: BeginClose(1000); break;
            case Reaction.Throw: Fail(1011); break;
            case Reaction.Pause: _isPaused = true; break;
        }
    }

    private void BeginClose(int code)
    {
        _phase = Phase.Closing;
        _code = code;
        _isPaused = false;
    }

    private void Fail(int code)
    {
        _phase = Phase.Failed;
        _code = code;
        _origin = "Error";
    }

    private void PeerIsGone()
    {
        if (_phase is Phase.Open or Phase.Closing) Close(1006, "Remote");
        else Leave();
    }

    private void Abort()
    {
        if (_phase is Phase.Open or Phase.Closing) Close(1006, "Local");
        else Leave();
    }

    /// <summary>The end of whatever is no open WebSocket any more, or never was one.</summary>
    private void Leave()
    {
        if (_phase == Phase.Failed) Close(_code, _origin);
        else if (_phase != Phase.Over) End("5");
    }

    private void Close(int code, string how) => End($"4:{code} {how}");

    private void End(string how)
    {
        _step.AddRange([how, "30"]);
        _phase = Phase.Over;
    }
}
