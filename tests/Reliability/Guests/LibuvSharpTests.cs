using EventLoops.LibUv;
using LibuvSharp;
using Xunit;

namespace EventLoops.Tests.Reliability.Guests;

/// <summary>A guest on the loop of another binding, for which a stand-in on the real libuv is used here.</summary>
public sealed class LibuvSharpTests
{
    [Fact]
    public void G11_a_binding_that_is_disposed_before_the_guest_has_left_says_so_and_can_be_disposed_later()
    {
        Loop loop = new();
        HostedLibUvLoop guest = HostedLibUvLoop.Attach(loop.NativeHandle);
        Assert.Throws<UVException>(loop.Dispose);

        guest.Detach(null);
        Assert.False(guest.IsDetached);
        Assert.Throws<UVException>(loop.Dispose);
        loop.RunAsync();

        Assert.True(guest.IsDetached);
        loop.Dispose();
    }

    [Fact]
    public void G11_what_a_protocol_throws_closes_its_connection_and_does_not_reach_the_binding()
    {
        using Loop loop = new();
        HostedLibUvLoop guest = HostedLibUvLoop.Attach(loop.NativeHandle);
        int ticks = 0;
        UVTimer own = new(loop);
        own.Tick += () => ticks++;
        own.Start(TimeSpan.FromMilliseconds(1), TimeSpan.FromMilliseconds(1));
        using Harness harness = new(loop, guest);
        TestProtocol protocol = new();
        protocol.OnReceive((_, ref _, in _) => throw new NotSupportedException());
        using LoopContext context = new(new LoopContextOptions { Loop = guest, VirtualHosts = [LoopBench.HostOf(protocol)] });
        using RawPeer peer = RawPeer.Connect(LoopBench.EndPointOf(context), harness);
        peer.Upgrade();

        peer.SendText("hello");
        Assert.Equal(1011, peer.ReadFrame().CloseCode);

        int before = ticks;
        harness.RunUntil(() => ticks > before);
        context.Dispose();
        guest.Detach(own.Close);
        loop.Run();
        Assert.True(guest.IsDetached);
    }

    [Fact]
    public void G11_a_host_that_disposes_what_it_finds_in_the_handles_of_its_loop_finds_nothing_of_the_guests()
    {
        using UvHost host = new();
        using Descriptors descriptors = new();
        HostedLibUvLoop guest = HostedLibUvLoop.Attach(host.Loop);
        guest.Watch(descriptors.EventFd(), PollEvents.In, new NoHandler());

        IReadOnlyList<object?> found = host.FindOwners();

        Assert.Equal(host.HandleCount, found.Count);
        Assert.All(found, owner => Assert.False(Assert.IsType<object>(owner, exactMatch: false) is IDisposable));
        guest.Detach(null);
    }

    /// <summary>Turns the loop by the members of the binding.</summary>
    private sealed class Harness(Loop loop, HostedLibUvLoop guest) : LoopHarness(guest, new EventLoopOptions())
    {
        public override bool Turn(int maxMilliseconds = 0) => loop.RunAsync();
    }

    private sealed class NoHandler : IReadyHandler
    {
        public void OnReady(Watch watch, PollEvents ready)
        {
        }
    }
}
