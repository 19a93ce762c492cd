namespace EventLoops;

/// <summary>
/// The fields of a reply that its user may not write: those that say where it ends and what becomes of the connection (RFC 9112 6 and 9), those of the
/// handshake (RFC 6455 4.2.2), and those that are there already.
/// </summary>
internal static class ReservedReplyFields
{
    private const string Handshake = "Sec-WebSocket-";

    private static readonly HashSet<string> Names = new(StringComparer.OrdinalIgnoreCase)
    {
        "Connection", "Upgrade", "Content-Length", "Content-Type", "Transfer-Encoding", "Trailer", "TE", "Keep-Alive", "Date", "Server",
    };

    public static bool Contains(string name) => Names.Contains(name) || name.StartsWith(Handshake, StringComparison.OrdinalIgnoreCase);
}
