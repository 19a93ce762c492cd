using System.Globalization;

namespace EventLoops.Tests.Conformance;

/// <summary>System calls on sockets by name, and bytes of the managed heap.</summary>
internal readonly record struct Cost(long Receive, long Send, long Accept, long SetOption, long Shutdown, long Close, long Other, long Bytes)
{
    /// <summary>More than anything costs.</summary>
    public static Cost Most { get; } = new(long.MaxValue, long.MaxValue, long.MaxValue, long.MaxValue, long.MaxValue, long.MaxValue, long.MaxValue, long.MaxValue);

    public static Cost Of(CountingSocketIo io, long bytes) => new(
        io.CountOf(SystemCall.Receive),
        io.CountOf(SystemCall.Send),
        io.CountOf(SystemCall.Accept),
        io.CountOf(SystemCall.SetOption),
        io.CountOf(SystemCall.ShutdownWrite),
        io.CountOf(SystemCall.Close),
        io.CountOf(SystemCall.OpenStream) + io.CountOf(SystemCall.Bind) + io.CountOf(SystemCall.Listen) + io.CountOf(SystemCall.Connect) + io.CountOf(SystemCall.GetPendingError),
        bytes);

    /// <summary>The least of both, count by count: a busy machine can cut a message in two now and then, and the runtime allocates for itself; neither makes anything cheaper.</summary>
    public Cost Least(Cost other) => new(
        Math.Min(Receive, other.Receive),
        Math.Min(Send, other.Send),
        Math.Min(Accept, other.Accept),
        Math.Min(SetOption, other.SetOption),
        Math.Min(Shutdown, other.Shutdown),
        Math.Min(Close, other.Close),
        Math.Min(Other, other.Other),
        Math.Min(Bytes, other.Bytes));

    /// <summary>The calls of each of so many times, in words.</summary>
    public string CallsOf(int times)
    {
        (string Name, long Count)[] all =
            [("recv", Receive), ("send", Send), ("accept4", Accept), ("setsockopt", SetOption), ("shutdown", Shutdown), ("close", Close), ("others", Other)];
        return string.Join(", ", all.Where(one => one.Count > 0).Select(one => $"{Each(one.Count, times)} {one.Name}"));
    }

    /// <summary>The bytes of each of so many times.</summary>
    public double BytesOf(int times) => Math.Round((double)Bytes / times, 2);

    private static string Each(long count, int times) => Math.Round((double)count / times, 2).ToString(CultureInfo.InvariantCulture);
}
