using System.Net;
using System.Text;
using EventLoops.Simulated;
using FsCheck;
using FsCheck.Fluent;
using FsCheck.Xunit;
using Xunit;

namespace EventLoops.Tests.Connections;

/// <summary>What a server does behind some byte of its reply.</summary>
public enum ServerEnd
{
    /// <summary>It sends the rest.</summary>
    GoesOn,

    /// <summary>It says nothing more.</summary>
    FallsSilent,

    /// <summary>It goes on with one byte every second.</summary>
    Trickles,

    /// <summary>It ends its stream.</summary>
    EndsStream,

    /// <summary>It resets the connection.</summary>
    Resets,

    /// <summary>It goes on with bytes that mean nothing.</summary>
    TalksNonsense,

    /// <summary>It goes on with megabytes.</summary>
    Floods,
}

/// <summary>
/// A client against a server that may do anything behind any byte of its reply, on the simulated kernel, where time costs nothing: one opening or one failure, one end,
/// within the deadlines, and nothing is complete that is not all there.
/// </summary>
[Collection(nameof(ConnectionProperties))]
public sealed class ReplyProperties
{
    private const string Lengths = "HTTP/1.1 200 OK\r\nServer: raw\r\nContent-Length: 11\r\n\r\nhello world";
    private const string Chunks = "HTTP/1.1 100 Continue\r\n\r\nHTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n5\r\nhello\r\n6;x\r\n world\r\n0\r\nX: 1\r\n\r\n";
    private const string Tunnel = "HTTP/1.1 200 OK\r\nVia: raw\r\n\r\n";

    // The longest that any of the steps takes with the default times: connecting, the reply's head, its body with all that its bytes buy.
    private static readonly TimeSpan s_longest = TimeSpan.FromSeconds(5 + 5 + 20 + 5);

    public static TheoryData<ServerEnd> Ends => [.. Enum.GetValues<ServerEnd>()];

    [Theory]
    [MemberData(nameof(Ends))]
    public void A_reply_with_a_length_ends_once_whatever_happens_behind_any_of_its_bytes(ServerEnd end) => EveryByte(Lengths, "http://test/", end, "hello world");

    [Theory]
    [MemberData(nameof(Ends))]
    public void A_reply_in_chunks_ends_once_whatever_happens_behind_any_of_its_bytes(ServerEnd end) => EveryByte(Chunks, "http://test/", end, "hello world");

    [Theory]
    [MemberData(nameof(Ends))]
    public void A_handshake_ends_once_whatever_happens_behind_any_of_its_bytes(ServerEnd end) => EveryByte(null, "ws://test/", end, null);

    [Theory]
    [MemberData(nameof(Ends))]
    public void A_tunnel_ends_once_whatever_happens_behind_any_of_its_bytes(ServerEnd end)
    {
        if (end == ServerEnd.GoesOn) end = ServerEnd.FallsSilent; // The other side of the tunnel says nothing.
        EveryByte(Tunnel, "ws://test/", end, null, isProxy: true);
    }

    [Property(MaxTest = 300)]
    public Property A_reply_is_the_same_however_the_kernel_cuts_it(int seed, NonEmptyArray<byte> body)
    {
        string text = Convert.ToHexString(body.Get);
        StringBuilder chunked = new("HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n");
        foreach (string piece in text.Chunk(7).Select(chars => new string(chars))) chunked.Append($"{piece.Length:x}\r\n{piece}\r\n");
        chunked.Append("0\r\n\r\n");
        KernelScript script = new() { Seed = (ulong)(uint)seed, Order = ReadyOrder.Random, BufferSize = 50, ShortReads = 60, ShortWrites = 40, Refusals = 20 };
        (string received, bool isComplete, int ends) = Play(chunked.ToString(), chunked.Length, "http://test/", ServerEnd.GoesOn, isProxy: false, script);
        return (received == text && isComplete && ends == 1).ToProperty();
    }

    private static void EveryByte(string? reply, string uri, ServerEnd end, string? body, bool isProxy = false)
    {
        // The accept key is another one each time, its length is not.
        int length = reply?.Length ?? RawPeer.UpgradeReply("Sec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\n").Length;
        for (int cut = 0; cut <= length; cut++)
        {
            (string received, bool isComplete, int ends) = Play(reply, cut, uri, end, isProxy, new KernelScript());
            Assert.True(ends == 1, $"{ends} ends after {cut} bytes");

            // What a server that goes on says within a body is the body, whatever it means.
            if (body is null || end is ServerEnd.TalksNonsense or ServerEnd.Floods or ServerEnd.Trickles) continue;

            Assert.True(isComplete == (cut == length || end == ServerEnd.GoesOn), $"complete is {isComplete} after {cut} bytes");
            Assert.StartsWith(received, body, StringComparison.Ordinal);
            if (isComplete) Assert.Equal(body, received);
        }
    }

    /// <summary>One client and one server. An open WebSocket is closed by us, so that it has an end as well.</summary>
    private static (string Received, bool IsComplete, int Ends) Play(string? reply, int cut, string uri, ServerEnd end, bool isProxy, KernelScript script)
    {
        using LoopBench bench = new(options => SimulatedLoopHarness.New(options, script));
        StringBuilder received = new();
        byte[] buffer = new byte[5];
        TestProtocol protocol = bench.NewProtocol();
        protocol.On(CallbackReason.ReceiveClientHttp, connection => received.Append(Encoding.ASCII.GetString(buffer, 0, connection.ReadHttpBody(buffer))))
            .On(CallbackReason.ClientEstablished, connection => connection.Abort());
        RawListener listener = bench.Listen();
        Connection client = bench.NewClientContext().Connect(new ClientConnectOptions
        {
            Uri = new Uri(uri),
            EndPoint = isProxy ? null : listener.EndPoint,
            Proxy = isProxy ? new Uri($"http://127.0.0.1:{((IPEndPoint)listener.EndPoint).Port}") : null,
            Protocols = [protocol],
            ReuseConnection = false,
        });
        RawPeer server = listener.Accept();
        string request = server.ReadHead();
        byte[] bytes = Encoding.Latin1.GetBytes(reply ?? RawPeer.UpgradeReply(request, "test"));
        server.Send(bytes.AsSpan(0, Math.Min(cut, bytes.Length)));
        bench.Harness.Settle();
        End(bench, server, bytes.AsSpan(Math.Min(cut, bytes.Length)).ToArray(), end, client);

        bench.Harness.Settle();
        for (TimeSpan passed = default; passed < s_longest && !client.IsClosed; passed += TimeSpan.FromSeconds(1)) Step(bench);
        bench.Harness.Settle();
        Assert.True(client.IsClosed, $"still {client.State} after {s_longest.TotalSeconds} s");
        int ends = bench.Recorder.CountOf(CallbackReason.ClientConnectionError, CallbackReason.ClosedClientHttp, CallbackReason.Closed);
        return (received.ToString(), bench.Recorder.Has(CallbackReason.CompletedClientHttp), ends);
    }

    private static void End(LoopBench bench, RawPeer server, byte[] rest, ServerEnd end, Connection client)
    {
        switch (end)
        {
            case ServerEnd.GoesOn:
                server.Send(rest);
                break;
            case ServerEnd.EndsStream:
                server.EndStream();
                break;
            case ServerEnd.Resets:
                server.Reset();
                break;
            case ServerEnd.TalksNonsense:
                server.Send("\u0001\u0002nonsense\n\n\n"u8);
                break;
            case ServerEnd.Floods:
                server.Send(Enumerable.Repeat((byte)'x', 2_000_000).ToArray());
                break;
            case ServerEnd.Trickles:
                foreach (byte next in rest)
                {
                    if (client.IsClosed) return;
                    server.Send([next]);
                    Step(bench);
                }

                break;
        }
    }

    private static void Step(LoopBench bench)
    {
        bench.Harness.Settle();
        bench.Harness.Advance(TimeSpan.FromSeconds(1));
    }
}
