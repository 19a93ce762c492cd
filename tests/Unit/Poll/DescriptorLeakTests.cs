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
        Ledger ledger = new();
        int before = CountAnonymous();
        List<EventLoop> loops = [];
        for (int i = 0; i < 50; i++)
        {
            loops.Add(new PollLoop());
            loops.Add(new ExternalPollLoop(new PollFdArray()));
        }

        // It is an eventfd or a timerfd. Of pipes and files the runtime opens and closes its own meanwhile.
        Assert.Equal(before + 100, CountAnonymous());
        foreach (EventLoop loop in loops) loop.Dispose();
        ledger.CheckDescriptors();
    }

    private static int CountAnonymous() => Directory.GetFiles("/proc/self/fd").Count(IsAnonymous);

    private static bool IsAnonymous(string path)
    {
        try
        {
            return new FileInfo(path).LinkTarget?.StartsWith("anon_inode:", StringComparison.Ordinal) == true;
        }
        catch (IOException)
        {
            return false;
        }
    }
}
