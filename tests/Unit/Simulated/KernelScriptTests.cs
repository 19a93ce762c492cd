using System.Net.Sockets;
using EventLoops.Simulated;
using Xunit;

namespace EventLoops.Tests.Simulated;

/// <summary>That a script says what happens, and says it the same way every time.</summary>
public sealed class KernelScriptTests
{
    [Fact]
    public void The_nth_call_of_a_name_fails_with_the_errno_of_the_script()
    {
        SimulatedKernel kernel = new(new KernelScript().Fail(KernelCall.Receive, Errno.ECONNRESET, nth: 2, times: 2));
        (SimulatedPeer peer, int fd) = VirtualNet.Connect(kernel);
        peer.Send([1, 2]);

        Assert.Equal([1], VirtualNet.Receive(kernel, fd, 1).Bytes);
        Assert.Equal(Errno.ECONNRESET, VirtualNet.Receive(kernel, fd).Result.Errno);
        Assert.Equal(Errno.ECONNRESET, VirtualNet.Receive(kernel, fd).Result.Errno);
        Assert.Equal([2], VirtualNet.Receive(kernel, fd).Bytes);
        Assert.Equal(4, kernel.CountOf(KernelCall.Receive));
    }

    [Fact]
    public void A_fault_that_is_added_later_counts_from_then_and_is_in_the_script()
    {
        KernelScript script = new();
        SimulatedKernel kernel = new(script);
        SocketIo io = kernel.Sockets;
        int fd = io.OpenStream(AddressFamily.InterNetwork).Value;

        kernel.Fail(KernelCall.OpenStream, Errno.ENFILE, nth: 2);
        Assert.False(io.OpenStream(AddressFamily.InterNetwork).IsError);
        Assert.Equal(Errno.ENFILE, io.OpenStream(AddressFamily.InterNetwork).Errno);
        kernel.Fail(KernelCall.Close, Errno.EIO);
        Assert.Equal(Errno.EIO, io.Close(fd).Errno);

        Assert.DoesNotContain(fd, kernel.OpenDescriptors);
        Assert.Equal(
            "new KernelScript { Seed = 0 }.Fail(KernelCall.OpenStream, (Errno)23, nth: 3, times: 1).Fail(KernelCall.Close, (Errno)5, nth: 1, times: 1)",
            kernel.Script.ToString());
        Assert.Equal("new KernelScript { Seed = 0 }", script.ToString());
    }

    [Fact]
    public void Scripted_sizes_cut_reads_and_writes_one_by_one()
    {
        SimulatedKernel kernel = new(new KernelScript { ReadSizes = [2, 0, 1], WriteSizes = [3, 0] });
        (SimulatedPeer peer, int fd) = VirtualNet.Connect(kernel);
        peer.Send([1, 2, 3, 4, 5]);

        Assert.Equal([1, 2], VirtualNet.Receive(kernel, fd).Bytes);
        Assert.True(VirtualNet.Receive(kernel, fd).Result.WouldBlock);
        Assert.Equal([3], VirtualNet.Receive(kernel, fd).Bytes);
        Assert.Equal([4, 5], VirtualNet.Receive(kernel, fd).Bytes);

        Assert.Equal(3, kernel.Sockets.Send(fd, [1, 2], [3, 4]).Value);
        Assert.True(kernel.Sockets.Send(fd, [4]).WouldBlock);
        Assert.Equal(1, kernel.Sockets.Send(fd, [4]).Value);
        Assert.Equal([1, 2, 3, 4], peer.ReceiveAll());
    }

    [Fact]
    public void Scripted_orders_are_all_orders_there_are()
    {
        HashSet<string> seen = Enumerable.Range(0, 6).Select(number => OrderOf(new KernelScript { Orders = [number] })).ToHashSet(StringComparer.Ordinal);

        Assert.Equal(6, seen.Count);
        Assert.Equal("0 1 2", OrderOf(new KernelScript { Orders = [0] }));
        Assert.Equal("2 1 0", OrderOf(new KernelScript { Orders = [5] }));
        Assert.Equal("0 1 2", OrderOf(new KernelScript()));
        Assert.Equal("2 1 0", OrderOf(new KernelScript { Order = ReadyOrder.Descending }));
    }

    [Fact]
    public void Random_orders_are_of_every_kind_and_the_same_for_the_same_seed()
    {
        string[] orders = [.. Enumerable.Range(0, 60).Select(seed => OrderOf(new KernelScript { Seed = (ulong)seed, Order = ReadyOrder.Random }))];

        Assert.Equal(6, orders.Distinct(StringComparer.Ordinal).Count());
        Assert.Equal(orders[7], OrderOf(new KernelScript { Seed = 7, Order = ReadyOrder.Random }));
    }

    [Fact]
    public void The_same_seed_makes_the_same_run_to_the_byte_and_another_seed_another_one()
    {
        string[] traces = [.. Enumerable.Range(0, 40).Select(seed => TraceOf(KernelScript.Random((ulong)seed)))];

        Assert.All(traces.Index(), trace => Assert.Equal(trace.Item, TraceOf(KernelScript.Random((ulong)trace.Index))));
        Assert.True(traces.Distinct(StringComparer.Ordinal).Count() > 30);
        Assert.Contains(traces, trace => trace.Contains("EAGAIN", StringComparison.Ordinal));
    }

    [Fact]
    public void A_failing_exploration_says_how_to_have_it_again()
    {
        SimulationException failure = Assert.Throws<SimulationException>(() => SimulatedKernel.Explore(5, kernel =>
        {
            ConnectPatiently(kernel);
            if (kernel.Script.Seed == 12) throw new NotSupportedException("as the test wants");
        }, firstSeed: 10));

        Assert.IsType<NotSupportedException>(failure.InnerException);
        Assert.Contains("Run 3 of 5 failed, with seed 12: as the test wants", failure.Message, StringComparison.Ordinal);
        Assert.Contains($"new SimulatedKernel({KernelScript.Random(12)})", failure.Message, StringComparison.Ordinal);
        Assert.Contains("accept4(100000) = 100001", failure.Message, StringComparison.Ordinal);
    }

    [Fact]
    public void A_script_is_the_code_that_makes_it()
    {
        KernelScript script = new()
        {
            Seed = 7, Order = ReadyOrder.Descending, Orders = [1, 2], BufferSize = 8, MaxDescriptors = 3,
            ReadSizes = [1, 0], WriteSizes = [4], ShortReads = 10, ShortWrites = 20, Refusals = 30,
        };

        Assert.Equal(
            "new KernelScript { Seed = 7, Order = ReadyOrder.Descending, Orders = [1, 2], BufferSize = 8, MaxDescriptors = 3, " +
            "ReadSizes = [1, 0], WriteSizes = [4], ShortReads = 10, ShortWrites = 20, Refusals = 30 }",
            script.ToString());
    }

    [Fact]
    public void A_script_that_cannot_be_is_refused_by_name()
    {
        Assert.Equal("BufferSize", Assert.Throws<ArgumentOutOfRangeException>(() => new SimulatedKernel(new KernelScript { BufferSize = 0 })).ParamName);
        Assert.Equal("Refusals", Assert.Throws<ArgumentOutOfRangeException>(() => new SimulatedKernel(new KernelScript { Refusals = 100 })).ParamName);
        Assert.Equal("ShortReads", Assert.Throws<ArgumentOutOfRangeException>(() => new SimulatedKernel(new KernelScript { ShortReads = 101 })).ParamName);
        Assert.Throws<ArgumentOutOfRangeException>(() => new KernelScript().Fail(KernelCall.Send, Errno.EPIPE, nth: 0));
        Assert.Throws<ArgumentOutOfRangeException>(() => new KernelScript().Fail(KernelCall.Send, Errno.None));
    }

    /// <summary>In which order three descriptors that are ready together are told.</summary>
    private static string OrderOf(KernelScript script)
    {
        SimulatedKernel kernel = new(script);
        using SimulatedLoop loop = new(kernel);
        List<int> told = [];
        for (int i = 0; i < 3; i++)
        {
            int number = i;
            int fd = kernel.Sockets.OpenStream(AddressFamily.InterNetwork).Value;
            loop.Watch(fd, PollEvents.Out, new VirtualNet.Handler((_, _) => told.Add(number)));
        }

        loop.RunOnce(0);
        return string.Join(' ', told);
    }

    /// <summary>A little traffic, as the kernel has written it down.</summary>
    private static string TraceOf(KernelScript script)
    {
        SimulatedKernel kernel = new(script);
        using SimulatedLoop loop = new(kernel);
        (SimulatedPeer peer, int fd) = ConnectPatiently(kernel);
        byte[] buffer = new byte[64];
        loop.Watch(fd, PollEvents.In, new VirtualNet.Handler((watch, _) =>
        {
            int count = kernel.Sockets.Receive(watch.Fd, buffer).Value;
            kernel.Sockets.Send(watch.Fd, buffer.AsSpan(0, count));
        }));
        for (int i = 0; i < 5; i++)
        {
            peer.Send(new byte[10]);
            loop.RunFor(TimeSpan.FromMilliseconds(3));
            peer.ReceiveAll();
        }

        return kernel.Trace;
    }

    private static (SimulatedPeer Peer, int Fd) ConnectPatiently(SimulatedKernel kernel)
    {
        int listener = VirtualNet.Listen(kernel);
        SimulatedPeer peer = kernel.Connect(VirtualNet.Port);
        IoResult accepted = kernel.Sockets.Accept(listener);
        while (accepted.WouldBlock) accepted = kernel.Sockets.Accept(listener);
        return (peer, accepted.Value);
    }
}
