using System.Net;
using System.Net.Sockets;
using Xunit;

namespace EventLoops.Tests.Conformance;

/// <summary>How a client comes to its socket: names, several addresses, what it is bound to, and who drops it on the way.</summary>
public abstract class ConnectingSuite(LoopFactory factory) : LoopBench(factory)
{
    [Fact]
    public void Each_address_that_refuses_is_followed_by_the_next_at_once()
    {
        RawListener listener = Listen();
        IPAddress other = Harness.Network.OtherAddress;

        Connection connection = Connect(listener.EndPoint, [other, IPAddress.Loopback]);
        listener.Accept().AcceptUpgrade("test");
        Harness.RunUntil(() => Recorder.Has(CallbackReason.ClientEstablished));

        Assert.Equal(2, Io.CountOf(SystemCall.Connect));
        Assert.Equal("29 24 2 3", Recorder.TraceOf(connection));
    }

    [Fact]
    public void An_address_that_is_silent_has_a_quarter_of_a_second_before_the_next_is_tried_beside_it()
    {
        using PeerListener silent = Harness.Network.ListenWithoutAnswer();
        RawListener listener = Listen(new IPEndPoint(Harness.Network.OtherAddress, ((IPEndPoint)silent.EndPoint).Port));
        Connect(silent.EndPoint, [IPAddress.Loopback, Harness.Network.OtherAddress]);
        Harness.Settle();
        Assert.Equal(1, Io.CountOf(SystemCall.Connect));
        Harness.Advance(TimeSpan.FromMilliseconds(249));
        Harness.Settle();
        Assert.Equal(1, Io.CountOf(SystemCall.Connect));

        Harness.Advance(TimeSpan.FromMilliseconds(2));
        listener.Accept().AcceptUpgrade("test");
        Harness.RunUntil(() => Recorder.Has(CallbackReason.ClientEstablished));

        // The slower attempt was given up and its socket closed.
        Assert.Equal(2, Io.CountOf(SystemCall.Connect));
        Assert.Single(Io.OpenDescriptors);
        Harness.Advance(TimeSpan.FromSeconds(10));
        Harness.Settle();
        Assert.Empty(Recorder.Failures);
    }

    [Fact]
    public void The_time_to_connect_is_for_all_addresses_together()
    {
        using PeerListener silent = Harness.Network.ListenWithoutAnswer();
        Connect(silent.EndPoint, [.. Enumerable.Repeat(IPAddress.Loopback, 8)]);
        Harness.Settle();
        for (int i = 0; i < 19; i++)
        {
            Harness.Advance(TimeSpan.FromMilliseconds(250));
            Harness.Settle();
        }

        Assert.Empty(Recorder.Failures);
        Assert.Equal(8, Io.CountOf(SystemCall.Connect));
        Harness.Advance(TimeSpan.FromMilliseconds(251));
        Harness.RunUntil(() => Recorder.Has(CallbackReason.WsiDestroy));

        ConnectFailure failure = Assert.Single(Recorder.Failures).Failure;
        Assert.Equal((ConnectStage.Connect, true, true, "no answer within 5 s"), (failure.Stage, failure.IsTimeout, failure.IsTransient, failure.Reason));
        Assert.Empty(Io.OpenDescriptors);
    }

    [Fact]
    public void A_resolver_that_fails_is_one_failure_with_its_words()
    {
        Task<IPAddress[]>[] answers =
        [
            Task.FromException<IPAddress[]>(new SocketException((int)SocketError.HostNotFound)),
            Task.FromException<IPAddress[]>(new SocketException((int)SocketError.TryAgain)),
            Task.FromException<IPAddress[]>(new FormatException("no such thing")),
            Task.FromResult<IPAddress[]>([]),
            Task.FromCanceled<IPAddress[]>(new CancellationToken(canceled: true)),
        ];
        foreach (Task<IPAddress[]> answer in answers) Connect(new IPEndPoint(IPAddress.Loopback, 1), (_, _) => answer);
        Connect(new IPEndPoint(IPAddress.Loopback, 1), (_, _) => throw new NotSupportedException("thrown at once"));
        Harness.RunUntil(() => Recorder.Failures.Count == 6);

        Assert.All(Recorder.Failures, failure => Assert.Equal(ConnectStage.Resolve, failure.Failure.Stage));
        Assert.All(Recorder.Failures, failure => Assert.StartsWith("name.test: ", failure.Failure.Reason, StringComparison.Ordinal));
        Assert.Equal([false, true, true, false, true, true], Recorder.Failures.OrderBy(failure => failure.Connection).Select(failure => failure.Failure.IsTransient));
        Assert.Equal(0, Io.CountOf(SystemCall.OpenStream));
    }

    [Fact]
    public void A_resolver_that_does_not_answer_is_cancelled_when_the_time_is_over()
    {
        CancellationToken given = default;
        TaskCompletionSource<IPAddress[]> never = new();
        Connect(new IPEndPoint(IPAddress.Loopback, 1), (host, cancelled) =>
        {
            Assert.Equal("name.test", host);
            given = cancelled;
            return never.Task;
        });
        Harness.Settle();

        Harness.Advance(TimeSpan.FromSeconds(5.1));
        Harness.RunUntil(() => Recorder.Has(CallbackReason.WsiDestroy));

        ConnectFailure failure = Assert.Single(Recorder.Failures).Failure;
        Assert.Equal((ConnectStage.Resolve, true, "the name was not looked up within 5 s"), (failure.Stage, failure.IsTimeout, failure.Reason));
        Harness.RunUntil(() => given.IsCancellationRequested);

        // An answer that comes too late harms nobody.
        never.SetResult([IPAddress.Loopback]);
        Harness.Settle();
        Assert.Single(Recorder.Failures);
    }

    [Fact]
    public void A_socket_is_bound_to_the_local_address_that_was_asked_for()
    {
        RawListener listener = Listen();
        TestProtocol protocol = NewProtocol();
        Connection connection = NewClientContext().Connect(new ClientConnectOptions
        {
            Uri = Address("ws://test/"),
            EndPoint = listener.EndPoint,
            Protocols = [protocol],
            LocalEndPoint = new IPEndPoint(IPAddress.Loopback, 0),
        });
        listener.Accept().AcceptUpgrade("test");
        Harness.RunUntil(() => Recorder.Has(CallbackReason.ClientEstablished));

        Assert.Equal(1, Io.CountOf(SystemCall.Bind));
        Assert.Equal(IPAddress.Loopback, ((IPEndPoint)connection.LocalEndPoint!).Address);
    }

    [Fact]
    public void Addresses_of_another_family_than_the_local_one_are_not_tried()
    {
        RawListener listener = Listen();
        NewClientContext().Connect(new ClientConnectOptions
        {
            Uri = Address($"ws://name.test:{((IPEndPoint)listener.EndPoint).Port}/"),
            Resolver = (_, _) => Task.FromResult<IPAddress[]>([IPAddress.IPv6Loopback, IPAddress.Loopback]),
            Protocols = [NewProtocol()],
            LocalEndPoint = new IPEndPoint(IPAddress.Loopback, 0),
        });
        listener.Accept().AcceptUpgrade("test");
        Harness.RunUntil(() => Recorder.Has(CallbackReason.ClientEstablished));

        Assert.Equal(1, Io.CountOf(SystemCall.Connect));
    }

    [Fact]
    public void A_local_address_that_is_not_ours_is_a_failure()
    {
        Io.Fail(SystemCall.Bind, Errno.EADDRNOTAVAIL);
        NewClientContext().Connect(new ClientConnectOptions
        {
            Uri = Address("ws://127.0.0.1:1/"),
            Protocols = [NewProtocol()],
            LocalEndPoint = new IPEndPoint(IPAddress.Parse("192.0.2.1"), 0),
        });
        Harness.RunUntil(() => Recorder.Has(CallbackReason.WsiDestroy));

        ConnectFailure failure = Assert.Single(Recorder.Failures).Failure;
        Assert.Equal((ConnectStage.Connect, Errno.EADDRNOTAVAIL), (failure.Stage, failure.SystemError));
    }

    [Fact]
    public void An_interface_that_does_not_exist_is_a_failure()
    {
        NewClientContext().Connect(new ClientConnectOptions { Uri = Address("ws://127.0.0.1:1/"), Protocols = [NewProtocol()], Interface = "nosuch0" });
        Harness.RunUntil(() => Recorder.Has(CallbackReason.WsiDestroy));

        // A kernel that knows no interfaces at all says so.
        ConnectFailure failure = Assert.Single(Recorder.Failures).Failure;
        Assert.Equal(ConnectStage.Connect, failure.Stage);
        Assert.True(failure.SystemError is Errno.ENODEV or Errno.ENOPROTOOPT or Errno.EPERM, failure.Reason);
    }

    [Fact]
    public void A_unix_socket_is_connected_to_as_any_other()
    {
        string path = Path.Combine(Path.GetTempPath(), $"eventloops-{Guid.NewGuid():N}.sock");
        try
        {
            RawListener listener = Listen(new UnixDomainSocketEndPoint(path));
            Connection connection = Dial(NewClientContext(), new UnixDomainSocketEndPoint(path), NewProtocol());
            RawPeer server = listener.Accept();
            Assert.Contains("\r\nHost: test\r\n", server.AcceptUpgrade("test"), StringComparison.Ordinal);
            Harness.RunUntil(() => Recorder.Has(CallbackReason.ClientEstablished));

            Assert.Equal("29 24 2 3", Recorder.TraceOf(connection));
        }
        finally
        {
            File.Delete(path);
        }
    }

    [Theory]
    [InlineData(false)]
    [InlineData(true)]
    public void A_client_that_is_dropped_while_its_name_is_looked_up_fails_at_that_stage(bool byContext)
    {
        LoopContext context = NewClientContext();
        Connection connection = context.Connect(new ClientConnectOptions
        {
            Uri = Address("ws://example.test/"),
            Protocols = [NewProtocol()],
            Resolver = (_, _) => new TaskCompletionSource<IPAddress[]>().Task,
        });
        Harness.Settle();

        if (byContext) context.Dispose();
        else connection.Abort();
        Harness.RunUntil(() => Recorder.Has(CallbackReason.WsiDestroy));

        ConnectFailure failure = Assert.Single(Recorder.Failures).Failure;
        Assert.Equal((ConnectStage.Resolve, "given up by the program"), (failure.Stage, failure.Reason));
    }

    [Fact]
    public void A_client_that_is_given_up_just_as_its_socket_connects_fails_once()
    {
        RawListener listener = Listen();
        Connection connection = Dial(NewClientContext(), listener.EndPoint, NewProtocol());
        Harness.RunUntil(() => Io.CountOf(SystemCall.Connect) == 1);

        // The kernel has connected it by now, which the loop is told in the very turn in which the end is due.
        connection.Abort();
        Harness.RunUntil(() => Recorder.Has(CallbackReason.WsiDestroy));
        Harness.Settle();

        Assert.Equal([CallbackReason.WsiCreate, CallbackReason.ClientConnectionError, CallbackReason.WsiDestroy], Recorder.ReasonsOf(connection));
    }

    [Fact]
    public void A_thousand_clients_at_once_are_all_established()
    {
        const int Clients = 1000;
        TestProtocol serving = new("test");
        TestProtocol client = new("test");
        LoopContext context = Own(new LoopContext(new LoopContextOptions { Loop = Loop, VirtualHosts = [HostOf(serving)] }));
        int established = 0;
        int accepted = 0;
        List<ConnectFailure> failures = [];
        serving.On(CallbackReason.Established, _ => accepted++);
        client.On(CallbackReason.ClientEstablished, _ => established++);
        client.On(CallbackReason.ClientConnectionError, (_, ref _, in data) =>
        {
            failures.Add(data.Failure);
            return CallbackResult.Continue;
        });

        for (int i = 0; i < Clients; i++) Dial(context, EndPointOf(context), client);
        Harness.RunUntil(() => established + failures.Count == Clients && accepted == Clients);

        Assert.Empty(failures);
        Assert.Equal(2 * Clients, context.Thread.ConnectionCount);
    }

    private Connection Connect(EndPoint endPoint, IPAddress[] addresses) => Connect(endPoint, (_, _) => Task.FromResult(addresses));

    private Connection Connect(EndPoint endPoint, Func<string, CancellationToken, Task<IPAddress[]>> resolver) => NewClientContext().Connect(new ClientConnectOptions
    {
        Uri = Address($"ws://name.test:{((IPEndPoint)endPoint).Port}/"),
        Resolver = resolver,
        Protocols = [NewProtocol()],
    });
}
