using System.Diagnostics.Tracing;
using Xunit;

namespace EventLoops.Tests.Reliability;

/// <summary>L07: a callback that blocks.</summary>
public abstract class StallRows(LoopFactory factory) : ReliabilityRows(factory)
{
    private static readonly TimeSpan s_longTime = TimeSpan.FromSeconds(10);

    [Fact]
    public void L07_a_callback_that_blocks_for_ten_seconds_is_named_and_nothing_else_breaks()
    {
        using StallListener listener = new();
        RawPeer other = OpenToServer();
        RawPeer blocking = OpenToServer();
        Protocol.On(CallbackReason.ReceivePong, _ => Time.Advance(s_longTime));

        blocking.SendFrame(10, "wait"u8);
        other.SendText("meanwhile");

        Assert.Equal("meanwhile", other.ReadFrame().Text);
        AssertEchoes(blocking);
        AssertEchoes(other);
        AssertWitnessIsServed();
        Assert.Equal(["A callback of protocol 'row' for ReceivePong held up the loop for 00:00:10"], Log.Of("A callback of protocol"), StringComparer.Ordinal);
        Assert.Contains((nameof(CallbackReason.ReceivePong), "row", s_longTime.TotalMilliseconds), listener.Stalls);
    }

    [Fact]
    public void L07_a_callback_that_takes_less_than_the_threshold_is_not_named()
    {
        RawPeer peer = OpenToServer();
        Protocol.On(CallbackReason.ReceivePong, _ => Time.Advance(TimeSpan.FromMilliseconds(999)));
        peer.SendFrame(10, "quick"u8);

        AssertEchoes(peer);

        Assert.Empty(Log.Of("A callback of protocol"));
    }

    [Fact]
    public void L07_a_callback_that_blocks_and_ends_its_connection_is_named_as_well()
    {
        RawPeer peer = OpenToServer();
        Protocol.On(CallbackReason.ReceivePing, _ =>
        {
            Time.Advance(s_longTime);
            Opened!.Close();
        });
        peer.SendFrame(9, "p"u8);

        Assert.Equal(10, peer.ReadFrame().Opcode);
        Assert.Equal(1000, peer.ReadFrame().CloseCode);
        Assert.Single(Log.Of("A callback of protocol 'row' for ReceivePing held up the loop"));
        peer.SendClose();
        AwaitClosed(peer);
    }

    /// <summary>What the event source tells of stalls. Rows of other loops may have some at the same time.</summary>
    private sealed class StallListener : EventListener
    {
        private readonly List<(string Reason, string Protocol, double Milliseconds)> _stalls = [];

        public IReadOnlyList<(string Reason, string Protocol, double Milliseconds)> Stalls
        {
            get
            {
                lock (_stalls) return [.. _stalls];
            }
        }

        protected override void OnEventSourceCreated(EventSource eventSource)
        {
            if (eventSource.Name == "EventLoops") EnableEvents(eventSource, EventLevel.Warning);
        }

        protected override void OnEventWritten(EventWrittenEventArgs eventData)
        {
            if (eventData is not { EventName: "CallbackStalled", Payload: [string reason, string protocol, double milliseconds] }) return;
            lock (_stalls) _stalls.Add((reason, protocol, milliseconds));
        }
    }
}
