using System.Net;
using BenchmarkDotNet.Attributes;

namespace EventLoops.Benchmarks.Micro;

/// <summary>
/// One callback, from the state machine to user code: by typed method, by reason, and with somebody who traces; beside an event of C#, by which most libraries of the
/// platform say that something has come.
/// </summary>
[MemoryDiagnoser]
public class DispatchBenchmarks
{
    private readonly byte[] _message = new byte[64];
    private readonly List<LoopContext> _contexts = [];
    private Connection _typed = null!;
    private Connection _byReason = null!;
    private Connection _traced = null!;
    private long _bytes;

    /// <summary>What the event calls.</summary>
    private event EventHandler<ReceivedEventArgs>? Received;

    /// <summary>Opens a connection of each kind.</summary>
    [GlobalSetup]
    public void Prepare()
    {
        Received += (_, args) => _bytes += args.Part.Length;
        _typed = Open(new Typed(), tracer: null);
        _byReason = Open(new ByReason(), tracer: null);
        _traced = Open(new Typed(), new Counter());
    }

    /// <summary>Closes them.</summary>
    [GlobalCleanup]
    public void Release()
    {
        foreach (LoopContext context in _contexts) context.Dispose();
    }

    /// <summary>An event with its arguments.</summary>
    [Benchmark(Baseline = true)]
    public long Event()
    {
        Received?.Invoke(this, new ReceivedEventArgs(_message));
        return _bytes;
    }

    /// <summary>The method of a protocol.</summary>
    [Benchmark]
    public bool TypedMethod() => Raise(_typed);

    /// <summary>The one method of a <see cref="ReasonProtocol{TUser}"/>.</summary>
    [Benchmark]
    public bool Reason() => Raise(_byReason);

    /// <summary>The method of a protocol, while a tracer is told.</summary>
    [Benchmark]
    public bool Traced() => Raise(_traced);

    private bool Raise(Connection connection) => connection.Raise(CallbackReason.Receive, new CallbackData { In = _message }) == CallbackOutcome.Continue;

    /// <summary>Opens a connection to a context of its own. Returns its server's side.</summary>
    private Connection Open(Protocol protocol, ICallbackTracer? tracer)
    {
        LoopContext context = new(new LoopContextOptions
        {
            Flags = ContextFlags.None,
            Tracer = tracer,
            VirtualHosts = [new() { Endpoints = [new IPEndPoint(IPAddress.Loopback, 0)], Protocols = [protocol] }],
        });
        _contexts.Add(context);
        Connection client = context.Connect(new ClientConnectOptions
        {
            Uri = new Uri($"ws://{context.VirtualHosts[0].LocalEndPoints[0]}/"),
            Protocols = [new Typed()],
        });
        while (client.State != ConnectionState.Established) context.Service(100);
        return Accepted.Last!;
    }

    private static class Accepted
    {
        public static Connection? Last { get; set; }
    }

    private sealed class ReceivedEventArgs(byte[] part) : EventArgs
    {
        public byte[] Part => part;
    }

    private sealed class Typed() : Protocol<Typed.Session>("echo")
    {
        internal struct Session
        {
            public long Bytes;
        }

        protected override CallbackResult OnEstablished(Connection connection, ref Session session)
        {
            if (connection.IsServer) Accepted.Last = connection;
            return CallbackResult.Continue;
        }

        protected override CallbackResult OnReceive(Connection connection, ref Session session, ReadOnlySpan<byte> part, in MessageInfo info)
        {
            session.Bytes += part.Length;
            return CallbackResult.Continue;
        }
    }

    private sealed class ByReason() : ReasonProtocol<ByReason.Session>("echo")
    {
        internal struct Session
        {
            public long Bytes;
        }

        protected override int Callback(Connection? connection, CallbackReason reason, ref Session session, in CallbackData data)
        {
            if (reason == CallbackReason.Established) Accepted.Last = connection;
            if (reason == CallbackReason.Receive) session.Bytes += data.In.Length;
            return 0;
        }
    }

    private sealed class Counter : ICallbackTracer
    {
        private long _count;

        public void OnCallback(CallbackReason reason, Connection? connection, long length) => _count++;
    }
}
