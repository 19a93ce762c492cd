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
}
