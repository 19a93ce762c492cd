using System.Globalization;
using System.Text;

namespace EventLoops.Simulated;

/// <summary>The last things that happened in a kernel, kept as numbers so that writing them down allocates nothing.</summary>
internal sealed class KernelTrace
{
    private const int Capacity = 512;

    private readonly Entry[] _entries = new Entry[Capacity];
    private long _count;

    /// <summary>Writes something down.</summary>
    /// <param name="ticks">When, in virtual time.</param>
    /// <param name="what">A call or an event, in one word.</param>
    /// <param name="number">Whose: a descriptor, or a peer's port.</param>
    /// <param name="size">What was asked for; -1 when nothing was.</param>
    /// <param name="result">What came of it.</param>
    public void Add(long ticks, string what, int number, int size, IoResult result) =>
        _entries[_count++ % Capacity] = new Entry(ticks, what, number, size, result);

    /// <summary>One line each, the oldest first: <c>12 ms  recv(100001, 64) = 5</c>.</summary>
    public override string ToString()
    {
        StringBuilder text = new();
        long first = Math.Max(0, _count - Capacity);
        if (first > 0) text.Append(CultureInfo.InvariantCulture, $"... {first} earlier lines\n");
        for (long i = first; i < _count; i++) _entries[i % Capacity].AppendTo(text);
        return text.ToString();
    }

    private readonly record struct Entry(long Ticks, string What, int Number, int Size, IoResult Result)
    {
        public void AppendTo(StringBuilder text)
        {
            double milliseconds = (double)Ticks / TimeSpan.TicksPerMillisecond;
            string size = Size < 0 ? "" : string.Create(CultureInfo.InvariantCulture, $", {Size}");
            text.Append(CultureInfo.InvariantCulture, $"{milliseconds,10:0.####} ms  {What}({Number}{size}) = {Result}\n");
        }
    }
}
