using System.Globalization;
using System.Text;
using EventLoops.Simulated;
using EventLoops.Tests.Connections;
using FsCheck;
using FsCheck.Fluent;
using Xunit;

namespace EventLoops.Tests.Traces;

/// <summary>
/// The HTTP client gives the same trace on every loop, on the simulated kernel, and in a few lines of model: the head once, the body in order, complete or not, and one end.
/// How often the user was told that there is something to read is left out, as it depends on where the kernel cuts the stream; what was read is not.
/// </summary>
[Collection(nameof(ConnectionProperties))]
public sealed class HttpReplyTraceProperties
{
    private const int UsualScripts = 200;

    private static readonly int s_scripts = int.TryParse(
        Environment.GetEnvironmentVariable("EVENTLOOPS_TRACE_SCRIPTS"), NumberStyles.None, CultureInfo.InvariantCulture, out int scripts) ? scripts : UsualScripts;

    [Fact]
    public void The_simulated_kernel_gives_what_the_papers_promise() => ForAll(2 * s_scripts, static script =>
        Assert.Equal(Predict(script), Play(LoopFactories.Simulated, script)));

    [Fact]
    public void Every_loop_gives_the_trace_of_the_simulated_kernel() => ForAll(s_scripts, static script =>
    {
        string expected = Play(LoopFactories.Simulated, script);
        foreach ((string name, LoopFactory factory) in LoopFactories.Real)
            Assert.Equal($"{name}: {expected}", $"{name}: {Play(factory, script)}");
    });

    [Fact]
    public void A_kernel_that_cuts_and_refuses_gives_the_trace_of_a_friendly_one()
    {
        ulong seed = 0;
        ForAll(2 * s_scripts, script =>
        {
            // What a reset destroys depends on what the kernel has handed over by then.
            if (script.End == ReplyEnd.Resets) script = script with { End = ReplyEnd.Ends };
            KernelScript difficult = KernelScript.Random(seed++);
            Assert.Equal(Play(LoopFactories.Simulated, script), Play(options => SimulatedLoopHarness.New(options, difficult), script));
        });
    }

    /// <summary>What must come of a script: the reply is complete when its framing says so, and a stream that ends is an end only where nothing else was announced.</summary>
    private static string Predict(HttpReplyScript script)
    {
        bool needsEnd = script is { HasNoBody: false, Framing: ReplyFraming.UntilClose };
        bool isComplete = !needsEnd || script.End == ReplyEnd.Ends;
        string close = isComplete ? "Local clean" : script.End == ReplyEnd.Resets ? "Error" : "Local";
        return $"44:{script.Status} {script.Body.Length}:{script.Body.GetHashCode(StringComparison.Ordinal)}{(isComplete ? " 47" : "")} 45:{close}";
    }

    private static string Play(LoopFactory factory, HttpReplyScript script)
    {
        using LoopBench bench = new(factory);
        Reader reader = new(script);
        TestProtocol protocol = bench.NewProtocol();
        protocol.On(CallbackReason.EstablishedClientHttp, connection => reader.Note($"44:{connection.Status}"))
            .On(CallbackReason.ReceiveClientHttp, reader.OnReadable)
            .On(CallbackReason.CompletedClientHttp, _ => reader.NoteComplete());
        RawListener listener = bench.Listen();
        Connection client = bench.NewClientContext().Connect(new ClientConnectOptions
        {
            Uri = new Uri("http://test/"),
            EndPoint = listener.EndPoint,
            Method = script.Method,
            Protocols = [protocol],
            ReuseConnection = false,
        });
        RawPeer server = listener.Accept();
        server.ReadHead();
        string rest = script.Reply;
        foreach (int piece in script.Pieces.Append(int.MaxValue))
        {
            int count = Math.Min(piece, rest.Length);
            if (count > 0) server.Send(rest[..count]);
            rest = rest[count..];
            Settle(bench, client, reader);
        }

        if (script.End == ReplyEnd.Ends) server.EndStream();
        if (script.End == ReplyEnd.Resets && !server.IsReset) server.Reset();
        Settle(bench, client, reader);

        // Whoever still waits for more is given up by its user.
        client.Abort();
        bench.Harness.Settle();
        CloseInfo close = bench.Recorder.Closes.Single().Close;
        return $"{reader} 45:{close.Origin}{(close.IsClean ? " clean" : "")}";
    }

    private static void Settle(LoopBench bench, Connection client, Reader reader)
    {
        do
        {
            bench.Harness.Settle();
        }
        while (reader.ReadLater(client));
    }

    private static void ForAll(int scripts, Action<HttpReplyScript> property) =>
        Check.One(Config.QuickThrowOnFailure.WithMaxTest(scripts), Prop.ForAll(HttpReplyScript.All(), property));

    /// <summary>A user who reads as the script says, and notes what came.</summary>
    private sealed class Reader(HttpReplyScript script)
    {
        private readonly byte[] _buffer = new byte[script.ReadSize];
        private readonly StringBuilder _body = new();
        private readonly StringBuilder _head = new();
        private bool _isWaiting;
        private bool _isComplete;

        public override string ToString()
        {
            string body = _body.ToString();
            return $"{_head} {body.Length}:{body.GetHashCode(StringComparison.Ordinal)}{(_isComplete ? " 47" : "")}";
        }

        public void Note(string what) => _head.Append(what);

        public void NoteComplete()
        {
            Assert.False(_isComplete);
            _isComplete = true;
        }

        public void OnReadable(Connection connection)
        {
            if (script.ReadsLater) _isWaiting = true;
            else Read(connection);
        }

        /// <summary>Reads what the user was told of and has left. Returns whether it did.</summary>
        public bool ReadLater(Connection connection)
        {
            if (!_isWaiting) return false;

            _isWaiting = false;
            if (!connection.IsClosed) Read(connection);
            return true;
        }

        private void Read(Connection connection) => _body.Append(Encoding.ASCII.GetString(_buffer, 0, connection.ReadHttpBody(_buffer)));
    }
}
