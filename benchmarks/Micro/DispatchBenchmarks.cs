using System.Net;
using BenchmarkDotNet.Attributes;

namespace EventLoops.Benchmarks.Micro;

/// <summary>One callback, from the state machine to user code: by typed method, by reason, and with somebody who traces.</summary>
[MemoryDiagnoser]
public class DispatchBenchmarks
{
    private readonly byte[] _message = new byte[64];
    private LoopContext _context = null!;
    private Connection _connection = null!;

    /// <summary>Which way.</summary>
    [Params("typed", "reason", "traced")]
    public string Way { get; set; } = "";

    /// <summary>Connects a client, of whatever is opened the connection that was accepted is used.</summary>
    [GlobalSetup]
    public void Prepare()
    {
        Protocol protocol = Way == "reason" ? new ByReason() : new Typed();
        _context = new LoopContext(new LoopContextOptions
        {
            Flags = ContextFlags.None,
            Tracer = Way == "traced" ? new Counter() : null,
            VirtualHosts = [new() { Endpoints = [new IPEndPoint(IPAddress.Loopback, 0)], Protocols = [protocol] }],
        });
        Connection client = _context.Connect(new ClientConnectOptions
        {
            Uri = new Uri($"ws://{_context.VirtualHosts[0].LocalEndPoints[0]}/"),
            Protocols = [new Typed()],
        });
        while (client.State != ConnectionState.Established) _context.Service(100);
        _connection = Accepted.Last!;
    }

    /// <summary>Closes it.</summary>
    [GlobalCleanup]
    public void Release() => _context.Dispose();

    /// <summary>The callback for a part of a message.</summary>
    [Benchmark]
    public bool Receive() => _connection.Raise(CallbackReason.Receive, new CallbackData { In = _message }) == CallbackOutcome.Continue;

    private static class Accepted
    {
        public static Connection? Last { get; set; }
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
