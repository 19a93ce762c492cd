namespace EventLoops.Tests.Architecture;

/// <summary>One part that uses another, both by assembly name.</summary>
internal readonly record struct Arrow(string From, string To);

/// <summary>
/// Which part may use which. Poll is the ground floor; Core and every backend stand on it and never meet, so that a backend can be
/// written without knowing a protocol, and Core can be used without any backend. Hosting stands on top.
/// </summary>
internal static class Arrows
{
    public const string Poll = "EventLoops.Poll";
    public const string Core = "EventLoops.Core";
    public const string Hosting = "EventLoops.Hosting";

    private const string Epoll = "EventLoops.Epoll";

    /// <summary>One sentence for each arrow that points the wrong way. Arrows to assemblies of others are not looked at.</summary>
    public static IReadOnlyList<string> Violations(IEnumerable<Arrow> arrows) =>
        [.. arrows.Where(arrow => IsOurs(arrow.To) && !IsAllowed(arrow)).Select(arrow => $"{arrow.From} must not use {arrow.To}.")];

    private static bool IsAllowed(Arrow arrow)
    {
        if (arrow.From is Poll) return false;

        // It brings them together for an application, and nothing stands on it.
        if (arrow.From is Hosting) return arrow.To is Poll or Core or Epoll;
        return arrow.To is Poll;
    }

    private static bool IsOurs(string assembly) => assembly.StartsWith("EventLoops.", StringComparison.Ordinal);
}
