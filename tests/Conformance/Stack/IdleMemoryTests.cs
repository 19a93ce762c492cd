using System.Net;
using System.Net.Sockets;
using Xunit;

namespace EventLoops.Tests.Conformance;

/// <summary>
/// What an idle WebSocket without extensions holds on every loop, the tables that grow with the connections included. It is the collector's memory that is counted, since that can be
/// counted exactly; of native memory only the loops of C libraries have some: an <c>ev_io</c> or a <c>uv_poll_t</c> each, with a few bytes of ours.
/// </summary>
public sealed class IdleMemoryTests
{
    private const int Connections = 2000;

    // As many as wait in the kernel at a time.
    private const int Wave = 200;

    private const int MostBytes = 400;

    // With completion on io_uring a socket has a slot, and its place in a table: what was received and is not taken, what is on its way, and what the kernel was asked for.
    private const int MostBytesOfSlot = 112;

    // Less than the objects that cannot be done without would mean that something was not counted.
    private const int LeastBytes = 200;

    // The heap is everybody's: what the tests before have left behind, as in the pools of the runtime, may go while this counts. A server that holds too much does so every time.
    private const int Attempts = 5;

    private static readonly byte[] s_request =
    [
        .. "GET / HTTP/1.1\r\nHost: localhost\r\nUpgrade: websocket\r\nConnection: Upgrade\r\nSec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\n"u8,
        .. "Sec-WebSocket-Version: 13\r\nSec-WebSocket-Protocol: echo\r\n\r\n"u8,
    ];

    // Half a message: a fragment that another one will end (RFC 6455 5.4). Masked with zeros, so that it reads as it is.
    private static readonly byte[] s_firstHalf = [0x02, 0x81, 0, 0, 0, 0, 1];
    private static readonly byte[] s_secondHalf = [0x80, 0x81, 0, 0, 0, 0, 2];

    public static TheoryData<string> Loops => [.. LoopFactories.Real.Select(loop => loop.Name)];

    [Theory]
    [MemberData(nameof(Loops))]
    public void An_idle_WebSocket_holds_no_more_than_400_bytes(string loop) => Check(loop, speaks: false);

    [Theory]
    [MemberData(nameof(Loops))]
    public void One_that_has_received_a_message_in_pieces_holds_no_more_either(string loop) => Check(loop, speaks: true);

    private static void Check(string loop, bool speaks)
    {
        int most = loop == LoopFactories.Completion ? MostBytes + MostBytesOfSlot : MostBytes;
        long each = Measure(loop, speaks);
        for (int attempt = 1; attempt < Attempts && (each < LeastBytes || each > most); attempt++) each = Measure(loop, speaks);

        Assert.InRange(each, LeastBytes, most);
    }

    private static long Measure(string loop, bool speaks)
    {
        using LoopHarness harness = LoopFactories.Real.First(one => one.Name == loop).New(new EventLoopOptions());
        Counting protocol = new();
        using LoopContext context = new(new LoopContextOptions { Loop = harness.Loop, VirtualHosts = [LoopBench.HostOf(protocol)] });
        EndPoint server = LoopBench.EndPointOf(context);

        // The clients are bare descriptors, so that all memory that comes is the server's.
        int[] clients = new int[Connections + Wave];
        Array.Fill(clients, -1);
        try
        {
            Open(harness, protocol, server, clients.AsSpan(0, Wave), speaks);
            long before = GC.GetTotalMemory(forceFullCollection: true);
            for (int opened = Wave; opened < clients.Length; opened += Wave) Open(harness, protocol, server, clients.AsSpan(opened, Wave), speaks);
            return (GC.GetTotalMemory(forceFullCollection: true) - before) / Connections;
        }
        finally
        {
            context.Dispose();
            harness.Turn();
            foreach (int client in clients.Where(client => client >= 0)) SocketIo.System.Close(client);
        }
    }

    private static void Open(LoopHarness harness, Counting protocol, EndPoint server, Span<int> clients, bool speaks)
    {
        int before = protocol.Opened;
        foreach (ref int client in clients)
        {
            client = SocketIo.System.OpenStream(AddressFamily.InterNetwork).Value;
            IoResult connected = SocketIo.System.Connect(client, server);
            Assert.True(!connected.IsError || connected.Errno == Errno.EINPROGRESS);
            Send(client, s_request);
        }

        int all = before + clients.Length;
        harness.RunUntil(() => protocol.Opened == all);
        if (speaks)
        {
            foreach (int client in clients) Send(client, s_firstHalf);
            harness.RunUntil(() => protocol.Parts == before + all);
            foreach (int client in clients) Send(client, s_secondHalf);
            harness.RunUntil(() => protocol.Parts == 2 * all);
        }

        harness.Settle();
    }

    private static void Send(int client, byte[] bytes)
    {
        Deadline deadline = new();
        IoResult sent = SocketIo.System.Send(client, bytes);
        for (; sent.WouldBlock; sent = SocketIo.System.Send(client, bytes)) deadline.Check();
        Assert.Equal(bytes.Length, sent.Value);
    }

    private sealed class Counting() : Protocol<NoSession>("echo")
    {
        public int Opened { get; private set; }

        public int Parts { get; private set; }

        protected override CallbackResult OnEstablished(Connection connection, ref NoSession session)
        {
            Opened++;
            return CallbackResult.Continue;
        }

        protected override CallbackResult OnReceive(Connection connection, ref NoSession session, ReadOnlySpan<byte> part, in MessageInfo info)
        {
            Parts++;
            return CallbackResult.Continue;
        }
    }
}
