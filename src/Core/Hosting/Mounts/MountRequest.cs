using EventLoops.Protocols.Http;

namespace EventLoops;

/// <summary>
/// A request as a mount sees it. It is the client's, unless a CGI program has redirected it inside of the server (RFC 3875 6.2.2): then the path and the
/// query are the program's, and the method is GET.
/// </summary>
internal readonly ref struct MountRequest
{
    public required HostedMount Mount { get; init; }

    public required HttpHead Head { get; init; }

    public required RequestMethod Method { get; init; }

    /// <summary>The whole path, decoded.</summary>
    public required ReadOnlySpan<byte> Path { get; init; }

    /// <summary>The query as it was sent, without the question mark.</summary>
    public required ReadOnlySpan<byte> Query { get; init; }

    /// <summary>Whether a body follows, which is the mount's to take.</summary>
    public required bool HasBody { get; init; }

    /// <summary>What follows the mount point: empty, or it begins with a slash.</summary>
    public ReadOnlySpan<byte> Rest => Path[Mount.PointLength..];

    public bool IsGetOrHead => Method is RequestMethod.Get or RequestMethod.Head;
}
