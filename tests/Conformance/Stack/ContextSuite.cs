using Xunit;

namespace EventLoops.Tests.Conformance;

/// <summary>The end of a context, with everything that may be under way at that time, and contexts that share a loop.</summary>
public abstract class ContextSuite(LoopFactory factory) : LoopBench(factory)
{
    [Fact]
    public void L10_disposing_ends_everything_that_is_under_way_with_one_closing_callback_each()
    {
        TestProtocol protocol = NewProtocol().On(CallbackReason.Http, _ => { });
        LoopContext context = Serve(protocol);
        RawPeer first = Open(context);
        RawPeer second = Open(context);
        RawPeer closing = Open(context);
        Harness.RunUntil(() => Recorder.CountOf(CallbackReason.Established) == 3);
        protocol.Newest!.Close((WebSocketCloseCode)4001);
        RawPeer silent = Connect(context);
        RawPeer halfway = Connect(context);
        halfway.Send("GET / HTTP/1.1\r\nHo");
        RawPeer waiting = Connect(context);
        waiting.Send("GET / HTTP/1.1\r\nHost: test\r\n\r\n");
        RawPeer sending = Connect(context);
        sending.Send("POST / HTTP/1.1\r\nHost: test\r\nContent-Length: 9\r\n\r\nabc");
        RawListener listener = Listen();
        Dial(context, listener.EndPoint, NewProtocol());
        Harness.Settle();
        Dial(context, listener.EndPoint, NewProtocol());
        Assert.Equal(9, context.Thread.ConnectionCount);

        context.Dispose();
        context.Dispose();

        Assert.True(context.IsDisposed);
        Assert.Equal(0, context.Thread.ConnectionCount);
        Assert.Equal(1001, first.ReadFrame().CloseCode);
        Assert.Equal(1001, second.ReadFrame().CloseCode);
        Assert.Equal(4001, closing.ReadFrame().CloseCode);
        Assert.All(new[] { first, second, closing, silent, halfway, waiting, sending }, peer => Assert.Empty(peer.ReadToEnd()));
        Assert.Equal(3, Recorder.Closes.Count);
        Assert.Equal(2, Recorder.Closes.Count(end => end.Close.Code == WebSocketCloseCode.GoingAway));
        Assert.Equal(4, Recorder.CountOf(CallbackReason.ClosedHttp));
        Assert.Equal(2, Recorder.Failures.Count);
        Assert.Equal(CallbackReason.ProtocolDestroy, Recorder.Calls[^1].Reason);
    }

    [Theory]
    [InlineData(CallbackReason.FilterNetworkConnection)]
    [InlineData(CallbackReason.ServerNewClientInstantiated)]
    [InlineData(CallbackReason.FilterHttpConnection)]
    [InlineData(CallbackReason.FilterProtocolConnection)]
    [InlineData(CallbackReason.Established)]
    [InlineData(CallbackReason.Receive)]
    [InlineData(CallbackReason.ServerWriteable)]
    [InlineData(CallbackReason.WsPeerInitiatedClose)]
    [InlineData(CallbackReason.Closed)]
    public void L04_disposing_inside_a_callback_takes_effect_when_the_turn_is_over(CallbackReason reason)
    {
        LoopContext? context = null;
        int destroyedInside = 0;
        TestProtocol protocol = NewProtocol();
        protocol.On(CallbackReason.Receive, connection => connection.RequestWritable());
        protocol.FilterNetwork = (_, _) =>
        {
            if (reason == CallbackReason.FilterNetworkConnection) DisposeInside();
            return CallbackResult.Continue;
        };
        protocol.On(reason, _ => DisposeInside());
        context = Serve(protocol);
        RawPeer witness = Connect(context);
        RawPeer peer = Connect(context);
        if (reason == CallbackReason.FilterHttpConnection) peer.Send("GET / HTTP/1.1\r\nHost: test\r\n\r\n");
        else peer.RequestUpgrade();
        peer.SendText("go");
        if (reason is CallbackReason.WsPeerInitiatedClose or CallbackReason.Closed) peer.SendClose(1000);

        Harness.RunUntil(() => Recorder.Has(CallbackReason.ProtocolDestroy));
        Harness.Settle();

        Assert.Equal(0, destroyedInside);
        Assert.Equal(0, Loop.WatchCount);
        Assert.Equal(0, context.Thread.ConnectionCount);
        witness.ReadToEnd();

        void DisposeInside()
        {
            context!.Dispose();
            destroyedInside += Recorder.CountOf(CallbackReason.ProtocolDestroy);
        }
    }

    [Fact]
    public void A_context_that_was_disposed_inside_a_callback_is_gone_when_that_turn_is_over()
    {
        LoopContext? context = null;
        bool isWritten = false;
        TestProtocol protocol = NewProtocol().OnWritable(_ =>
        {
            isWritten = true;
            context!.Dispose();
        });
        context = Serve(protocol);
        Open(context);
        Harness.RunUntil(() => protocol.Newest is not null);

        protocol.Newest!.RequestWritable();
        while (!isWritten) Harness.Turn();

        Assert.True(Recorder.Has(CallbackReason.ProtocolDestroy));
        Assert.Single(Recorder.Closes);
    }

    [Fact]
    public void L11_a_connection_that_a_closing_callback_begins_while_its_context_ends_is_ended_as_well()
    {
        LoopContext? context = null;
        RawListener listener = Listen();
        List<Exception?> refused = [];
        TestProtocol protocol = NewProtocol().On(CallbackReason.Closed, _ =>
            refused.Add(Record.Exception(() => { Dial(context!, listener.EndPoint, NewProtocol()); })));
        context = Serve(protocol);
        Open(context);
        Harness.RunUntil(() => protocol.Newest is not null);

        context.Dispose();
        Harness.Settle();

        Assert.IsType<ObjectDisposedException>(Assert.Single(refused));
        Assert.Equal(0, context.Thread.ConnectionCount);
    }

    [Fact]
    public void G05_two_contexts_on_one_loop_do_not_know_of_each_other()
    {
        TestProtocol protocol = NewProtocol("echo");
        LoopContext first = Serve(protocol);
        LoopContext second = Serve(new SendingEcho());
        RawPeer one = Open(first);
        RawPeer two = Open(second);
        two.SendText("before");
        Assert.Equal("before", two.ReadFrame().Text);

        first.Dispose();
        Assert.Equal(1001, one.ReadFrame().CloseCode);
        two.SendText("after");

        Assert.Equal("after", two.ReadFrame().Text);
        Assert.Equal(1, second.Thread.ConnectionCount);
    }

    [Fact]
    public void G05_a_context_can_be_disposed_by_a_callback_of_another_one()
    {
        LoopContext victim = Serve(NewProtocol());
        RawPeer witness = Open(victim);
        TestProtocol killer = NewProtocol("killer").On(CallbackReason.Receive, _ => victim.Dispose());
        RawPeer peer = Open(Serve(killer));

        peer.SendText("now");

        Assert.Equal(1001, witness.ReadFrame().CloseCode);
        Harness.RunUntil(() => victim.Thread.ConnectionCount == 0);
        peer.SendText("still here");
        Harness.RunUntil(() => Recorder.Texts.Count == 2);
    }

    [Fact]
    public void O20_a_port_that_is_taken_is_named_and_a_context_that_cannot_listen_leaves_nothing_behind()
    {
        LoopContext taken = Serve(NewProtocol());
        VirtualHostOptions host = new()
        {
            Endpoints = [new System.Net.IPEndPoint(System.Net.IPAddress.Loopback, 0), EndPointOf(taken)],
            Protocols = [NewProtocol("other")],
        };
        int watches = Loop.WatchCount;

        LoopFaultException fault = Assert.Throws<LoopFaultException>(() => Serve(host));

        Assert.Equal(Errno.EADDRINUSE, fault.Errno);
        Assert.Contains(EndPointOf(taken).ToString()!, fault.Message, StringComparison.Ordinal);
        Assert.Equal(watches, Loop.WatchCount);
        Assert.Equal(1, Recorder.CountOf(CallbackReason.ProtocolDestroy));
    }

    [Fact]
    public void O20_a_port_without_permission_is_named()
    {
        Io.Fail(SystemCall.Bind, Errno.EACCES);

        LoopFaultException fault = Assert.Throws<LoopFaultException>(() => Serve(NewProtocol()));

        Assert.Equal(Errno.EACCES, fault.Errno);
        Assert.Contains("127.0.0.1:0", fault.Message, StringComparison.Ordinal);
        Assert.Equal(0, Loop.WatchCount);
    }

    [Fact]
    public void L11_members_of_a_disposed_context_say_so_and_disposing_it_again_does_nothing()
    {
        LoopContext context = Serve(NewProtocol());
        System.Net.EndPoint endPoint = EndPointOf(context);
        RawPeer peer = Open(context);
        for (int time = 0; time < 3; time++) context.Dispose();
        Assert.Equal(1001, peer.ReadFrame().CloseCode);
        Assert.Equal(1, Recorder.CountOf(CallbackReason.Closed));

        Assert.Throws<ObjectDisposedException>(() => Dial(context, endPoint, NewProtocol()));
        Assert.Throws<ObjectDisposedException>(() => context.Service(0));
    }
}
