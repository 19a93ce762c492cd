using System.Globalization;

namespace EventLoops.Tests;

/// <summary>
/// What the process and a loop hold: taken before a test and compared after it. Everything that was opened must have been closed, whatever
/// the test did in between. Only for tests that have the process to themselves.
/// </summary>
public sealed class Ledger
{
    private static readonly char[] s_digits = [.. "0123456789"];

    private readonly Dictionary<string, int> _before = CountDescriptors();

    // The runtime makes what it needs for sockets when the first one is used, and keeps it.
    static Ledger()
    {
        using RawListener listener = new();
        using RawPeer peer = RawPeer.Connect(listener.EndPoint);
        peer.Send("warm");
        listener.Accept().ReadText(4);
    }

    /// <summary>Throws when a loop still watches or waits, or a context still has connections: their end was due before this call.</summary>
    public static void CheckEmpty(EventLoop loop, params IEnumerable<LoopContext> contexts)
    {
        if (loop.WatchCount != 0) throw Unbalanced($"{loop.WatchCount} watches are left on the loop");
        if (loop.TimerCount != 0) throw Unbalanced($"{loop.TimerCount} timers are left on the loop");
        foreach (LoopContext context in contexts)
        {
            if (context.Thread.ConnectionCount != 0) throw Unbalanced($"{context.Thread.ConnectionCount} connections are left in a context");
        }
    }

    /// <summary>Throws when the process has more or fewer descriptors open than at the beginning.</summary>
    public void CheckDescriptors()
    {
        Dictionary<string, int> after = CountDescriptors();
        string[] changes =
        [
            .. _before.Keys.Union(after.Keys, StringComparer.Ordinal)
                .Select(kind => (Kind: kind, More: after.GetValueOrDefault(kind) - _before.GetValueOrDefault(kind)))
                .Where(change => change.More != 0)
                .Select(change => change.More.ToString("+0;-0", CultureInfo.InvariantCulture) + " " + change.Kind),
        ];
        if (changes.Length != 0) throw Unbalanced("open descriptors: " + string.Join(", ", changes));
    }

    private static InvalidOperationException Unbalanced(string what) => new($"The ledger is not balanced: {what}.");

    /// <summary>Open descriptors by kind. Files and pipes are not counted: the runtime opens and closes its own whenever it likes.</summary>
    private static Dictionary<string, int> CountDescriptors()
    {
        Dictionary<string, int> kinds = new(StringComparer.Ordinal);
        foreach (string path in Directory.GetFiles("/proc/self/fd"))
        {
            string? target = TargetOf(path);
            if (target is null || target.StartsWith('/') || target.StartsWith("pipe:", StringComparison.Ordinal)) continue;

            // socket:[4711] is one of many sockets; anon_inode:[eventpoll] says what it is.
            string kind = target.TrimEnd(']').TrimEnd(s_digits).TrimEnd('[', ':');
            kinds[kind] = kinds.GetValueOrDefault(kind) + 1;
        }

        return kinds;
    }

    private static string? TargetOf(string path)
    {
        try
        {
            return new FileInfo(path).LinkTarget;
        }
        catch (IOException)
        {
            // The descriptor of the listing itself is gone by now.
            return null;
        }
    }
}
