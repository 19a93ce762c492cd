using System.Globalization;
using System.Text;

namespace EventLoops;

/// <summary>A mount in service on a virtual host: what its options come to, worked out once.</summary>
internal sealed class HostedMount
{
    private readonly byte[] _point;

    public HostedMount(Mount mount, VirtualHost host)
    {
        Mount = mount;
        Origin = mount.Origin.Located();
        Point = mount.MountPoint.TrimEnd('/');
        _point = Encoding.UTF8.GetBytes(Point);
        CacheControl = CacheControlOf(mount);
        Types = new MimeTypes(mount.ExtraMimeTypes);
        if (Origin.Kind == MountKind.Callback)
            Protocol = host.FindByName(Origin.Target);
        ReverseProxy = Origin.ToReverseProxy(_point);
    }

    public Mount Mount { get; }

    public MountOrigin Origin { get; }

    /// <summary>The mount point without a slash at its end, so that the root is empty.</summary>
    public string Point { get; }

    /// <summary>How long the mount point is in bytes: where the rest of a path begins.</summary>
    public int PointLength => _point.Length;

    /// <summary>The value of <c>Cache-Control</c> for files.</summary>
    public string CacheControl { get; }

    /// <summary>Content types by file name.</summary>
    public MimeTypes Types { get; }

    /// <summary>Who answers, for a mount of the kind <see cref="MountKind.Callback"/>.</summary>
    public HostedProtocol? Protocol { get; }

    /// <summary>Whom to ask, for a mount of the kind <see cref="MountKind.Http"/> or <see cref="MountKind.Https"/>.</summary>
    public ReverseProxyOrigin? ReverseProxy { get; }

    /// <summary>Whether a decoded path is the mount point or lies below it: <c>/application</c> does not lie below <c>/app</c>.</summary>
    public bool Covers(ReadOnlySpan<byte> path) =>
        path.StartsWith(_point) && (path.Length == _point.Length || path[_point.Length] == '/');

    /// <summary>RFC 9111 5.2.2. <c>no-cache</c> keeps an answer and asks each time whether it is still right.</summary>
    private static string CacheControlOf(Mount mount)
    {
        if (!mount.CacheReusable)
            return "no-store";

        string who = mount.CacheIntermediaries ? "public" : "private";
        long seconds = (long)mount.CacheMaxAge.TotalSeconds;
        if (seconds == 0)
            return $"{who}, no-cache";

        string revalidate = mount.CacheRevalidate ? ", must-revalidate" : "";
        return string.Create(CultureInfo.InvariantCulture, $"{who}, max-age={seconds}{revalidate}");
    }
}
