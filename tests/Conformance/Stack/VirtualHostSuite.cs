using System.Globalization;
using System.Net;
using System.Text;
using Xunit;

namespace EventLoops.Tests.Conformance;

/// <summary>Virtual hosts that share an endpoint: who answers, and who notices when one comes or goes.</summary>
public abstract class VirtualHostSuite(LoopFactory factory) : LoopBench(factory)
{
    private LoopContext? _context;
    private EndPoint? _endPoint;

    [Theory]
    [InlineData("abc.com", "abc.com")]
    [InlineData("ABC.Com", "abc.com")]
    [InlineData("abc.com:7681", "abc.com")]
    [InlineData("abc.com.", "abc.com")]
    [InlineData("cats.abc.com", "abc.com")]
    [InlineData("big.cats.abc.com:80", "abc.com")]
    [InlineData("dogs.abc.com", "dogs.abc.com")]
    [InlineData("puppies.dogs.abc.com", "dogs.abc.com")]
    [InlineData("ab", "first.org")]
    [InlineData("abc.co", "first.org")]
    [InlineData("abc.com.evil.net", "first.org")]
    [InlineData("notabc.com", "first.org")]
    [InlineData("com", "first.org")]
    [InlineData("", "first.org")]
    [InlineData("192.0.2.1", "first.org")]
    [InlineData("[::1]:80", "[::1]")]
    [InlineData("[::2]:80", "first.org")]
    [InlineData("first.org", "first.org")]
    public void A_request_goes_to_the_host_that_it_names_or_to_a_parent_domain_or_to_the_first(string asked, string answering)
    {
        Add("first.org");
        Add("abc.com");
        Add("dogs.abc.com");
        Add("[::1]");

        Assert.Equal(answering, Ask(Connect(_context!), asked));
    }

    [Fact]
    public void A_request_without_a_host_goes_to_the_first()
    {
        Add("first.org");
        Add("abc.com");
        RawPeer peer = Connect(_context!);

        peer.Send("GET / HTTP/1.0\r\n\r\n");

        Assert.EndsWith("\r\n\r\nfirst.org", peer.ReadToEnd(), StringComparison.Ordinal);
    }

    [Fact]
    public void H13_the_authority_of_an_absolute_target_chooses_and_the_host_field_does_not()
    {
        Add("first.org");
        Add("abc.com");
        RawPeer peer = Connect(_context!);

        peer.Send("GET http://abc.com/ HTTP/1.1\r\nHost: first.org\r\n\r\n");

        Assert.Equal("abc.com", ReadBody(peer));
    }

    [Fact]
    public void A_kept_connection_may_name_another_host_in_each_request_and_has_fresh_data_there()
    {
        Add("first.org");
        Add("abc.com");
        RawPeer peer = Connect(_context!);

        string[] answers =
        [
            .. new[] { "first.org", "first.org", "abc.com", "abc.com", "first.org" }.Select(host => Ask(peer, host, "/count")),
        ];

        Assert.Equal(["first.org 1", "first.org 2", "abc.com 1", "abc.com 2", "first.org 1"], answers);
    }

    [Fact]
    public void A_connection_is_accepted_by_the_first_host_and_served_and_ended_by_the_one_that_it_named()
    {
        List<string> calls = [];
        Add("first.org", Noting(calls, "first"));
        Add("abc.com", Noting(calls, "abc"));
        RawPeer peer = Connect(_context!);

        Ask(peer, "abc.com");
        peer.Close();
        Harness.RunUntil(() => Recorder.Has(CallbackReason.WsiDestroy));

        Assert.Equal(
            ["first FilterNetworkConnection", "first ServerNewClientInstantiated", "abc FilterHttpConnection", "abc Http", "abc ClosedHttp"], calls);
        Assert.Equal("29 19 18:1 12:1 5 30", Recorder.TraceOf(1));
    }

    [Fact]
    public void Each_host_speaks_its_own_protocols()
    {
        Add("first.org", NewProtocol("zero"), NewProtocol("chat"));
        Add("abc.com", NewProtocol("zero"), new SendingEcho());
        RawPeer good = Connect(_context!);
        RawPeer bad = Connect(_context!);

        good.Send(RawPeer.UpgradeRequest(protocols: "echo").Replace("Host: test", "Host: abc.com", StringComparison.Ordinal));
        bad.Send(RawPeer.UpgradeRequest(protocols: "echo").Replace("Host: test", "Host: first.org", StringComparison.Ordinal));
        good.SendText("hello");

        Assert.StartsWith("HTTP/1.1 101 ", good.ReadHead(), StringComparison.Ordinal);
        Assert.Equal("hello", good.ReadFrame().Text);
        Assert.StartsWith("HTTP/1.1 400 ", bad.ReadHead(), StringComparison.Ordinal);
    }

    [Fact]
    public void A_host_that_comes_and_goes_while_others_are_connected_disturbs_nobody()
    {
        Add("first.org");
        Add("abc.com", NewProtocol("zero"), new SendingEcho());
        RawPeer kept = Connect(_context!);
        RawPeer socket = OpenAt("abc.com");
        Assert.Equal("first.org", Ask(kept, "third.net"));
        Io.ResetCounts();

        TestProtocol visitor = NewProtocol("visitor");
        VirtualHost third = Add("third.net", Teller("third.net"), visitor, new SendingEcho());
        Assert.Equal("third.net", Ask(kept, "third.net"));
        Assert.Equal("first.org", Ask(kept, "first.org"));
        RawPeer guest = OpenAt("third.net");
        RawPeer idle = Connect(_context!);
        Ask(idle, "third.net");
        third.Destroy();
        third.Destroy();

        Assert.Equal(1001, guest.ReadFrame().CloseCode);
        guest.ReadToEnd();
        idle.ReadToEnd();
        Harness.RunUntil(() => Recorder.CountOf(CallbackReason.ProtocolDestroy) == 3);
        Assert.Equal("first.org", Ask(kept, "third.net"));
        socket.SendText("still here");
        Assert.Equal("still here", socket.ReadFrame().Text);
        Assert.Equal("first.org", Ask(Connect(_context!), "third.net"));
        Assert.Equal(["first.org", "abc.com"], _context!.VirtualHosts.Select(host => host.Name), StringComparer.Ordinal);
        Assert.Equal(0, Io.CountOf(SystemCall.Listen));
    }

    [Fact]
    public void The_closing_callbacks_of_a_host_come_before_its_protocols_leave_service()
    {
        Add("first.org");
        TestProtocol echo = NewProtocol("echo");
        VirtualHost second = Add("abc.com", NewProtocol("zero"), echo);
        OpenAt("abc.com");
        OpenAt("abc.com");
        Harness.RunUntil(() => Recorder.CountOf(CallbackReason.Established) == 2);

        second.Destroy();
        Harness.RunUntil(() => Recorder.CountOf(CallbackReason.ProtocolDestroy) == 2);

        CallbackReason[] tail = [.. Recorder.Calls.Select(call => call.Reason).TakeLast(6)];
        Assert.Equal(
            [CallbackReason.Closed, CallbackReason.WsiDestroy, CallbackReason.Closed, CallbackReason.WsiDestroy, CallbackReason.ProtocolDestroy, CallbackReason.ProtocolDestroy],
            tail);
        Assert.All(Recorder.Closes, end => Assert.Equal((WebSocketCloseCode.GoingAway, CloseOrigin.Local), (end.Close.Code, end.Close.Origin)));
    }

    [Theory]
    [InlineData(CallbackReason.FilterHttpConnection)]
    [InlineData(CallbackReason.Http)]
    [InlineData(CallbackReason.HttpBody)]
    [InlineData(CallbackReason.HttpBodyCompletion)]
    [InlineData(CallbackReason.ClosedHttp)]
    public void A_host_may_be_destroyed_inside_a_callback_of_its_own(CallbackReason reason)
    {
        Add("first.org");
        VirtualHost? second = null;
        TestProtocol protocol = NewProtocol().On(CallbackReason.Http, _ => { });
        protocol.On(reason, _ => second!.Destroy());
        second = Add("abc.com", protocol);
        RawPeer peer = Connect(_context!);

        peer.Send("POST / HTTP/1.1\r\nHost: abc.com\r\nContent-Length: 1\r\n\r\nx");
        if (reason == CallbackReason.ClosedHttp)
        {
            Harness.Settle();
            peer.Reset();
        }
        else
        {
            peer.ReadToEnd();
        }

        Harness.RunUntil(() => Recorder.CountOf(CallbackReason.ProtocolDestroy) == 1);
        Assert.Equal(1, Recorder.CountOf(CallbackReason.ClosedHttp));
        Assert.Equal("first.org", Ask(Connect(_context!), "abc.com"));
    }

    [Fact]
    public void The_first_host_may_be_destroyed_inside_its_network_filter()
    {
        TestProtocol filter = NewProtocol();
        VirtualHost first = Add("first.org", filter);
        Add("abc.com");
        filter.FilterNetwork = (host, _) =>
        {
            host.Destroy();
            return CallbackResult.Continue;
        };

        Assert.Equal("abc.com", Ask(Connect(_context!), "first.org"));
        Assert.Equal(["abc.com"], _context!.VirtualHosts.Select(host => host.Name), StringComparer.Ordinal);
        Assert.Empty(first.LocalEndPoints);
    }

    [Fact]
    public void When_the_first_host_goes_the_next_one_answers_for_names_that_nobody_has()
    {
        VirtualHost first = Add("first.org");
        Add("abc.com");
        first.Destroy();

        Assert.Equal("abc.com", Ask(Connect(_context!), "first.org"));
    }

    [Fact]
    public void With_the_last_host_of_an_endpoint_its_listening_socket_goes()
    {
        VirtualHost only = Add("first.org");
        RawPeer peer = Connect(_context!);
        Ask(peer, "first.org");
        int watches = Loop.WatchCount;

        only.Destroy();
        peer.ReadToEnd();
        Harness.Settle();

        Assert.Equal(watches - 2, Loop.WatchCount);
        Assert.Empty(_context!.VirtualHosts);
        Add("second.org");
        Assert.Equal("second.org", Ask(Connect(_context), "first.org"));
    }

    [Fact]
    public void A_name_is_served_once_at_an_endpoint_and_as_often_as_one_likes_elsewhere()
    {
        Add("abc.com");
        LoopContext context = _context!;
        EndPoint shared = EndPointOf(context);

        ArgumentException twice = Assert.Throws<ArgumentException>(() => context.CreateVirtualHost(
            new VirtualHostOptions { Name = "ABC.com", Endpoints = [shared], Protocols = [NewProtocol()] }));
        context.CreateVirtualHost(new VirtualHostOptions { Name = "abc.com", Endpoints = [new IPEndPoint(IPAddress.Loopback, 0)], Protocols = [NewProtocol()] });

        Assert.Contains("ABC.com", twice.Message, StringComparison.Ordinal);
        Assert.Contains(shared.ToString()!, twice.Message, StringComparison.Ordinal);
        Assert.Equal(2, context.VirtualHosts.Count);
        Assert.Equal(1, Recorder.CountOf(CallbackReason.ProtocolDestroy));
        Assert.Equal("abc.com", Ask(Connect(context), "abc.com"));
    }

    [Fact]
    public void A_host_that_cannot_listen_leaves_nothing_behind_and_the_others_go_on()
    {
        Add("first.org");
        RawListener foreign = Listen();
        int watches = Loop.WatchCount;

        LoopFaultException fault = Assert.Throws<LoopFaultException>(() => _context!.CreateVirtualHost(
            new VirtualHostOptions { Name = "abc.com", Endpoints = [EndPointOf(_context!), foreign.EndPoint], Protocols = [NewProtocol()] }));

        Assert.Equal(Errno.EADDRINUSE, fault.Errno);
        Assert.Equal(watches, Loop.WatchCount);
        Assert.Single(_context!.VirtualHosts);
        Assert.Equal(1, Recorder.CountOf(CallbackReason.ProtocolDestroy));
        Assert.Equal("first.org", Ask(Connect(_context!), "abc.com"));
    }

    [Fact]
    public void Hosts_given_with_the_context_share_as_well()
    {
        LoopContext probe = Serve(NewProtocol());
        EndPoint free = EndPointOf(probe);
        probe.Dispose();
        _context = Own(new LoopContext(new LoopContextOptions
        {
            Loop = Loop,
            Tracer = Recorder,
            VirtualHosts =
            [
                new() { Name = "first.org", Endpoints = [free], Protocols = [Teller("first.org")] },
                new() { Name = "abc.com", Endpoints = [free], Protocols = [Teller("abc.com")] },
            ],
        }));

        Assert.Equal("abc.com", Ask(Connect(_context), "abc.com"));
        Assert.Equal("first.org", Ask(Connect(_context), "first.org"));
    }

    [Fact]
    public void Explicit_virtual_hosts_are_made_by_calls_and_not_by_options()
    {
        VirtualHostOptions host = HostOf(NewProtocol());

        ArgumentException both = Assert.Throws<ArgumentException>(() => new LoopContext(new LoopContextOptions
        {
            Flags = ContextFlags.ExplicitVirtualHosts, Loop = Loop, VirtualHosts = [host],
        }));
        using LoopContext context = new(new LoopContextOptions { Flags = ContextFlags.ExplicitVirtualHosts, Loop = Loop });
        VirtualHost made = context.CreateVirtualHost(host);

        Assert.Contains(nameof(LoopContext.CreateVirtualHost), both.Message, StringComparison.Ordinal);
        Assert.Same(made, Assert.Single(context.VirtualHosts));
        Assert.Equal(1 << 13, (long)ContextFlags.ExplicitVirtualHosts);
    }

    [Fact]
    public void A_disposed_context_makes_no_hosts_and_destroying_one_of_its_hosts_does_nothing()
    {
        VirtualHost first = Add("first.org");
        _context!.Dispose();

        Assert.Throws<ObjectDisposedException>(() => _context.CreateVirtualHost(HostOf(NewProtocol())));
        first.Destroy();
        Assert.Equal(1, Recorder.CountOf(CallbackReason.ProtocolDestroy));
    }

    /// <summary>Adds a host at the one endpoint; the first one finds a port. Without protocols it answers with its name.</summary>
    private VirtualHost Add(string name, params IReadOnlyList<Protocol> protocols)
    {
        _context ??= Own(new LoopContext(new LoopContextOptions { Loop = Loop, Tracer = Recorder, Flags = ContextFlags.ExplicitVirtualHosts }));
        VirtualHost host = _context.CreateVirtualHost(new VirtualHostOptions
        {
            Name = name,
            Endpoints = [_endPoint ?? new IPEndPoint(IPAddress.Loopback, 0)],
            Protocols = protocols.Count > 0 ? protocols : [Teller(name)],
        });
        _endPoint = host.LocalEndPoints[0];
        return host;
    }

    /// <summary>Answers with a name, and for <c>/count</c> with the number of requests that its session has seen.</summary>
    private TestProtocol Teller(string name) => NewProtocol("zero").On(CallbackReason.Http, (connection, ref session, in data) =>
    {
        session.Number++;
        string text = data.In.SequenceEqual("/count"u8) ? string.Create(CultureInfo.InvariantCulture, $"{name} {session.Number}") : name;
        connection.Respond(200, "text/plain", Encoding.ASCII.GetBytes(text));
        return CallbackResult.Continue;
    });

    private TestProtocol Noting(List<string> calls, string name)
    {
        TestProtocol protocol = NewProtocol();
        protocol.FilterNetwork = (_, _) =>
        {
            calls.Add($"{name} {CallbackReason.FilterNetworkConnection}");
            return CallbackResult.Continue;
        };
        CallbackReason[] reasons = [CallbackReason.ServerNewClientInstantiated, CallbackReason.FilterHttpConnection, CallbackReason.ClosedHttp];
        foreach (CallbackReason reason in reasons) protocol.On(reason, _ => calls.Add($"{name} {reason}"));
        return protocol.On(CallbackReason.Http, connection =>
        {
            calls.Add($"{name} {CallbackReason.Http}");
            connection.Respond(200, null, "x"u8);
        });
    }

    private RawPeer OpenAt(string host)
    {
        RawPeer peer = Connect(_context!);
        peer.Send(RawPeer.UpgradeRequest(protocols: "echo").Replace("Host: test", $"Host: {host}", StringComparison.Ordinal));
        Assert.StartsWith("HTTP/1.1 101 ", peer.ReadHead(), StringComparison.Ordinal);
        return peer;
    }

    private static string Ask(RawPeer peer, string host, string path = "/")
    {
        peer.Send($"GET {path} HTTP/1.1\r\nHost: {host}\r\n\r\n");
        return ReadBody(peer);
    }

    private static string ReadBody(RawPeer peer)
    {
        string head = peer.ReadHead();
        const string Field = "Content-Length: ";
        int at = head.IndexOf(Field, StringComparison.Ordinal) + Field.Length;
        return peer.ReadText(int.Parse(head[at..head.IndexOf('\r', at)], CultureInfo.InvariantCulture));
    }
}
