using FsCheck.Xunit;
using Xunit;

namespace EventLoops.Tests.Poll;

/// <summary>Timers against a list that is searched from one end to the other.</summary>
public sealed class TimerProperties
{
    [Property(MaxTest = 200, EndSize = 400)]
    public void Any_script_of_schedule_cancel_and_time_fires_what_a_sorted_list_would(byte[] script)
    {
        ManualTime time = new();
        using PollLoop loop = new(new EventLoopOptions { TimeProvider = time });
        List<(long Due, int Age, LoopTimer Timer)> expected = [];
        List<LoopTimer> fired = [];
        LoopTimer[] timers = [.. Enumerable.Range(0, 20).Select(_ => new LoopTimer(fired.Add))];

        for (int step = 0; step < script.Length; step++)
        {
            LoopTimer timer = timers[script[step] % timers.Length];
            int argument = step + 1 < script.Length ? script[step + 1] : 0;
            switch (script[step] / 20 % 4)
            {
                case 0 or 1:
                    loop.Schedule(timer, TimeSpan.FromMilliseconds(argument % 32));
                    expected.RemoveAll(entry => entry.Timer == timer);
                    expected.Add((loop.UpdateNow() + (argument % 32), step, timer));
                    break;
                case 2:
                    loop.Cancel(timer);
                    expected.RemoveAll(entry => entry.Timer == timer);
                    break;
                default:
                    time.Advance(argument % 16);
                    CheckTurn(loop, expected, fired);
                    break;
            }

            Assert.Equal(expected.Count, loop.TimerCount);
            Assert.All(timers, known => Assert.Equal(expected.Exists(entry => entry.Timer == known), known.IsScheduled));
        }
    }

    private static void CheckTurn(PollLoop loop, List<(long Due, int Age, LoopTimer Timer)> expected, List<LoopTimer> fired)
    {
        fired.Clear();
        loop.RunOnce(0);

        long now = loop.NowMilliseconds;
        LoopTimer[] due =
        [
            .. expected.Where(entry => entry.Due <= now).OrderBy(entry => entry.Due).ThenBy(entry => entry.Age).Select(entry => entry.Timer),
        ];
        expected.RemoveAll(entry => entry.Due <= now);
        Assert.Equal(due, fired);
        long next = expected.Count == 0 ? -1 : expected.Min(entry => entry.Due) - now;
        Assert.Equal(next, loop.GetTimeout(-1));
    }
}
