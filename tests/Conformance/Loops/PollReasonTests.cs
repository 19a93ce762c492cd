using Xunit;

namespace EventLoops.Tests.Conformance;

/// <summary>The six reasons of the user's poll array, as a ported program receives them: protocol 0 keeps the array.</summary>
public sealed class PollReasonTests
{
    private struct User;

    [Fact]
    public void The_six_poll_reasons_keep_an_array_by_which_a_connection_is_served()
    {
        Ledger ledger = new();
        PollZero zero = new();
        using (ExternalPollLoop loop = new(new ReasonPollSet<User>(zero)))
        {
            using LoopContext context = new(new LoopContextOptions { Loop = loop, VirtualHosts = [LoopBench.HostOf(zero)] });
            using RawPeer peer = RawPeer.Connect(LoopBench.EndPointOf(context));
            peer.RequestUpgrade();
            peer.SendText("hello");
            RawFrame echo = default;
            bool hasHead = false;
            for (int frame = 0; echo.Payload is null; frame++)
            {
                Assert.InRange(frame, 0, 10_000);
                zero.Frame(loop);
                peer.Pump();
                if (!hasHead && peer.Received.IndexOf("\r\n\r\n"u8) >= 0) hasHead = peer.ReadHead().StartsWith("HTTP/1.1 101", StringComparison.Ordinal);
                if (hasHead) peer.TryReadFrame(out echo);
            }

            Assert.Equal("hello", echo.Text);
            Assert.Contains(CallbackReason.SetModePollFd, zero.Reasons);
            Assert.Contains(CallbackReason.ClearModePollFd, zero.Reasons);
        }

        Assert.Empty(zero.Array);
        Assert.Null(zero.Locked);
        Assert.Equal(zero.Reasons.Count(reason => reason == CallbackReason.AddPollFd), zero.Reasons.Count(reason => reason == CallbackReason.DelPollFd));
        ledger.CheckDescriptors();
    }

    private sealed class PollZero() : ReasonProtocol<User>("zero")
    {
        public Dictionary<int, PollEvents> Array { get; } = [];

        public List<CallbackReason> Reasons { get; } = [];

        public int? Locked { get; private set; }

        public void Frame(ExternalPollLoop loop)
        {
            PollFdArray polled = new();
            foreach ((int fd, PollEvents events) in Array) polled.Add(fd, events);
            polled.Poll(loop.GetTimeout(1));
            foreach (ref PollFd entry in polled.Entries) loop.ServiceFd(ref entry);
            loop.EndFrame();
        }

        protected override int Callback(Connection? connection, CallbackReason reason, ref User user, in CallbackData data)
        {
            Reasons.Add(reason);
            switch (reason)
            {
                case CallbackReason.LockPoll:
                    Assert.Null(Locked);
                    Locked = data.Fd;
                    return 0;
                case CallbackReason.UnlockPoll:
                    Assert.Equal(Locked, data.Fd);
                    Locked = null;
                    return 0;
                case CallbackReason.AddPollFd:
                    Assert.Equal(Locked, data.Poll.Fd);
                    Array.Add(data.Poll.Fd, data.Poll.Events);
                    return 0;
                case CallbackReason.DelPollFd:
                    Assert.Equal(Array[data.Poll.Fd], data.Poll.PreviousEvents);
                    Array.Remove(data.Poll.Fd);
                    return 0;
                case CallbackReason.SetModePollFd:
                case CallbackReason.ClearModePollFd:
                    Assert.Equal(Array[data.Poll.Fd], data.Poll.PreviousEvents);
                    Array[data.Poll.Fd] = data.Poll.Events;
                    return 0;
                case CallbackReason.Receive:
                    connection!.RequestWritable();
                    return 0;
                case CallbackReason.ServerWriteable:
                    connection!.Write("hello"u8, MessageKind.Text);
                    return 0;
                default:
                    return 0;
            }
        }
    }
}
