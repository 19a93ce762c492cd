namespace EventLoops.Tests.Traces;

/// <summary>One connection of the <see cref="TraceModel"/>: what is called for it, and what its peer hears.</summary>
internal sealed class ModelConnection
{
    private readonly bool _isServer;
    private readonly Welcome _welcome;
    private readonly Reply _reply;
    private readonly TraceSpeech _speech;
    private readonly ModelInput _input;
    private readonly List<string> _lines = [];
    private readonly List<string> _calls = [];
    private readonly List<string> _heard = [];
    private readonly Queue<int> _echoes = new();
    private Phase _phase = Phase.Asking;
    private bool _hasReadSomething;
    private bool _isPeerSilent;
    private bool _hasPeerReset;
    private bool _hasPeerHeardEnd;
    private bool _isPaused;
    private bool _hasUserPaused;
    private bool _wantsToWrite;
    private string _end = "";
    private int _code;
    private Reaction _always = Reaction.Ignore;
    private Reaction? _once;

    public ModelConnection(bool isServer, Connects beginning)
    {
        _isServer = isServer;
        _welcome = beginning.Welcome;
        _reply = beginning.Reply;
        _speech = new TraceSpeech(TraceSpeech.LengthOfHead(isServer, _reply));
        _input = new ModelInput(isServer);
        _calls.AddRange(isServer ? ["29", "19"] : ["29", "24"]);
        if (!isServer && _welcome == Welcome.RefusesToAsk) Leave();
    }

    private enum Phase
    {
        /// <summary>The peer's half of the handshake is not complete.</summary>
        Asking,

        /// <summary>The request was refused; the peer has to go.</summary>
        Refused,

        /// <summary>An open WebSocket.</summary>
        Open,

        /// <summary>We have said that we close, and wait for the same from the peer.</summary>
        Closing,

        /// <summary>A client that has closed with its server, which has to go first (RFC 6455 7.1.1).</summary>
        Parting,

        /// <summary>We have said what went wrong; the peer has to go.</summary>
        Failed,

        /// <summary>Forgotten.</summary>
        Over,
    }

    public override string ToString() => string.Join(" | ", _lines);

    public void EndLine()
    {
        if (_phase == Phase.Open && _input.TakeProgress() is var bytes and > 0) _calls.Add($"{(_isServer ? 6 : 8)}:~{bytes}");
        _lines.Add(TraceLine.Write(_calls, string.Join(' ', _heard)));
        _calls.Clear();
        _heard.Clear();
    }

    public void HearsHead(int count)
    {
        if (_isPeerSilent || _speech.HasSentHead) return;

        _speech.TakeHead(count);
        _input.AddHead(_speech.HasSentHead);
        Read();
    }

    public void HearsFrames(SendsFrames command)
    {
        if (_isPeerSilent || (command.ComesAlone && _hasUserPaused)) return;

        if (!_speech.HasSentHead) _input.AddHead(isComplete: true);
        _speech.TakeRestOfHead();
        if (command.ComesAlone)
        {
            _input.AddFrames(command with { Frames = [] });
            Read();
        }

        _input.AddFrames(command);
        Read();
    }

    public void HearsEnd()
    {
        if (_isPeerSilent) return;

        _isPeerSilent = true;
        _input.AddEnd();
        Read();
    }

    /// <summary>A reset comes at once, also when nobody reads: what was not read by then is lost.</summary>
    public void HearsReset()
    {
        _isPeerSilent = true;
        _hasPeerReset = true;
        if (_phase is Phase.Open or Phase.Closing) Close("4=1006 Error");
        else Leave(" error");
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
                _hasUserPaused = true;
                _isPaused |= _phase is Phase.Asking or Phase.Open;
                break;
            case UserAct.Resume:
                _hasUserPaused = _isPaused = false;
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
                GrantWish();
                break;
        }
    }

    public void LetsAMinutePass()
    {
        switch (_phase)
        {
            case Phase.Asking when _isServer && _hasReadSomething:
                Refuse("408");
                Read();
                break;
            case Phase.Closing:
                Close("4=1006 Timeout");
                break;
            case Phase.Asking:
                Leave(" timeout");
                break;
            case Phase.Refused or Phase.Failed or Phase.Parting:
                Leave();
                break;
        }
    }

    public void LosesItsContext()
    {
        if (_phase != Phase.Open)
        {
            Abort();
            return;
        }

        Say("8=1001");
        Close("4=1001 Local");
    }

    private void Read()
    {
        do
        {
            while (!_isPaused && _input.TryTake(out ModelPiece piece)) Take(piece);
            GrantWish();
        }
        while (!_isPaused && _input.TryRead());
    }

    private void Take(in ModelPiece piece)
    {
        if (piece.IsEnd) PeerIsGone();
        else if (_phase == Phase.Asking) TakeHead(piece.IsWhole);
        else if (piece is { IsWhole: true, Frame: not null } && _phase == Phase.Open) Receive(piece.Frame);
        else if (piece is { IsWhole: true, Frame: not null } && _phase == Phase.Closing) ReceiveWhileClosing(piece.Frame);
    }

    private void TakeHead(bool isComplete)
    {
        _hasReadSomething = true;
        if (!_isServer && _reply == Reply.NoHttp) Leave(" InvalidVersion");
        else if (isComplete && _isServer) Answer();
        else if (isComplete) Judge();
    }

    private void Answer()
    {
        _calls.Add("20");
        if (_welcome == Welcome.RefusesHandshake)
        {
            Refuse("403");
            return;
        }

        if (_welcome == Welcome.ThrowsInHandshake)
        {
            Refuse("500");
            return;
        }

        Say("101");
        Open("0");
    }

    private void Judge()
    {
        string fault = _reply switch
        {
            Reply.OtherStatus => " ReplyStatusNot101 404",
            Reply.NoUpgrade => " ReplyWithoutUpgrade 101",
            Reply.WrongKey => " ReplyAcceptWrong 101",
            Reply.OtherProtocol => " ReplySubprotocolNotOffered 101",
            Reply.Extension => " ReplyExtensionNotOffered 101",
            _ => "",
        };
        if (fault.Length == 0) _calls.Add("2");
        if (fault.Length > 0 || _welcome is Welcome.RefusesHandshake or Welcome.ThrowsInHandshake) Leave(fault);
        else Open("3");
    }

    private void Open(string call)
    {
        _phase = Phase.Open;
        _calls.Add(call);
        if (_welcome == Welcome.ClosesWhenOpen) BeginClose(1000);
        if (_welcome == Welcome.ThrowsWhenOpen) Fail(1011);
    }

    private void Receive(TraceFrame frame)
    {
        switch (frame)
        {
            case MessageFrames message:
                _calls.Add($"{(_isServer ? 6 : 8)}:{message.Length}");
                React(message.Length);
                break;
            case HeartFrame heart:
                if (heart.IsPing) Say($"10:{heart.Length}");
                _calls.Add(ReasonOf(heart) + (heart.Length == 0 ? "" : $":{heart.Length}"));
                break;
            case CloseFrame close:
                int code = close.Code == 0 ? 1005 : close.Code;
                _calls.Add(close.Code == 0 ? "38=1005" : $"38:{2 + close.ReasonLength}={code}");
                Say($"8={close.Code}");
                Part($"4={code}{(close.ReasonLength > 0 ? $"+{close.ReasonLength}" : "")} Remote clean");
                break;
            case BadFrame bad:
                Fail(bad.Badness == Badness.BadText ? 1007 : 1002, " " + NameOf(bad.Badness));
                break;
        }
    }

    private void ReceiveWhileClosing(TraceFrame frame)
    {
        // Until the peer's close frame has come its pings are answered, though nobody is told (RFC 6455 5.5.2).
        if (frame is HeartFrame { IsPing: true } ping) Say($"10:{ping.Length}");
        else if (frame is CloseFrame) Part($"4={_code} Local clean");
        else if (frame is BadFrame bad) Fail(_code, " " + NameOf(bad.Badness));
    }

    private string ReasonOf(HeartFrame heart) => (heart.IsPing, _isServer) switch
    {
        (true, true) => "902",
        (true, false) => "903",
        (false, true) => "7",
        (false, false) => "9",
    };

    private string NameOf(Badness badness) => badness switch
    {
        Badness.WrongMask => _isServer ? "UnmaskedFrame" : "MaskedFrame",
        Badness.UnknownOpcode => "UnknownOpcode",
        Badness.ReservedBit => "ReservedBitSet",
        Badness.FragmentedPing => "FragmentedControlFrame",
        Badness.LonelyContinuation => "NothingToContinue",
        Badness.BadText => "InvalidText",
        _ => "CloseCodeInvalid",
    };

    private void React(int length)
    {
        Reaction reaction = _once ?? _always;
        _once = null;
        switch (reaction)
        {
            case Reaction.EchoNow: Say($"1:{length}"); break;
            case Reaction.EchoLater:
                _echoes.Enqueue(length);
                _wantsToWrite = true;
                break;
            case Reaction.Close: BeginClose(1000); break;
            case Reaction.Throw: Fail(1011); break;
            case Reaction.Pause: _hasUserPaused = _isPaused = true; break;
        }
    }

    private void GrantWish()
    {
        if (!_wantsToWrite || _phase != Phase.Open) return;

        _wantsToWrite = false;
        _calls.Add(_isServer ? "11" : "10");
        while (_echoes.TryDequeue(out int length)) Say($"2:{length}");
    }

    private void BeginClose(int code)
    {
        Say($"8={code}");
        _phase = Phase.Closing;
        _code = code;
        _isPaused = false;
    }

    /// <summary>Close frames have gone both ways: a server goes, a client waits for that.</summary>
    private void Part(string end)
    {
        _end = end;
        _phase = Phase.Parting;
        if (_isServer) Leave();
    }

    private void Fail(int code, string fault = "")
    {
        if (_phase == Phase.Open) Say($"8={code}");
        _end = $"4={code} Error{fault}";
        _phase = Phase.Failed;
        _isPaused = false;
        SayEnd();
    }

    private void Refuse(string status)
    {
        Say(status);
        SayEnd();
        _phase = Phase.Refused;
        _isPaused = false;
    }

    private void PeerIsGone()
    {
        if (_phase is Phase.Open or Phase.Closing) Close("4=1006 Remote");
        else Leave();
    }

    private void Abort()
    {
        if (_phase is Phase.Open or Phase.Closing) Close("4=1006 Local");
        else Leave();
    }

    /// <summary>The end of whatever is no open WebSocket any more, or never was one.</summary>
    private void Leave(string why = "")
    {
        if (_phase is Phase.Failed or Phase.Parting) Close(_end);
        else if (_phase != Phase.Over) Close(_isServer ? "5" : $"1:Handshake{why}");
    }

    private void Close(string call)
    {
        _calls.AddRange([call, "30"]);
        _phase = Phase.Over;
        SayEnd();
    }

    private void Say(string what)
    {
        if (!_hasPeerReset) _heard.Add(what);
    }

    private void SayEnd()
    {
        if (!_hasPeerHeardEnd) Say("end");
        _hasPeerHeardEnd = true;
    }
}
