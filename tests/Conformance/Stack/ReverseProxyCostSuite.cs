using System.Diagnostics;
using System.Net;
using Xunit;

namespace EventLoops.Tests.Conformance;

/// <summary>What a reverse proxy takes from the heap for the bytes that pass through it: nothing, once it is warm.</summary>
public abstract class ReverseProxyCostSuite(LoopFactory factory) : ReverseProxyBench(factory)
{
    private const int Pieces = 400;
    private const int Warm = 50;

    private const int Batch = 50;

    // Of a batch of fifty pieces: one object for each of them would be more.
    private const int Most = 1024;

    private readonly byte[] _piece = new byte[50_000];

    [Fact]
    public void The_body_of_an_answer_costs_nothing()
    {
        (RawPeer client, RawPeer server) = Begin(Untraced(), "GET /app HTTP/1.1\r\nHost: test\r\n\r\n");
        server.ReadHead();
        server.Send($"HTTP/1.1 200 OK\r\nContent-Length: {(long)_piece.Length * Pieces}\r\n\r\n");
        client.ReadHead();
        Assert.InRange(CostOf(server, client), 0, Most);
    }

    [Fact]
    public void The_body_of_a_request_costs_nothing()
    {
        (RawPeer client, RawPeer server) = Begin(Untraced(), $"POST /app HTTP/1.1\r\nHost: test\r\nContent-Length: {(long)_piece.Length * Pieces}\r\n\r\n");
        server.ReadHead();
        Assert.InRange(CostOf(client, server), 0, Most);
    }

    [Theory]
    [InlineData(true)]
    [InlineData(false)]
    public void A_tunnel_costs_nothing(bool fromServer)
    {
        (RawPeer client, RawPeer server) = Begin(Untraced(), RawPeer.UpgradeRequest("/app"));
        server.AcceptUpgrade();
        client.ReadHead();
        Assert.InRange(fromServer ? CostOf(server, client) : CostOf(client, server), 0, Most);
    }

    /// <summary>The recorder's own list would grow.</summary>
    private LoopContext Untraced() => Own(new LoopContext(new LoopContextOptions
    {
        Loop = Loop,
        VirtualHosts =
        [
            new VirtualHostOptions
            {
                Endpoints = [new IPEndPoint(IPAddress.Loopback, 0)],
                Protocols = [NewProtocol("zero")],
                Mounts = [new Mount { MountPoint = "/app", Origin = OriginAt(Origin.EndPoint.ToString()!) }],
            },
        ],
    }));

    /// <summary>
    /// What the turns allocate while the pieces go from one side to the other, in bytes: the least of all batches, since the pool makes the arrays that hold what the kernel
    /// does not take when it takes less than ever before, once. The peers share the thread, and move their bytes between the turns.
    /// </summary>
    private long CostOf(RawPeer from, RawPeer to)
    {
        long least = long.MaxValue;
        long cost = 0;
        for (int i = 0; i < Pieces; i++)
        {
            if (i > Warm && (i - Warm) % Batch == 0)
            {
                least = Math.Min(least, cost);
                cost = 0;
            }

            from.Send(_piece);
            int received = 0;
            long start = Stopwatch.GetTimestamp();
            while (received < _piece.Length)
            {
                if (Stopwatch.GetElapsedTime(start) > LoopHarness.Patience) throw new TimeoutException($"Piece {i} did not come through.");

                from.Pump();
                long before = GC.GetAllocatedBytesForCurrentThread();
                Harness.Turn();
                if (i >= Warm) cost += GC.GetAllocatedBytesForCurrentThread() - before;
                to.Pump();
                received += to.Received.Length;
                _ = to.ReadBytes(to.Received.Length);
            }
        }

        return Math.Min(least, cost);
    }
}
