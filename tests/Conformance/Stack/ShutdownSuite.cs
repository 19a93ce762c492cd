using Xunit;

namespace EventLoops.Tests.Conformance;

/// <summary>The orderly end of a context: nobody new, those who are there may finish, and after a time, or when asked again, it is over.</summary>
public abstract class ShutdownSuite(LoopFactory factory) : LoopBench(factory)
{
    private static readonly TimeSpan Grace = TimeSpan.FromSeconds(2);

    private int _completed;

    [Fact]
    public void L10_open_web_sockets_are_told_and_the_context_goes_when_the_last_one_has_answered()
    {
        LoopContext context = Serve(NewProtocol());
        RawPeer[] peers = [Open(context), Open(context)];

        context.BeginShutdown(Grace, Complete);

        foreach (RawPeer peer in peers) Assert.Equal(1001, peer.ReadFrame().CloseCode);
        Harness.Settle();
        Assert.True(context.IsShuttingDown);
        Assert.False(context.IsDisposed);
        Assert.Equal(2, Loop.WatchCount);
        peers[0].SendClose(1001);
        Assert.Empty(peers[0].ReadToEnd());
        Assert.False(context.IsDisposed);
        peers[1].SendClose(1001);
        Assert.Empty(peers[1].ReadToEnd());
        Harness.RunUntil(() => _completed == 1);
        Assert.True(context.IsDisposed);
        Assert.All(Recorder.Closes, end => Assert.True(end.Close.IsClean));
        Assert.Equal(CallbackReason.ProtocolDestroy, Recorder.Calls[^1].Reason);
        Ledger.CheckEmpty(Loop, context);
    }

    [Fact]
    public void A_context_without_connections_goes_at_once()
    {
        LoopContext context = Serve(NewProtocol());

        context.BeginShutdown(Timeout.InfiniteTimeSpan, Complete);
        Harness.RunUntil(() => _completed == 1);

        Assert.True(context.IsDisposed);
        Ledger.CheckEmpty(Loop, context);
    }

    [Fact]
    public void L10_a_request_that_is_being_answered_gets_the_rest_of_its_answer_and_a_connection_that_ends_with_it()
    {
        Connection? asking = null;
        LoopContext context = Serve(NewProtocol().On(CallbackReason.Http, connection => asking = connection));
        RawPeer early = Connect(context);
        RawPeer late = Connect(context);
        early.Send("GET /early HTTP/1.1\r\nHost: test\r\n\r\n");
        Harness.RunUntil(() => asking is not null);
        Connection first = asking!;
        first.StartResponse(200, "text/plain", 4);
        first.WriteBody("on"u8);
        Assert.DoesNotContain("Connection:", early.ReadHead(), StringComparison.Ordinal);
        late.Send("GET /late HTTP/1.1\r\nHost: test\r\n\r\n");
        Harness.RunUntil(() => asking != first);

        context.BeginShutdown(Timeout.InfiniteTimeSpan, Complete);
        Harness.Settle();
        first.WriteBody("ce"u8);
        first.EndResponse();
        asking!.Respond(200, "text/plain", "last"u8);

        Assert.Equal("once", early.ReadToEnd());
        Assert.Contains("Connection: close\r\n", late.ReadHead(), StringComparison.Ordinal);
        Assert.Equal("last", late.ReadToEnd());
        early.EndStream();
        late.EndStream();
        Harness.RunUntil(() => _completed == 1);
    }

    [Fact]
    public void A_connection_that_waits_for_a_request_is_closed_and_one_that_has_begun_to_ask_is_answered()
    {
        LoopContext context = Serve(NewProtocol().On(CallbackReason.Http, connection => connection.Respond(200, "text/plain", "here"u8)));
        RawPeer silent = Connect(context);
        RawPeer idle = Connect(context);
        idle.Send("GET / HTTP/1.1\r\nHost: test\r\n\r\n");
        idle.ReadHead();
        Assert.Equal("here", idle.ReadText(4));
        RawPeer asking = Connect(context);
        asking.Send("GET / HTTP/1.1\r\nHo");
        Harness.RunUntil(() => context.Thread.ConnectionCount == 3);
        Harness.Settle();

        context.BeginShutdown(Timeout.InfiniteTimeSpan, Complete);

        Assert.Empty(silent.ReadToEnd());
        Assert.Empty(idle.ReadToEnd());
        asking.Send("st: test\r\n\r\n");
        Assert.Contains("Connection: close\r\n", asking.ReadHead(), StringComparison.Ordinal);
        Assert.Equal("here", asking.ReadToEnd());
        foreach (RawPeer peer in new[] { silent, idle, asking }) peer.EndStream();
        Harness.RunUntil(() => _completed == 1);
    }

    [Fact]
    public void L10_whatever_is_under_way_ends_within_the_time_with_one_closing_callback_each()
    {
        TestProtocol protocol = NewProtocol().On(CallbackReason.Http, _ => { });
        LoopContext context = Serve(protocol);
        RawPeer open = Open(context);
        RawPeer closing = Open(context);
        Harness.RunUntil(() => Recorder.CountOf(CallbackReason.Established) == 2);
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
        bool isPosted = false;
        Loop.Post(_ => isPosted = true, null);
        Assert.Equal(8, context.Thread.ConnectionCount);

        context.BeginShutdown(Grace, Complete);
        Assert.Equal(1001, open.ReadFrame().CloseCode);
        Assert.Equal(4001, closing.ReadFrame().CloseCode);
        Harness.Advance(Grace + TimeSpan.FromMilliseconds(10));
        Harness.RunUntil(() => _completed == 1);

        Assert.True(isPosted);
        Assert.All(new[] { open, closing, silent, halfway, waiting, sending }, peer => Assert.Empty(peer.ReadToEnd()));
        Assert.Equal(2, Recorder.Closes.Count);
        Assert.Equal(4, Recorder.CountOf(CallbackReason.ClosedHttp));
        Assert.Equal(2, Recorder.Failures.Count);
        Ledger.CheckEmpty(Loop, context);
    }

    [Fact]
    public void L10_who_has_not_ended_when_the_time_is_over_is_cut()
    {
        LoopContext context = Serve(NewProtocol().On(CallbackReason.Http, _ => { }));
        RawPeer deaf = Open(context);
        RawPeer waiting = Connect(context);
        waiting.Send("GET / HTTP/1.1\r\nHost: test\r\n\r\n");
        Harness.RunUntil(() => Recorder.Has(CallbackReason.Http));
        context.BeginShutdown(Grace, Complete);
        Assert.Equal(1001, deaf.ReadFrame().CloseCode);

        Harness.Advance(Grace / 2);
        Harness.Settle();
        Assert.False(context.IsDisposed);
        Harness.Advance(Grace);

        Harness.RunUntil(() => _completed == 1);
        Assert.Empty(deaf.ReadToEnd());
        Assert.Empty(waiting.ReadToEnd());
        Assert.Single(Recorder.Closes);
        Ledger.CheckEmpty(Loop, context);
    }

    [Fact]
    public void L11_a_second_call_ends_everything_at_once()
    {
        LoopContext context = Serve(NewProtocol());
        RawPeer deaf = Open(context);
        context.BeginShutdown(Timeout.InfiniteTimeSpan, Complete);
        Assert.Equal(1001, deaf.ReadFrame().CloseCode);

        context.BeginShutdown(Timeout.InfiniteTimeSpan, Complete);

        Harness.RunUntil(() => _completed == 2);
        Assert.Empty(deaf.ReadToEnd());
        Assert.Single(Recorder.Closes);
    }

    [Fact]
    public void L11_disposing_while_it_shuts_down_ends_it_and_completes_it()
    {
        LoopContext context = Serve(NewProtocol());
        RawPeer deaf = Open(context);
        context.BeginShutdown(Timeout.InfiniteTimeSpan, Complete);
        Assert.Equal(1001, deaf.ReadFrame().CloseCode);

        context.Dispose();
        context.Dispose();

        Assert.Equal(1, _completed);
        Assert.Empty(deaf.ReadToEnd());
        context.BeginShutdown(Grace, Complete);
        Assert.Equal(1, _completed);
    }

    [Fact]
    public void It_may_begin_inside_a_callback_and_end_in_the_same_turn()
    {
        LoopContext? context = null;
        TestProtocol protocol = NewProtocol().On(CallbackReason.Receive, connection =>
        {
            context!.BeginShutdown(Grace, Complete);
            connection.Abort();
        });
        context = Serve(protocol);
        RawPeer peer = Open(context);

        peer.SendText("stop");

        Harness.RunUntil(() => _completed == 1);
        Assert.Single(Recorder.Closes);
        peer.WaitUntil(() => peer.IsOver);
    }

    [Fact]
    public void Nothing_new_begins_while_it_shuts_down()
    {
        LoopContext context = Serve(NewProtocol());
        RawPeer deaf = Open(context);
        RawListener listener = Listen();
        Connection dialing = Dial(context, listener.EndPoint, NewProtocol("client"));
        RawPeer asking = Connect(context);
        asking.Send("GET / HTTP/1.1\r\n");
        Harness.RunUntil(() => context.Thread.ConnectionCount == 3);
        Harness.Settle();

        context.BeginShutdown(Timeout.InfiniteTimeSpan, Complete);

        Assert.Contains(
            nameof(LoopContext.Connect),
            Assert.Throws<InvalidOperationException>(() => { Dial(context, listener.EndPoint, NewProtocol()); }).Message,
            StringComparison.Ordinal);
        Harness.RunUntil(() => dialing.IsClosed && Recorder.Failures.Count == 1);
        asking.Send(RawPeer.UpgradeRequest()["GET / HTTP/1.1\r\n".Length..]);
        Assert.StartsWith("HTTP/1.1 503", asking.ReadHead(), StringComparison.Ordinal);
        Assert.Equal(1001, deaf.ReadFrame().CloseCode);
    }

    [Theory]
    [InlineData(0)]
    [InlineData(-2)]
    public void A_time_that_is_none_is_refused_and_nothing_has_begun(int seconds)
    {
        LoopContext context = Serve(NewProtocol());

        Assert.Equal("grace", Assert.Throws<ArgumentOutOfRangeException>(() => context.BeginShutdown(TimeSpan.FromSeconds(seconds))).ParamName);

        Assert.False(context.IsShuttingDown);
        Open(context);
    }

    private void Complete() => _completed++;
}
