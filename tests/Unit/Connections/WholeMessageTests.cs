using Xunit;

namespace EventLoops.Tests.Connections;

/// <summary>Where a message lies that is handed over whole.</summary>
[Collection("counts open descriptors")]
public sealed class WholeMessageTests
{
    [Fact]
    public void A_message_that_lies_whole_in_the_receive_buffer_is_not_copied_and_one_in_fragments_is_joined()
    {
        using LoopBench bench = new(static options => new OwnedLoopHarness(new PollLoop(options), options));
        List<bool> isInBuffer = [];
        TestProtocol protocol = new("test", bench.Recorder) { DeliverWholeMessages = true };
        protocol.On(CallbackReason.Receive, (Connection connection, ref TestSession _, in CallbackData data) =>
        {
            isInBuffer.Add(data.In.Overlaps(connection.Thread.ReceiveBuffer));
            return CallbackResult.Continue;
        });
        (_, RawPeer peer) = bench.OpenServer(protocol);

        peer.SendText("here");
        bench.Harness.RunUntil(() => isInBuffer.Count == 1);
        peer.SendFrame(1, "not "u8, isFinal: false);
        peer.SendFrame(0, "here"u8);
        bench.Harness.RunUntil(() => isInBuffer.Count == 2);

        Assert.Equal([true, false], isInBuffer);
        Assert.Equal(["here", "not here"], bench.Recorder.Texts);
    }

    [Theory]
    [InlineData(100, 512)]
    [InlineData(1000, 8192)]
    [InlineData(100_000, 524_288)]
    public void What_was_announced_has_room_in_proportion_to_what_has_come_of_it(int come, int mostKept)
    {
        using LoopBench bench = new(static options => new OwnedLoopHarness(new PollLoop(options), options));
        TestProtocol protocol = new("test", bench.Recorder) { DeliverWholeMessages = true };
        (_, RawPeer peer) = bench.OpenServer(protocol);
        byte[] frame = peer.Frame(2, new byte[1_000_000]);
        long before = BufferPool.RentedBytes;

        peer.Send(frame.AsSpan(0, come));
        bench.Harness.Settle();

        Assert.InRange(BufferPool.RentedBytes - before, come / 2, mostKept);
        peer.Send(frame.AsSpan(come));
        bench.Harness.RunUntil(() => bench.Recorder.Has(CallbackReason.Receive));
    }
}
