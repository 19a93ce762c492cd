namespace EventLoops;

/// <summary>The mounts of a virtual host, the longest mount point first, so that the first one that fits is the right one.</summary>
internal sealed class MountTable(VirtualHost host, IReadOnlyList<Mount> mounts)
{
    private readonly HostedMount[] _mounts =
        [.. mounts.Select(mount => new HostedMount(mount, host)).OrderByDescending(mount => mount.PointLength)];

    /// <summary>The origins of its reverse proxies.</summary>
    public IEnumerable<ReverseProxyOrigin> ReverseProxies => _mounts.Select(mount => mount.ReverseProxy).OfType<ReverseProxyOrigin>();

    /// <summary>Whether there is a reverse proxy among them, so that WebSockets may be somebody else's.</summary>
    public bool HasReverseProxy { get; } = mounts.Any(mount => mount.Origin.Kind is MountKind.Http or MountKind.Https);

    /// <summary>The mount that a decoded path belongs to.</summary>
    public HostedMount? Find(ReadOnlySpan<byte> path)
    {
        foreach (HostedMount mount in _mounts)
        {
            if (mount.Covers(path))
                return mount;
        }

        return null;
    }

    /// <summary>Two mounts at one place cannot both be right.</summary>
    public static void Validate(IReadOnlyList<Mount> mounts, IReadOnlyList<Protocol> protocols)
    {
        ArgumentNullException.ThrowIfNull(mounts);
        HashSet<string> points = new(StringComparer.Ordinal);
        foreach (Mount mount in mounts)
        {
            ArgumentNullException.ThrowIfNull(mount, nameof(VirtualHostOptions.Mounts));
            mount.Validate(protocols);
            if (!points.Add(mount.MountPoint.TrimEnd('/')))
                throw new ArgumentException($"{nameof(Mount)}.{nameof(Mount.MountPoint)}: there are two mounts at '{mount.MountPoint}'.", nameof(mounts));
        }
    }
}
