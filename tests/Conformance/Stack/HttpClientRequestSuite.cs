using System.Net;
using Xunit;

namespace EventLoops.Tests.Conformance;

/// <summary>An HTTP request of ours on its way out: its fields, and a body that leaves as the server takes it.</summary>
public abstract class HttpClientRequestSuite(LoopFactory factory) : HttpClientBench(factory)
{
    [Fact]
    public void A_body_that_lies_ready_is_sent_with_its_length()
    {
        byte[] body = new byte[3_000_000];
        Random.Shared.NextBytes(body);
        (_, RawPeer server) = Ask(NewProtocol(), method: "POST", body: body);
        string head = server.ReadHead();
        Assert.Contains("\r\nContent-Length: 3000000\r\n", head, StringComparison.Ordinal);

        server.WaitUntil(() => server.Received.Length == body.Length);
        Assert.True(server.Received.SequenceEqual(body));
        server.Send(Ok + "Content-Length: 0\r\n\r\n");
        Harness.RunUntil(() => Recorder.Has(CallbackReason.WsiDestroy));

        Assert.True(Assert.Single(Recorder.Closes).Close.IsClean);
    }

    [Theory]
    [InlineData(12, "Content-Length: 12", "part and end")]
    [InlineData(-1, "Transfer-Encoding: chunked", "5\r\npart \r\n7\r\nand end\r\n0\r\n\r\n")]
    public void A_body_is_written_when_the_connection_takes_it(long length, string field, string wire)
    {
        int calls = 0;
        TestProtocol protocol = NewProtocol().On(CallbackReason.ClientHttpWriteable, connection =>
        {
            Assert.Equal(WriteResult.Accepted, connection.WriteBody(calls == 0 ? "part "u8 : "and end"u8));
            if (++calls == 2) connection.EndRequest();
            else connection.RequestWritable();
        });
        (Connection connection, RawPeer server) = Ask(protocol, method: "PUT", bodyLength: length);
        Assert.Contains($"\r\n{field}\r\n", server.ReadHead(), StringComparison.Ordinal);

        Assert.Equal(wire, server.ReadText(wire.Length));
        server.Send(Ok + "Content-Length: 0\r\n\r\n");
        Harness.RunUntil(() => Recorder.Has(CallbackReason.WsiDestroy));

        Assert.Equal("29 24 57 57 2 44 47 45 30", Recorder.TraceOf(connection));
    }

    [Fact]
    public void A_server_that_does_not_take_the_body_makes_its_writer_wait()
    {
        bool sawBusy = false;
        long written = 0;
        TestProtocol protocol = NewProtocol().On(CallbackReason.ClientHttpWriteable, connection =>
        {
            while (written < 20_000_000)
            {
                WriteResult result = connection.WriteBody(new byte[100_000]);
                if (result == WriteResult.Busy)
                {
                    sawBusy = true;
                    return;
                }

                written += 100_000;
            }

            connection.EndRequest();
        });
        (_, RawPeer server) = Ask(protocol, method: "POST", bodyLength: 20_000_000);
        server.IsReading = false;
        Harness.RunUntil(() => sawBusy);
        Harness.Settle();
        Assert.True(written < 20_000_000);

        server.IsReading = true;
        server.ReadHead();
        server.WaitUntil(() => server.Received.Length == 20_000_000);
        server.Send(Ok + "Content-Length: 0\r\n\r\n");
        Harness.RunUntil(() => Recorder.Has(CallbackReason.WsiDestroy));

        Assert.True(Assert.Single(Recorder.Closes).Close.IsClean);
    }

    [Fact]
    public void A_server_that_refuses_in_the_middle_of_a_body_is_heard_and_wants_no_more()
    {
        WriteResult last = WriteResult.Accepted;
        TestProtocol protocol = NewProtocol().On(CallbackReason.ClientHttpWriteable, connection => last = connection.WriteBody(new byte[1000]));
        int status = 0;
        protocol.On(CallbackReason.EstablishedClientHttp, connection =>
        {
            status = connection.Status;
            last = connection.WriteBody(new byte[1000]);
        });
        (_, RawPeer server) = Ask(protocol, method: "POST", bodyLength: 1_000_000);
        server.ReadHead();
        server.ReadText(1000);

        server.Send("HTTP/1.1 413 Content Too Large\r\nContent-Length: 3\r\n\r\nbig");
        Harness.RunUntil(() => Recorder.Has(CallbackReason.WsiDestroy));

        Assert.Equal((413, WriteResult.Closed, "big"), (status, last, Assert.Single(Recorder.Texts)));
    }

    [Fact]
    public void Fields_are_added_by_options_and_by_the_callback()
    {
        RawListener listener = Listen();
        NewClientContext().Connect(Options(NewProtocol(), listener.EndPoint, fields: [new("X-One", "1"), new("Accept", "text/plain")]));
        string plain = Own(listener.Accept()).ReadHead();
        TestProtocol writing = NewProtocol();
        writing.WritingRequest = request =>
        {
            request.Add("X-Two", request.Method + " " + request.Uri);
            Assert.Throws<ArgumentException>(() => request.Add("Host", "other"));
            Assert.Throws<ArgumentException>(() => request.Add("X-Bad", "a\r\nb: c"));
            Assert.Throws<ArgumentException>(() => request.Add("X-Long", new string('a', 40_000)));
        };
        NewClientContext().Connect(Options(writing, listener.EndPoint));
        string written = Own(listener.Accept()).ReadHead();

        Assert.Contains("\r\nX-One: 1\r\nAccept: text/plain\r\n", plain, StringComparison.Ordinal);
        Assert.EndsWith($"\r\nX-Two: GET {Address("http://test/path?query")}\r\n\r\n", written, StringComparison.Ordinal);
    }

    [Fact]
    public void Less_or_more_than_the_announced_body_is_an_exception()
    {
        TestProtocol protocol = NewProtocol().On(CallbackReason.ClientHttpWriteable, connection =>
        {
            Assert.Throws<InvalidOperationException>(() => connection.WriteBody(new byte[11]));
            connection.WriteBody(new byte[4]);
            Assert.Throws<InvalidOperationException>(connection.EndRequest);
            connection.WriteBody(new byte[6]);
            connection.EndRequest();
            Assert.Throws<InvalidOperationException>(connection.EndRequest);
        });
        (_, RawPeer server) = Ask(protocol, method: "POST", bodyLength: 10);
        server.ReadHead();

        Assert.Equal(10, server.ReadText(10).Length);
        server.Send(Ok + "Content-Length: 0\r\n\r\n");
        Harness.RunUntil(() => Recorder.Has(CallbackReason.WsiDestroy));
        Assert.True(Assert.Single(Recorder.Closes).Close.IsClean);
    }
}
