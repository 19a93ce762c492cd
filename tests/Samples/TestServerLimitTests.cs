using System.Diagnostics;
using System.Globalization;
using System.Net;
using System.Text.RegularExpressions;
using Xunit;

namespace EventLoops.Tests.Samples;

/// <summary>The test server where the system lets it have 256 descriptors, and more clients than that.</summary>
public sealed partial class TestServerLimitTests
{
    private const int Descriptors = 256;
    private const int Visitors = 10_000;
    private const int AtOnce = 400;
    private const int MostLooks = 10;

    private static readonly TimeSpan Patience = TimeSpan.FromSeconds(120);
    private static readonly TimeSpan Watched = TimeSpan.FromSeconds(2);

    public static TheoryData<string> Servers => [TestServers.Poll, TestServers.Epoll, TestServers.Several];

    [Theory]
    [MemberData(nameof(Servers))]
    public async Task A_full_server_does_not_spin_and_serves_again_when_one_leaves(string loop)
    {
        await using SampleProcess server = Start(loop);
        Uri address = await server.WaitForAddressAsync(loop.Split(' ')[0]);
        List<RawPeer> peers = [];
        try
        {
            for (int i = 0; i < Descriptors; i++) peers.Add(Ask(address));
            int most = await MostConnectionsAsync(server);
            RawPeer[] served = [.. peers.Take(most)];
            foreach (RawPeer peer in served) Assert.StartsWith("HTTP/1.1 101", peer.ReadHead(), StringComparison.Ordinal);
            Assert.InRange(most, Descriptors / 4, Descriptors - 32);

            // What is full and idle has nothing to do; a loop that spins takes all that it can get, at every look. The compiler may still be at work at the first ones.
            double share = 1;
            for (int look = 0; look < MostLooks && share > 0.05; look++)
            {
                TimeSpan before = CpuTime(server);
                await Task.Delay(Watched);
                share = (CpuTime(server) - before) / Watched;
            }

            Assert.InRange(share, 0, 0.05);
            Assert.False(server.HasExited);

            served[0].SendText("served as before");
            Assert.Equal("served as before", served[0].ReadFrame().Text);
            served[most / 2].Reset();
            Assert.StartsWith("HTTP/1.1 101", peers[most].ReadHead(), StringComparison.Ordinal);
            served[^1].SendClose(1000);
            Assert.StartsWith("HTTP/1.1 101", peers[most + 1].ReadHead(), StringComparison.Ordinal);
        }
        finally
        {
            foreach (RawPeer peer in peers) peer.Dispose();
        }
    }

    [Theory]
    [MemberData(nameof(Servers))]
    public async Task Ten_thousand_clients_come_and_go_and_none_is_turned_away(string loop)
    {
        await using SampleProcess server = Start(loop);
        Uri address = await server.WaitForAddressAsync(loop.Split(' ')[0]);
        using LoopContext clients = new(new LoopContextOptions());
        Visitor visitor = new(clients, new UriBuilder(address) { Scheme = "ws" }.Uri);

        long start = Stopwatch.GetTimestamp();
        for (int i = 0; i < AtOnce; i++) visitor.Come();
        while (visitor.Gone < Visitors && visitor.Failures.Count == 0)
        {
            Assert.True(Stopwatch.GetElapsedTime(start) < Patience, $"Only {visitor.Gone} clients were served in time. The server printed:\n{server.Output}");
            clients.Service(100);
        }

        Assert.Empty(visitor.Failures);
        Assert.False(server.HasExited);
        server.Terminate();
        Assert.Equal(0, await server.WaitForExitAsync());
    }

    private static SampleProcess Start(string loop) => SampleProcess.StartTool(
        "prlimit", [$"--nofile={Descriptors}", "dotnet", SampleProcess.PathOf("TestServer"), "--port", "0", "--loop", .. loop.Split(' ')]);

    private static RawPeer Ask(Uri address)
    {
        RawPeer peer = RawPeer.Connect(new IPEndPoint(IPAddress.Parse(address.Host), address.Port));
        peer.RequestUpgrade(protocols: "echo");
        peer.Pump();
        return peer;
    }

    /// <summary>The server says in its log how many there may be, when there are as many.</summary>
    private static async Task<int> MostConnectionsAsync(SampleProcess server)
    {
        long start = Stopwatch.GetTimestamp();
        while (true)
        {
            if (FullLine().Match(server.Output) is { Success: true } line) return int.Parse(line.Groups[1].Value, CultureInfo.InvariantCulture);
            Assert.True(Stopwatch.GetElapsedTime(start) < Patience, $"The server does not say that it is full. It printed:\n{server.Output}");

            // The line is in the log, of which nothing tells that it has grown.
            await Task.Delay(TimeSpan.FromMilliseconds(10));
        }
    }

    /// <summary>proc(5): utime and stime of <c>/proc/PID/stat</c>, in hundredths of a second.</summary>
    private static TimeSpan CpuTime(SampleProcess process)
    {
        string[] fields = File.ReadAllText($"/proc/{process.Id}/stat").Split(") ")[1].Split(' ');
        long ticks = long.Parse(fields[11], CultureInfo.InvariantCulture) + long.Parse(fields[12], CultureInfo.InvariantCulture);
        return TimeSpan.FromMilliseconds(10 * ticks);
    }

    [GeneratedRegex(@"There are (\d+) connections, as many as there may be")]
    private static partial Regex FullLine();

    /// <summary>Clients that come, have one message echoed, and go, each followed by the next.</summary>
    private sealed class Visitor(LoopContext context, Uri server) : Protocol<NoSession>("echo")
    {
        private int _came;

        public List<string> Failures { get; } = [];

        public int Gone { get; private set; }

        public void Come()
        {
            if (_came++ >= Visitors) return;

            context.Connect(new ClientConnectOptions { Uri = server, Protocols = [this], ConnectTimeout = Patience, HandshakeTimeout = Patience });
        }

        protected override CallbackResult OnEstablished(Connection connection, ref NoSession session)
        {
            connection.RequestWritable();
            return CallbackResult.Continue;
        }

        protected override CallbackResult OnWritable(Connection connection, ref NoSession session)
        {
            connection.Write("hello"u8, MessageKind.Text);
            return CallbackResult.Continue;
        }

        protected override CallbackResult OnReceive(Connection connection, ref NoSession session, ReadOnlySpan<byte> part, in MessageInfo info)
        {
            if (!part.SequenceEqual("hello"u8)) Failures.Add("something else came back");
            connection.Close();
            return CallbackResult.Continue;
        }

        protected override void OnClosed(Connection connection, ref NoSession session, in CloseInfo close)
        {
            if (!close.IsClean) Failures.Add(close.ToString());
            Gone++;
            Come();
        }

        protected override void OnConnectFailed(Connection connection, ref NoSession session, in ConnectFailure failure) => Failures.Add(failure.ToString());
    }
}
