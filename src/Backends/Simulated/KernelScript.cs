using System.Globalization;
using System.Text;

namespace EventLoops.Simulated;

/// <summary>
/// What a <see cref="SimulatedKernel"/> does beyond being a friendly one: how it orders, shortens, refuses and fails. Everything that looks like chance is drawn
/// from <see cref="Seed"/>, so the same script and the same calls give the same run. <see cref="ToString"/> is the C# that makes the script again.
/// </summary>
/// <remarks>The default script is friendly: no limit but <see cref="BufferSize"/>, ascending order, no fault. Chances are in percent, 0 to 100.</remarks>
public sealed record KernelScript
{
    /// <summary>Where all chance comes from. Default 0.</summary>
    public ulong Seed { get; init; }

    /// <summary>The order in which a wait reports ready descriptors. Default <see cref="ReadyOrder.Ascending"/>.</summary>
    public ReadyOrder Order { get; init; }

    /// <summary>
    /// Orders for single waits, before <see cref="Order"/> rules: the first number is for the first wait that finds several descriptors ready, and so on. Number
    /// <c>n</c> is the n-th permutation in dictionary order (modulo their count): 0 is ascending, and 0 to k!-1 are all orders of k descriptors.
    /// </summary>
    public IReadOnlyList<int> Orders { get; init; } = [];

    /// <summary>How many bytes each direction of a connection holds before a send would block. At least 1. Default 64 KiB.</summary>
    public int BufferSize { get; init; } = 64 * 1024;

    /// <summary>How many descriptors can be open at once; beyond it calls say EMFILE. Default 4096.</summary>
    public int MaxDescriptors { get; init; } = 4096;

    /// <summary>
    /// The most bytes that single reads bring: the first number is for the first read that finds bytes, and so on; 0 says EAGAIN. When the numbers are used up
    /// <see cref="ShortReads"/> and <see cref="Refusals"/> rule.
    /// </summary>
    public IReadOnlyList<int> ReadSizes { get; init; } = [];

    /// <summary>The most bytes that single writes take, as <see cref="ReadSizes"/>.</summary>
    public IReadOnlyList<int> WriteSizes { get; init; } = [];

    /// <summary>How many of a hundred reads that find more than one byte bring only a part. Default 0.</summary>
    public int ShortReads { get; init; }

    /// <summary>How many of a hundred writes of more than one byte take only a part. Default 0.</summary>
    public int ShortWrites { get; init; }

    /// <summary>How many of a hundred reads, writes and accepts say EAGAIN although they need not. Default 0.</summary>
    public int Refusals { get; init; }

    internal IReadOnlyList<Fault> Faults { get; private init; } = [];

    /// <summary>A script with every kind of chance switched on, more or less strongly, as the seed wants it. No faults: nothing is lost, only cut and delayed.</summary>
    /// <param name="seed">Any number.</param>
    public static KernelScript Random(ulong seed)
    {
        Chance chance = new(seed);
        return new KernelScript
        {
            Seed = seed,
            Order = ReadyOrder.Random,
            BufferSize = 1 << (4 + chance.Next(13)),
            ShortReads = chance.Next(80),
            ShortWrites = chance.Next(80),
            Refusals = chance.Next(40),
        };
    }

    /// <summary>Has calls of a name fail. Nothing else happens in them: the socket is as it was.</summary>
    /// <param name="call">Which call.</param>
    /// <param name="errno">With what.</param>
    /// <param name="nth">The first that fails, counted over all descriptors; 1 is the first of all.</param>
    /// <param name="times">How many in a row.</param>
    /// <returns>A script with this fault as well.</returns>
    /// <exception cref="ArgumentOutOfRangeException">A number below 1, or no errno.</exception>
    public KernelScript Fail(KernelCall call, Errno errno, int nth = 1, int times = 1)
    {
        ArgumentOutOfRangeException.ThrowIfLessThan(nth, 1);
        ArgumentOutOfRangeException.ThrowIfLessThan(times, 1);
        ArgumentOutOfRangeException.ThrowIfLessThan((int)errno, 1, nameof(errno));
        return this with { Faults = [.. Faults, new Fault(call, errno, nth, times)] };
    }

    /// <summary>The script as C#: what differs from the default.</summary>
    public override string ToString()
    {
        KernelScript plain = new();
        List<string> members = [string.Create(CultureInfo.InvariantCulture, $"Seed = {Seed}")];
        if (Order != plain.Order) members.Add($"Order = {nameof(ReadyOrder)}.{Order}");
        Add(members, nameof(Orders), Orders);
        Add(members, nameof(BufferSize), BufferSize, plain.BufferSize);
        Add(members, nameof(MaxDescriptors), MaxDescriptors, plain.MaxDescriptors);
        Add(members, nameof(ReadSizes), ReadSizes);
        Add(members, nameof(WriteSizes), WriteSizes);
        Add(members, nameof(ShortReads), ShortReads, plain.ShortReads);
        Add(members, nameof(ShortWrites), ShortWrites, plain.ShortWrites);
        Add(members, nameof(Refusals), Refusals, plain.Refusals);

        StringBuilder text = new($"new {nameof(KernelScript)} {{ {string.Join(", ", members)} }}");
        foreach (Fault fault in Faults)
            text.Append(CultureInfo.InvariantCulture, $".Fail(KernelCall.{fault.Call}, (Errno){(int)fault.Errno}, nth: {fault.Nth}, times: {fault.Times})");
        return text.ToString();
    }

    internal KernelScript Validated()
    {
        ArgumentOutOfRangeException.ThrowIfLessThan(BufferSize, 1, nameof(BufferSize));
        ArgumentOutOfRangeException.ThrowIfLessThan(MaxDescriptors, 1, nameof(MaxDescriptors));
        ThrowUnlessPercent(ShortReads, nameof(ShortReads));
        ThrowUnlessPercent(ShortWrites, nameof(ShortWrites));
        ThrowUnlessPercent(Refusals, nameof(Refusals));

        // A kernel that refuses every time can never make progress, and a test of it never ends.
        ArgumentOutOfRangeException.ThrowIfGreaterThan(Refusals, 99, nameof(Refusals));
        return this;
    }

    private static void ThrowUnlessPercent(int value, string member)
    {
        ArgumentOutOfRangeException.ThrowIfNegative(value, member);
        ArgumentOutOfRangeException.ThrowIfGreaterThan(value, 100, member);
    }

    private static void Add(List<string> members, string name, int value, int plain)
    {
        if (value != plain) members.Add(string.Create(CultureInfo.InvariantCulture, $"{name} = {value}"));
    }

    private static void Add(List<string> members, string name, IReadOnlyList<int> values)
    {
        if (values.Count > 0) members.Add($"{name} = [{string.Join(", ", values)}]");
    }

    internal readonly record struct Fault(KernelCall Call, Errno Errno, int Nth, int Times);
}
