using System.Collections.ObjectModel;
using EventLoops.Protocols.Http;

namespace EventLoops;

/// <summary>
/// A part of a virtual host's paths that is answered from somewhere else than protocol 0: the original's <c>lws_http_mount</c>. Of several mounts that fit,
/// the one with the longest mount point is taken.
/// </summary>
public sealed class Mount
{
    /// <summary>Where the paths begin that belong to it: <c>/app</c> means that path and everything below, and not <c>/application</c>.</summary>
    public required string MountPoint { get; init; }

    /// <summary>What lies behind it.</summary>
    public required MountOrigin Origin { get; init; }

    /// <summary>
    /// Who may come in, for every kind of mount; null, the default, for everybody. A CGI program is told the user. Requests to become a WebSocket go to
    /// their protocol, whatever is mounted at their path, and are not asked; but those below a reverse proxy go there, and are.
    /// </summary>
    public BasicAuthentication? Authentication { get; init; }

    /// <summary>
    /// Files: the file that stands for a folder, in the mount's own and in every folder below. Default <c>index.html</c>.
    /// </summary>
    public string DefaultFile { get; init; } = "index.html";

    /// <summary>Files: for how long a cache may use an answer without asking again. Whole seconds; default zero, which means that it always asks.</summary>
    public TimeSpan CacheMaxAge { get; init; }

    /// <summary>Files: whether caches may keep answers at all. Default false: <c>Cache-Control: no-store</c> (RFC 9111 5.2.2).</summary>
    public bool CacheReusable { get; init; }

    /// <summary>Files: whether a cache must ask again once <see cref="CacheMaxAge"/> is over, rather than use what it has in an emergency.</summary>
    public bool CacheRevalidate { get; init; }

    /// <summary>Files: whether caches between us and the browser may keep answers as well, and not only the browser.</summary>
    public bool CacheIntermediaries { get; init; }

    /// <summary>
    /// Files: content types by file name extension, with or without its dot, before and beside the built-in ones; <c>*</c> stands for every extension
    /// that is known to neither, which otherwise is <c>application/octet-stream</c>. Cases of letters do not matter.
    /// </summary>
    public IReadOnlyDictionary<string, string> ExtraMimeTypes { get; init; } = ReadOnlyDictionary<string, string>.Empty;

    /// <summary>Header fields of every answer that the mount gives itself: all but those of <see cref="MountOrigin.Callback"/>.</summary>
    public IReadOnlyList<HttpField> Fields { get; init; } = [];

    /// <summary>Cgi: variables for the program, beside and before those of RFC 3875.</summary>
    public IReadOnlyDictionary<string, string> CgiEnvironment { get; init; } = ReadOnlyDictionary<string, string>.Empty;

    /// <summary>
    /// Cgi: how long the program may be silent, neither taking a part of the request nor giving one of the answer, while the client waits for it. Then it is
    /// ended; a client that has had nothing yet is told 504. Default 60 s, as Apache and nginx; <see cref="Timeout.InfiniteTimeSpan"/> for no limit.
    /// </summary>
    public TimeSpan CgiTimeout { get; init; } = TimeSpan.FromSeconds(60);

    /// <summary>
    /// Checks the mount as the constructor of a context does, for programs that read mounts from somewhere and want to say where a mistake is.
    /// </summary>
    /// <param name="protocols">The protocols of the virtual host, which <see cref="MountOrigin.Callback"/> names one of.</param>
    /// <exception cref="ArgumentException">A member is wrong; the message and the parameter name it.</exception>
    public void Validate(IReadOnlyList<Protocol> protocols)
    {
        ArgumentNullException.ThrowIfNull(protocols);
        string member = $"{nameof(Mount)}.{nameof(MountPoint)}";
        ArgumentNullException.ThrowIfNull(MountPoint, member);
        ArgumentNullException.ThrowIfNull(Origin, $"{nameof(Mount)}.{nameof(Origin)}");
        if (!IsMountPoint(MountPoint))
            throw Wrong(nameof(MountPoint), $"'{MountPoint}' is no path, such as '/' or '/app'.");

        ValidateFileOptions();
        ValidateFields();
        foreach ((string name, string value) in CgiEnvironment)
        {
            if (name.Length == 0 || name.Contains('=', StringComparison.Ordinal) || name.Contains('\0', StringComparison.Ordinal) || value.Contains('\0', StringComparison.Ordinal))
                throw Wrong(nameof(CgiEnvironment), $"'{name}' cannot be a variable.");
        }

        ConnectionTimeouts.Check(CgiTimeout, $"{nameof(Mount)}.{nameof(CgiTimeout)}");
        Origin.Validate(protocols);
    }

    private static bool IsMountPoint(string text)
    {
        if (!text.StartsWith('/') || text.Any(char.IsControl))
            return false;

        // Requests are compared without dot segments, so a mount point that has some would never be found.
        string inner = text.Trim('/');
        return inner.Length == 0 ? text.Length == 1 : !text.StartsWith("//", StringComparison.Ordinal) && inner.Split('/').All(segment => segment is not ("" or "." or ".."));
    }

    private void ValidateFileOptions()
    {
        if (string.IsNullOrEmpty(DefaultFile) || DefaultFile.Contains('/', StringComparison.Ordinal) || DefaultFile is "." or "..")
            throw Wrong(nameof(DefaultFile), $"'{DefaultFile}' is no name of a file.");

        // RFC 9111 1.2.2: a cache need not count further than 2^31 seconds.
        if (CacheMaxAge < TimeSpan.Zero || CacheMaxAge.TotalSeconds > int.MaxValue)
            throw new ArgumentOutOfRangeException(nameof(CacheMaxAge), CacheMaxAge, $"{nameof(Mount)}.{nameof(CacheMaxAge)} must lie between zero and 68 years.");
    }

    private void ValidateFields()
    {
        CheckFields(nameof(Fields), Fields);
        CheckFields(nameof(ExtraMimeTypes), ExtraMimeTypes.Values.Select(type => new HttpField("Content-Type", type)));
    }

    private static void CheckFields(string member, IEnumerable<HttpField> fields)
    {
        HeadWriter probe = new(new byte[64 * 1024]);
        try
        {
            foreach (HttpField field in fields)
                probe.Field(field.Name, field.Value);
        }
        catch (ArgumentException wrong)
        {
            throw Wrong(member, wrong.Message);
        }
    }

    private static ArgumentException Wrong(string member, string sentence) => new($"{nameof(Mount)}.{member}: {sentence}", member);
}
