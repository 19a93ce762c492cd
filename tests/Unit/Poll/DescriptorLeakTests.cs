using Xunit;

namespace EventLoops.Tests.Poll;

/// <summary>What counts the descriptors of the whole process runs when nothing else does.</summary>
[CollectionDefinition("counts open descriptors", DisableParallelization = true)]
public sealed class CountsOpenDescriptors;

[Collection("counts open descriptors")]
public sealed class DescriptorLeakTests
{
    [Fact]
    public void A_loop_takes_one_descriptor_and_gives_it_back()
    {
        int before = Descriptors.CountOpen();
        List<EventLoop> loops = [];
        for (int i = 0; i < 50; i++)
        {
            loops.Add(new PollLoop());
            loops.Add(new ExternalPollLoop(new PollFdArray()));
        }

        Assert.Equal(before + 100, Descriptors.CountOpen());
        foreach (EventLoop loop in loops) loop.Dispose();
        Assert.Equal(before, Descriptors.CountOpen());
    }
}
