using System.Globalization;
using System.Text;
using Xunit;

namespace EventLoops.Tests.Connections;

/// <summary>
/// Plays a script on an HTTP connection. The requests carry their numbers in the path, the answers bring them back: what the peer reads must be the numbers
/// from zero on, without a gap, however late each answer was.
/// </summary>
internal sealed class HttpScriptPlayer : IDisposable
{
    private const int Requests = 12;

    private static readonly CallbackReason[] s_scripted =
    [
        CallbackReason.ServerNewClientInstantiated, CallbackReason.FilterHttpConnection, CallbackReason.HttpBody,
        CallbackReason.HttpBodyCompletion, CallbackReason.HttpWriteable, CallbackReason.ClosedHttp,
    ];

    private readonly LoopBench _bench;
    private readonly LoopContext _context;
    private readonly RawPeer _peer;
    private readonly Queue<HttpMove> _inCallbacks = new();
    private readonly byte[] _wire = Encoding.ASCII.GetBytes(string.Concat(Enumerable.Range(0, Requests).Select(Request)));
    private readonly List<string> _bodies = [];
    private Connection? _connection;
    private string? _waiting;
    private bool _isBegun;
    private bool _answersAtOnce;
    private int _sent;

    public HttpScriptPlayer(LoopFactory factory)
    {
        _bench = new LoopBench(factory);
        TestProtocol protocol = _bench.NewProtocol();
        foreach (CallbackReason reason in s_scripted) protocol.On(reason, OnCallback);
        protocol.On(CallbackReason.Http, OnRequest);
        _context = _bench.Serve(protocol);
        _peer = _bench.Connect(_context);
        _bench.Harness.Settle();
    }

    public void Play(HttpScript script)
    {
        foreach (HttpStep step in script.Steps) Do(step);
        Finish();
        Check();
        if (script.IsPeaceful) Assert.Equal(Requests, _bodies.Count);
    }

    public void Dispose() => _bench.Dispose();

    /// <summary>Requests of every kind of body; those with one bring their number in it as well.</summary>
    private static string Request(int number)
    {
        string path = number.ToString(CultureInfo.InvariantCulture);
        return (number % 3) switch
        {
            0 => $"GET /{path} HTTP/1.1\r\nHost: test\r\n\r\n",
            1 => $"POST /{path} HTTP/1.1\r\nHost: test\r\nContent-Length: {path.Length + 4}\r\n\r\nbody{path}",
            _ => $"POST /{path} HTTP/1.1\r\nHost: test\r\nTransfer-Encoding: chunked\r\n\r\n4\r\nbody\r\n{path.Length}\r\n{path}\r\n0\r\n\r\n",
        };
    }

    private void Do(HttpStep step)
    {
        switch (step.Move)
        {
            case HttpMove.PeerSends when !_peer.IsOver && !_peer.HasEndedItsHalf:
                int count = Math.Min(step.Amount, _wire.Length - _sent);
                _peer.Send(_wire.AsSpan(_sent, count));
                _sent += count;
                break;
            case HttpMove.PeerEndsStream when !_peer.IsOver: _peer.EndStream(); break;
            case HttpMove.PeerResets when !_peer.IsReset: _peer.Reset(); break;
            case HttpMove.PeerTurnsAway: _peer.IsReading = !_peer.IsReading; break;
            case HttpMove.WeAnswer: Answer(step.Amount); break;
            case HttpMove.WeBeginAnswer: BeginAnswer(); break;
            case HttpMove.WeAskToWrite: _connection?.RequestWritable(); break;
            case HttpMove.WePause: _connection?.PauseReceive(); break;
            case HttpMove.WeResume: _connection?.ResumeReceive(); break;
            case HttpMove.WeAbort: _connection?.Abort(); break;
            case HttpMove.AnswersChange: _answersAtOnce = !_answersAtOnce; break;
            case HttpMove.TimePasses: _bench.Harness.Advance(TimeSpan.FromMilliseconds(step.Amount)); break;
            case HttpMove.Turn: _bench.Harness.Turn(); break;
            case HttpMove.CallbackReturnsClose or HttpMove.CallbackThrows: _inCallbacks.Enqueue(step.Move); break;
        }
    }

    private CallbackResult OnRequest(Connection connection, ref TestSession session, in CallbackData data)
    {
        _waiting = Encoding.ASCII.GetString(data.In[1..]);
        _isBegun = false;
        if (_answersAtOnce) Answer(100);
        return OnCallback(connection, ref session, data);
    }

    private CallbackResult OnCallback(Connection connection, ref TestSession session, in CallbackData data)
    {
        _connection = connection;
        if (!_inCallbacks.TryDequeue(out HttpMove move)) return CallbackResult.Continue;

        // What was answered before stays answered; nobody answers after this.
        _waiting = null;
        return move == HttpMove.CallbackReturnsClose ? CallbackResult.Close : throw new NotSupportedException("A callback throws.");
    }

    private void BeginAnswer()
    {
        if (_waiting is null || _isBegun) return;

        _isBegun = true;
        _connection!.StartResponse(200, null, -1);
    }

    private void Answer(int size)
    {
        if (_waiting is null) return;

        string number = _waiting;
        _waiting = null;
        if (!_isBegun)
        {
            _connection!.Respond(200, null, Encoding.ASCII.GetBytes($"<{number}>" + new string('.', size)));
            return;
        }

        if (_connection!.WriteBody(Encoding.ASCII.GetBytes($"<{number}>")) == WriteResult.Busy)
        {
            // The kernel still refuses the answer before; this one has to wait.
            _waiting = number;
            return;
        }

        _connection.WriteBody(new byte[size]);
        _connection.EndResponse();
    }

    /// <summary>Everything is sent and answered that still can be, then all the time passes that a connection may take.</summary>
    private void Finish()
    {
        _inCallbacks.Clear();
        _answersAtOnce = true;
        _peer.IsReading = true;
        if (!_peer.IsOver && !_peer.HasEndedItsHalf) _peer.Send(_wire.AsSpan(_sent));
        for (int round = 0; round < 4; round++)
        {
            _connection?.ResumeReceive();
            _bench.Harness.Settle();
            Answer(10);
        }

        if (!_peer.IsOver) _peer.EndStream();
        for (int patience = 0; patience < 6 && _context.Thread.ConnectionCount > 0; patience++)
        {
            _bench.Harness.Settle();
            _bench.Harness.Advance(TimeSpan.FromMinutes(5));
        }

        _bench.Harness.Settle();
        Assert.Equal(0, _context.Thread.ConnectionCount);
    }

    private void Check()
    {
        Assert.Null(_bench.Recorder.FindImbalance());
        Assert.Equal(1, _bench.Recorder.CountOf(CallbackReason.ClosedHttp));
        while (TryReadAnswer())
        {
        }

        Assert.Equal(Enumerable.Range(0, _bodies.Count).Select(number => $"<{number}>"), _bodies, StringComparer.Ordinal);
    }

    /// <summary>Takes an answer of 200 that is there as a whole; anything else is the end of what counts.</summary>
    private bool TryReadAnswer()
    {
        int end = _peer.Received.IndexOf("\r\n\r\n"u8);
        if (end < 0) return false;

        string head = _peer.ReadHead();
        if (!head.StartsWith("HTTP/1.1 200 ", StringComparison.Ordinal)) return false;

        StringBuilder body = new();
        if (!head.Contains("chunked", StringComparison.Ordinal)) return TryTake(LengthIn(head), body) && Note(body);

        while (_peer.Received.IndexOf("\r\n"u8) is var line and > 0)
        {
            int length = int.Parse(_peer.ReadText(line + 2).AsSpan(0, line), NumberStyles.HexNumber, CultureInfo.InvariantCulture);
            if (!TryTake(length, body) || !TryTake(2, null)) return false;
            if (length == 0) return Note(body);
        }

        return false;
    }

    private bool TryTake(int count, StringBuilder? into)
    {
        if (_peer.Received.Length < count) return false;

        into?.Append(_peer.ReadText(count));
        if (into is null) _peer.ReadText(count);
        return true;
    }

    private bool Note(StringBuilder body)
    {
        string text = body.ToString();
        _bodies.Add(text[..(text.IndexOf('>', StringComparison.Ordinal) + 1)]);
        return true;
    }

    private static int LengthIn(string head)
    {
        const string Field = "Content-Length: ";
        int at = head.IndexOf(Field, StringComparison.Ordinal) + Field.Length;
        return int.Parse(head[at..head.IndexOf('\r', at)], CultureInfo.InvariantCulture);
    }
}
