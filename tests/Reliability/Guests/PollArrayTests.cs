using System.Text;
using Xunit;

namespace EventLoops.Tests.Reliability.Guests;

/// <summary>A context in somebody else's poll array: hosts that end no frames, that end nothing but frames, and that wait long. The loop alone is in the unit tests of G08 and G09.</summary>
public sealed class PollArrayTests : IDisposable
{
    private const int Rounds = 2000;

    private readonly Ledger _ledger = new();
    private readonly PollFdArray _array = new();
    private readonly ExternalPollLoop _loop;
    private readonly Recorder _recorder = new();
    private readonly TestProtocol _protocol;
    private readonly LoopContext _context;
    private readonly List<RawPeer> _peers = [];

    public PollArrayTests()
    {
        _loop = new ExternalPollLoop(_array);
        _protocol = new TestProtocol("test", _recorder);
        _context = new LoopContext(new LoopContextOptions { Loop = _loop, Tracer = _recorder, VirtualHosts = [LoopBench.HostOf(_protocol)] });
    }

    public void Dispose()
    {
        foreach (RawPeer peer in _peers) peer.Dispose();
        _context.Dispose();
        _loop.Dispose();
        Assert.Equal(0, _array.Count);
        _ledger.CheckDescriptors();
    }

    [Fact]
    public void G09_a_host_that_never_ends_a_frame_is_served_and_nothing_grows()
    {
        // A context of its own, since a recorder grows by design.
        using LoopContext context = new(new LoopContextOptions { Loop = _loop, VirtualHosts = [LoopBench.HostOf(new SendingEcho())] });
        RawPeer peer = Connect(context);
        Open(peer);
        byte[] message = peer.Frame(2, new byte[64]);
        byte[] echo = new byte[2 + 64];
        int held = _loop.WatchCount;
        Func<bool> hasEcho = () => peer.ReceiveNow(echo) == echo.Length;

        long allocated = Allocation.Of(() =>
        {
            for (int round = 0; round < Rounds; round++)
            {
                peer.SendNow(message);
                Serve(hasEcho);
            }
        });

        Assert.Equal(0, allocated);
        Assert.Equal((held, 0), (_loop.WatchCount, _loop.TimerCount));
    }

    [Fact]
    public void G09_a_host_that_ends_frames_for_ever_with_nothing_to_do_changes_nothing()
    {
        long allocated = Allocation.Of(() =>
        {
            for (int frame = 0; frame < 100_000; frame++) _loop.EndFrame();
        });

        Assert.Equal(0, allocated);
        Assert.Equal(5000, _loop.GetTimeout(5000));
        Assert.Equal(-1, _loop.GetTimeout(-1));
    }

    [Fact]
    public void G09_the_timeout_is_zero_while_input_is_held_back_for_nobody_and_not_otherwise()
    {
        _protocol.OnReceive((connection, ref _, in _) =>
        {
            connection.PauseReceive();
            return CallbackResult.Continue;
        });
        RawPeer peer = Connect(_context);
        Open(peer);
        peer.Send([.. peer.Frame(1, "one"u8), .. peer.Frame(1, "two"u8)]);
        Serve(() => _recorder.Texts.Count == 1);
        _loop.EndFrame();

        // What is held back for a user who has paused is nothing to hurry for.
        Assert.Equal(5000, _loop.GetTimeout(5000));
        _protocol.Newest!.ResumeReceive();
        Assert.Equal(0, _loop.GetTimeout(5000));

        _loop.EndFrame();
        Assert.Equal(["one", "two"], _recorder.Texts);
        Assert.Equal(5000, _loop.GetTimeout(5000));
    }

    [Fact]
    public void G10_a_wait_of_five_seconds_ends_for_a_new_client_who_is_served_at_once()
    {
        RawPeer peer = Connect(_context);
        peer.RequestUpgrade();

        // The listener is in the array: a wait that did not know of it would report nothing.
        Assert.InRange(_array.Poll(_loop.GetTimeout(5000)), 1, int.MaxValue);
        foreach (ref PollFd entry in _array.Entries) _loop.ServiceFd(ref entry);
        Assert.True(_recorder.Has(CallbackReason.ServerNewClientInstantiated));

        Assert.InRange(_array.Poll(_loop.GetTimeout(5000)), 1, int.MaxValue);
        foreach (ref PollFd entry in _array.Entries) _loop.ServiceFd(ref entry);
        Assert.True(_recorder.Has(CallbackReason.Established));
    }

    private RawPeer Connect(LoopContext context)
    {
        RawPeer peer = RawPeer.Connect(LoopBench.EndPointOf(context));
        _peers.Add(peer);
        return peer;
    }

    private void Open(RawPeer peer)
    {
        peer.RequestUpgrade();
        Serve(() =>
        {
            peer.Pump();
            return peer.Received.IndexOf("\r\n\r\n"u8) > 0;
        });
        Assert.StartsWith("HTTP/1.1 101 ", Encoding.Latin1.GetString(peer.ReadBytes(peer.Received.Length)), StringComparison.Ordinal);
    }

    /// <summary>Polls and serves what is reported, without ever ending a frame.</summary>
    private void Serve(Func<bool> condition)
    {
        for (int turn = 0; !condition(); turn++)
        {
            if (turn > 1_000_000) throw new TimeoutException("What was to be served does not come.");
            _array.Poll(0);
            foreach (ref PollFd entry in _array.Entries) _loop.ServiceFd(ref entry);
        }
    }
}
