using System.Runtime.InteropServices;

namespace EventLoops.Simulated;

/// <summary>Where the script comes in: which call fails, how much moves, and who is reported first.</summary>
public sealed partial class SimulatedKernel
{
    private readonly int[] _counts = new int[Enum.GetValues<KernelCall>().Length];
    private int _reads;
    private int _writes;
    private int _orders;

    /// <summary>How often a call was made, failures included.</summary>
    public int CountOf(KernelCall call)
    {
        lock (_gate) return _counts[(int)call];
    }

    /// <summary>Has the next calls of a name fail; the script remembers which they were.</summary>
    /// <param name="call">Which call.</param>
    /// <param name="errno">With what.</param>
    /// <param name="nth">The first that fails, counted from now; 1 is the next.</param>
    /// <param name="times">How many in a row.</param>
    /// <exception cref="ArgumentOutOfRangeException">A number below 1, or no errno.</exception>
    public void Fail(KernelCall call, Errno errno, int nth = 1, int times = 1)
    {
        ArgumentOutOfRangeException.ThrowIfLessThan(nth, 1);
        lock (_gate) Script = Script.Fail(call, errno, _counts[(int)call] + nth, times);
    }

    /// <summary>Counts a call. Returns what the script has it fail with, or <see cref="Errno.None"/>.</summary>
    internal Errno Count(KernelCall call)
    {
        int number = ++_counts[(int)call];
        IReadOnlyList<KernelScript.Fault> faults = Script.Faults;
        for (int i = 0; i < faults.Count; i++)
        {
            KernelScript.Fault fault = faults[i];
            if (fault.Call == call && number >= fault.Nth && number < fault.Nth + (long)fault.Times) return fault.Errno;
        }

        return Errno.None;
    }

    /// <summary>Whether an accept that need not wait says EAGAIN all the same.</summary>
    internal bool RefusesAccept() => _chance.Percent(Script.Refusals);

    /// <summary>How many of the bytes that could be read are read; 0 is EAGAIN.</summary>
    internal int ChooseRead(int possible) => Choose(possible, Script.ReadSizes, ref _reads, Script.ShortReads);

    /// <summary>How many of the bytes that could be written are taken; 0 is EAGAIN.</summary>
    internal int ChooseWrite(int possible) => Choose(possible, Script.WriteSizes, ref _writes, Script.ShortWrites);

    /// <summary>Puts what is ready, which comes in ascending order, into the order of the script.</summary>
    internal void Arrange(List<(Watch Watch, PollEvents Ready)> ready)
    {
        if (ready.Count < 2) return;
        if (_orders < Script.Orders.Count)
        {
            Permute(ready, Script.Orders[_orders++]);
            return;
        }

        switch (Script.Order)
        {
            case ReadyOrder.Descending:
                ready.Reverse();
                return;
            case ReadyOrder.Random:
                Shuffle(CollectionsMarshal.AsSpan(ready));
                return;
        }
    }

    private static void Permute(List<(Watch Watch, PollEvents Ready)> ready, int number)
    {
        // The digits of a number in the factorial system say which of those that are left comes next.
        uint rest = (uint)number;
        List<(Watch, PollEvents)> left = [.. ready];
        int[] digits = new int[left.Count];
        for (int radix = 1; radix <= left.Count; radix++)
        {
            digits[left.Count - radix] = (int)(rest % (uint)radix);
            rest /= (uint)radix;
        }

        ready.Clear();
        foreach (int digit in digits)
        {
            ready.Add(left[digit]);
            left.RemoveAt(digit);
        }
    }

    private void Shuffle(Span<(Watch Watch, PollEvents Ready)> ready)
    {
        for (int last = ready.Length - 1; last > 0; last--)
        {
            int other = _chance.Next(last + 1);
            (ready[last], ready[other]) = (ready[other], ready[last]);
        }
    }

    private int Choose(int possible, IReadOnlyList<int> scripted, ref int next, int percent)
    {
        if (next < scripted.Count) return Math.Min(possible, Math.Max(0, scripted[next++]));
        if (_chance.Percent(Script.Refusals)) return 0;
        if (possible > 1 && _chance.Percent(percent)) return 1 + _chance.Next(possible - 1);
        return possible;
    }
}
