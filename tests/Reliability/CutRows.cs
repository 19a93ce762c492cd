using System.Text;
using Xunit;

namespace EventLoops.Tests.Reliability;

/// <summary>U11 and W17: the peer goes after any byte of a conversation, by the end of its stream or by a reset.</summary>
public abstract class CutRows(LoopFactory factory) : ReliabilityRows(factory)
{
    private static readonly CallbackReason[] s_ends = [CallbackReason.ClosedHttp, CallbackReason.ClientConnectionError, CallbackReason.Closed];

    [Theory]
    [InlineData(false)]
    [InlineData(true)]
    public void W17_a_client_that_goes_after_any_byte_is_told_of_once_and_truly(bool resets)
    {
        string request = RawPeer.UpgradeRequest();
        for (int cut = 0, length = int.MaxValue; cut <= length; cut++)
        {
            RawPeer peer = Connect();
            byte[] conversation = Conversation(peer, request);
            length = conversation.Length;
            Go(peer, conversation.AsSpan(0, cut), resets, cut < request.Length ? CallbackReason.ClosedHttp : CallbackReason.Closed);
            if (cut >= request.Length) AssertClose(cut == length, resets);
        }
    }

    [Theory]
    [InlineData(false)]
    [InlineData(true)]
    public void W17_a_server_that_goes_after_any_byte_is_told_of_once_and_truly(bool resets)
    {
        for (int cut = 0, length = int.MaxValue; cut <= length; cut++)
        {
            RawPeer peer = AcceptClient();
            string reply = RawPeer.UpgradeReply(peer.ReadHead());
            byte[] conversation = Conversation(peer, reply);
            length = conversation.Length;
            Go(peer, conversation.AsSpan(0, cut), resets, cut < reply.Length ? CallbackReason.ClientConnectionError : CallbackReason.Closed);
            if (cut >= reply.Length) AssertClose(cut == length, resets);
        }
    }

    private static byte[] Conversation(RawPeer peer, string head) =>
    [
        .. Encoding.ASCII.GetBytes(head), .. peer.Frame(1, "one"u8), .. peer.Frame(9, "p"u8), .. peer.Frame(2, "tw"u8, isFinal: false),
        .. peer.Frame(10, []), .. peer.Frame(0, "o"u8), .. peer.Frame(8, RawFrame.ClosePayload(4000, "bye")),
    ];

    /// <summary>Says this much and goes: one closing callback, of the kind that fits, and then the connection is forgotten.</summary>
    private void Go(RawPeer peer, ReadOnlySpan<byte> words, bool resets, CallbackReason expected)
    {
        int forgotten = CountOf(CallbackReason.WsiDestroy);
        int[] before = [.. s_ends.Select(CountOf)];
        peer.Send(words);
        Harness.Settle();
        if (resets) peer.Reset();
        else peer.EndStream();

        Harness.RunUntil(() => CountOf(CallbackReason.WsiDestroy) > forgotten, "the connection is forgotten");
        Harness.Settle();
        Assert.Equal(s_ends.Select((reason, i) => before[i] + (reason == expected ? 1 : 0)), s_ends.Select(CountOf));
        Assert.Equal(forgotten + 1, CountOf(CallbackReason.WsiDestroy));
    }

    private void AssertClose(bool hasSaidGoodbye, bool isReset = false)
    {
        CloseInfo close = Assert.Single(Recorder.Closes).Close;
        Recorder.Closes.Clear();
        if (hasSaidGoodbye)
        {
            Assert.Equal((4000, "bye", CloseOrigin.Remote, true), ((int)close.Code, close.Reason, close.Origin, close.IsClean));
            return;
        }

        Assert.Equal(
            (WebSocketCloseCode.Abnormal, isReset ? CloseOrigin.Error : CloseOrigin.Remote, false, isReset),
            (close.Code, close.Origin, close.IsClean, close.SystemError == Errno.ECONNRESET));
    }
}
