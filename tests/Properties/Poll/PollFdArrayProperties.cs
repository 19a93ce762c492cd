using FsCheck.Xunit;
using Xunit;

namespace EventLoops.Tests.Poll;

/// <summary>The ready-made array against a dictionary, also while somebody holds the entries of the last poll.</summary>
public sealed class PollFdArrayProperties
{
    [Property(MaxTest = 200, EndSize = 300)]
    public void Any_script_of_add_remove_change_and_poll_leaves_what_a_dictionary_would(byte[] script)
    {
        // Descriptors that are not open are as good as any here: the kernel reports each of them as invalid.
        const int Base = 100_000;
        PollFdArray array = new();
        Dictionary<int, PollEvents> expected = [];
        HashSet<int> polled = [];

        for (int step = 0; step < script.Length; step++)
        {
            int fd = Base + (script[step] / 4);
            PollEvents events = (step & 1) == 0 ? PollEvents.In : PollEvents.Out;
            switch (script[step] % 4)
            {
                case 0 when !expected.ContainsKey(fd):
                    array.Add(fd, events);
                    expected[fd] = events;
                    break;
                case 1:
                    Assert.Equal(expected.Remove(fd), array.Remove(fd));
                    polled.Remove(fd);
                    break;
                case 2:
                    Assert.Equal(expected.ContainsKey(fd), array.SetEvents(fd, events));
                    if (expected.ContainsKey(fd)) expected[fd] = events;
                    break;
                case 3 when step % 5 == 0:
                    Assert.Equal(expected.Count, array.Poll(0));
                    polled = [.. expected.Keys];
                    break;
            }

            Assert.Equal(expected.Count, array.Count);
            foreach ((int known, PollEvents mask) in expected)
            {
                Assert.True(array.TryGetEvents(known, out PollEvents found));
                Assert.Equal(mask, found);
            }

            CheckEntries(array, expected, polled);
        }
    }

    /// <summary>What was polled and is still in shows there with its mask and its report; everything else is a hole.</summary>
    private static void CheckEntries(PollFdArray array, Dictionary<int, PollEvents> expected, HashSet<int> polled)
    {
        HashSet<int> shown = [];
        foreach (PollFd entry in array.Entries)
        {
            if (entry.Fd < 0)
            {
                Assert.Equal(PollEvents.None, entry.Revents);
                continue;
            }

            Assert.True(shown.Add(entry.Fd));
            Assert.Equal(expected[entry.Fd], entry.Events);
            Assert.Equal(PollEvents.Invalid, entry.Revents);
        }

        Assert.Equal(polled.Order(), shown.Order());
    }
}
