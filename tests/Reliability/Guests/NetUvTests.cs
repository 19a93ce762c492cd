using NetUV.Core.Handles;
using Xunit;
using Timer = NetUV.Core.Handles.Timer;

namespace EventLoops.Tests.Reliability.Guests;

/// <summary>A guest on the loop of a binding that hides its pointer, through handles of the binding's own, for which a stand-in on the real libuv is used here.</summary>
public sealed class NetUvTests : IDisposable
{
    private readonly Ledger _ledger = new();
    private readonly Loop _loop = new();

    // Descriptors are counted from here on.
    static NetUvTests() => UvHost.Warm();

    public void Dispose()
    {
        _loop.Dispose();
        _ledger.CheckDescriptors();
    }

    [Fact]
    public void G11_what_a_protocol_throws_closes_its_connection_and_does_not_reach_the_binding()
    {
        NetUvPollSet polls = new(_loop);
        ExternalPollLoop guest = polls.Start();
        using Harness harness = new(_loop, guest);
        TestProtocol protocol = new();
        protocol.OnReceive((_, ref _, in _) => throw new NotSupportedException());
        LoopContext context = new(new LoopContextOptions { Loop = guest, VirtualHosts = [LoopBench.HostOf(protocol)] });
        using RawPeer peer = RawPeer.Connect(LoopBench.EndPointOf(context), harness);
        peer.Upgrade();

        peer.SendText("hello");
        Assert.Equal(1011, peer.ReadFrame().CloseCode);

        int ticks = harness.Ticks;
        harness.RunUntil(() => harness.Ticks > ticks);
        context.Dispose();
        guest.Dispose();
        polls.Close();
    }

    [Fact]
    public void G11_a_binding_that_is_disposed_before_the_guest_says_so_and_the_sockets_are_closed_all_the_same()
    {
        NetUvPollSet polls = new(_loop);
        ExternalPollLoop guest = polls.Start();
        List<Exception> reported = [];
        guest.UnhandledException = reported.Add;
        Harness harness = new(_loop, guest);
        LogBook log = new();
        LoopContext context = new(new LoopContextOptions { Loop = guest, Logger = log, VirtualHosts = [LoopBench.HostOf(new SendingEcho())] });
        using RawPeer peer = RawPeer.Connect(LoopBench.EndPointOf(context), harness);
        peer.Upgrade();

        // It disposes every handle on it, those that it made for the guest too.
        _loop.Dispose();
        foreach (Action leave in new Action[] { context.Dispose, harness.Dispose })
        {
            if (Record.Exception(leave) is { } surfaced) reported.Add(surfaced);
        }

        Assert.True(context.IsDisposed);
        Assert.True(guest.IsDisposed);
        Ledger.CheckEmpty(guest, context);
        Assert.InRange(log.CountContaining("threw"), 1, int.MaxValue);
        Assert.All(reported, exception => Assert.IsType<ObjectDisposedException>(exception));
    }

    /// <summary>Turns the loop by the members of the binding, which has no single iterations: a timer of its own ends the run.</summary>
    private sealed class Harness(Loop loop, ExternalPollLoop guest) : LoopHarness(guest, new EventLoopOptions())
    {
        private readonly Timer _timer = loop.CreateTimer();

        public int Ticks { get; private set; }

        public override bool Turn(int maxMilliseconds = 0)
        {
            _timer.Start(_ =>
            {
                Ticks++;
                loop.Stop();
            }, maxMilliseconds, 0);
            _ = loop.RunDefault();
            return true;
        }

        protected override void DisposeHost() => _timer.CloseHandle();
    }
}
