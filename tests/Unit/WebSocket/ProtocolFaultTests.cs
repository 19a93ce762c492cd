using EventLoops.Protocols.WebSocket;
using Xunit;

namespace EventLoops.Tests.WebSocket;

public sealed class ProtocolFaultTests
{
    public static TheoryData<ProtocolFault> All => [.. Enum.GetValues<ProtocolFault>()];

    [Theory]
    [MemberData(nameof(All))]
    public void Every_fault_has_a_sentence_of_its_own(ProtocolFault fault)
    {
        string sentence = fault.Describe();

        Assert.EndsWith(".", sentence, StringComparison.Ordinal);
        Assert.NotEqual(((ProtocolFault)(-1)).Describe(), sentence, StringComparer.Ordinal);
        Assert.Single(Enum.GetValues<ProtocolFault>(), other => string.Equals(other.Describe(), sentence, StringComparison.Ordinal));
    }

    [Theory]
    [MemberData(nameof(All))]
    public void A_fault_is_answered_by_a_close_frame_or_by_a_response_as_its_number_says(ProtocolFault fault)
    {
        ushort close = (ushort)fault.CloseCode();
        bool isFrameFault = (int)fault is >= 100 and < 200;

        Assert.Equal(isFrameFault, close != 0);
        Assert.True(close == 0 || CloseCodes.MayBeSentByUs(close));
        Assert.True(fault.HttpStatus() == 0 || (!isFrameFault && fault.HttpStatus() is >= 400 and < 600));
    }

    [Fact]
    public void The_status_of_a_version_that_is_not_spoken_says_so()
    {
        Assert.Equal(426, ProtocolFault.VersionUnsupported.HttpStatus());
        Assert.Equal(403, ProtocolFault.OriginRefused.HttpStatus());
        Assert.Equal(0, ProtocolFault.ReplyAcceptWrong.HttpStatus());
    }
}
