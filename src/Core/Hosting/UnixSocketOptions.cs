namespace EventLoops;

/// <summary>
/// Whom the file of a Unix socket lets in. A client needs the permission to write (unix(7)). What is set here is in force before the first client can
/// connect. Abstract names, written with an <c>@</c>, are no files and have none of this.
/// </summary>
public sealed class UnixSocketOptions
{
    private const UnixFileMode AllPermissions = (UnixFileMode)0x1FF;

    /// <summary>The permissions of the file; null, the default, leaves what the process' umask makes of them.</summary>
    public UnixFileMode? Mode { get; init; }

    /// <summary>The number of the user who is to own the file; null, the default, for the process' own. Giving a file away takes CAP_CHOWN.</summary>
    public uint? UserId { get; init; }

    /// <summary>The number of the group of the file; null, the default, for the process' own. It must be one of the process' groups, or takes CAP_CHOWN.</summary>
    public uint? GroupId { get; init; }

    /// <summary>
    /// Whether a socket file that nobody listens on any more, as a killed process leaves it behind, is removed. Default false: then it is EADDRINUSE.
    /// Anything that is no socket, or has somebody listening, is never removed.
    /// </summary>
    public bool RemoveStale { get; init; }

    internal void Validate()
    {
        if (Mode is { } mode && (mode & ~AllPermissions) != 0)
            throw new ArgumentOutOfRangeException(nameof(Mode), mode, $"{nameof(UnixSocketOptions)}.{nameof(Mode)} has permissions of user, group and others only.");
    }
}
