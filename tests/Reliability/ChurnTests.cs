using System.Globalization;
using System.Net;
using System.Net.Sockets;
using Xunit;

namespace EventLoops.Tests.Reliability;

/// <summary>L12: connections without end, one after the other. A variable says how many, since a million takes minutes: <c>EVENTLOOPS_CONNECTIONS</c>.</summary>
public sealed class ChurnTests
{
    private const int WarmUp = 1_000;

    // What the runtime keeps for itself comes and goes; a leak of one object for each connection would be far above.
    private const long Noise = 256 * 1024;

    private static readonly int s_count =
        int.Parse(Environment.GetEnvironmentVariable("EVENTLOOPS_CONNECTIONS") ?? "5000", NumberStyles.None, CultureInfo.InvariantCulture);

    public static TheoryData<string> Loops => [.. LoopFactories.Real.Select(loop => loop.Name)];

    [Theory]
    [MemberData(nameof(Loops))]
    public void L12_connections_one_after_the_other_leave_no_memory_and_no_descriptor(string name)
    {
        Ledger ledger = new();
        EventLoopOptions options = new();
        using (LoopHarness harness = LoopFactories.Real.Single(loop => loop.Name == name).New(options))
        {
            using LoopContext context = new(new LoopContextOptions
            {
                Loop = harness.Loop,
                VirtualHosts = [new() { Endpoints = [new IPEndPoint(IPAddress.Loopback, 0)], Protocols = [new Answering()] }],
            });
            for (int i = 0; i < WarmUp; i++) ComeAndGo(harness, context);
            long before = GC.GetTotalMemory(forceFullCollection: true);

            for (int i = 0; i < s_count; i++) ComeAndGo(harness, context);

            Assert.InRange(GC.GetTotalMemory(forceFullCollection: true) - before, long.MinValue, Noise);
            Assert.Equal(WarmUp + s_count, context.Statistics.Accepted);
            Assert.Equal(WarmUp + s_count, context.Statistics.Requests);
            harness.RunUntil(() => context.Thread.ConnectionCount == 0);
        }

        ledger.CheckDescriptors();
    }

    private static void ComeAndGo(LoopHarness harness, LoopContext context)
    {
        using Socket socket = new(AddressFamily.InterNetwork, SocketType.Stream, ProtocolType.Tcp);
        socket.Connect(context.VirtualHosts[0].LocalEndPoints[0]);
        socket.Send("GET / HTTP/1.1\r\nHost: a\r\n\r\n"u8);
        for (Deadline deadline = new(); !socket.Poll(0, SelectMode.SelectRead); deadline.Check()) harness.Turn(1);
        Span<byte> answer = stackalloc byte[512];
        Assert.True(answer[..socket.Receive(answer)].StartsWith("HTTP/1.1 200 "u8));

        // A reset: an orderly end would keep the port for a minute, and there are not enough ports for that.
        socket.LingerState = new LingerOption(enable: true, seconds: 0);
        socket.Close();
        for (Deadline deadline = new(); context.Thread.ConnectionCount > 0; deadline.Check()) harness.Turn(1);
    }

    private sealed class Answering() : Protocol<NoSession>("answering")
    {
        protected override CallbackResult OnHttp(Connection connection, ref NoSession session, ReadOnlySpan<byte> path)
        {
            connection.Respond(200, "text/plain", "hello"u8);
            return CallbackResult.Continue;
        }
    }
}
