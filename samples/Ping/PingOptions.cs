namespace Ping;

/// <summary>What the command line asked for.</summary>
/// <param name="Uri">Whom to ping.</param>
/// <param name="Protocol">The protocol to ask for; null to ask for none.</param>
/// <param name="Count">After how many pings it is over; null for never.</param>
/// <param name="Interval">The time between two pings.</param>
/// <param name="Size">How many bytes a ping carries.</param>
/// <param name="Patience">How long to wait for pongs after the last ping.</param>
/// <param name="IsFlood">Whether the next ping follows each pong at once.</param>
/// <param name="IsQuiet">Whether only the statistics are printed.</param>
internal sealed record PingOptions(Uri Uri, string? Protocol, long? Count, TimeSpan Interval, int Size, TimeSpan Patience, bool IsFlood, bool IsQuiet);
