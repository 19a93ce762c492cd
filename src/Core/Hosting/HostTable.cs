using System.Diagnostics.CodeAnalysis;
using System.Text;
using EventLoops.Protocols.Http;

namespace EventLoops;

/// <summary>
/// The virtual hosts of one listening socket, and which of them a name means. The name is what a request's Host field says, port and all; what a TLS
/// client names before its first request is matched by the same rules. Thread 0 changes it, by putting another table in its place; every thread reads it.
/// </summary>
internal sealed class HostTable : TlsContext.IServerNames
{
    // RFC 1035 2.3.4: no host has a longer name.
    private const int MaxNameLength = 255;

    private volatile Hosts _hosts = new([]);

    /// <summary>The host for names that mean none: the one that came first. Null when there is none left.</summary>
    public VirtualHost? Default => _hosts.Default;

    /// <summary>The host that a TLS handshake begins with, and stays with when the client's name means none: the first one that has TLS. Null when there is none.</summary>
    public VirtualHost? DefaultForTls => Array.Find(_hosts.All, host => host.Tls is not null);

    /// <summary>
    /// Whether a host may be beside those that are here: all have TLS, or none has, unless one of those with TLS takes plain requests too.
    /// </summary>
    public bool Suits(VirtualHost host) => _hosts.All.Length == 0
        || (host.Tls is not null) == (_hosts.All[0].Tls is not null)
        || _hosts.All.Append(host).Any(one => one.Options.Tls is { AllowNonTlsOnTlsPort: true });

    /// <summary>Whether a host of that name is here.</summary>
    public bool Contains(string name) => _hosts.TryFind(name, out _);

    public void Add(VirtualHost host) => _hosts = new Hosts([.. _hosts.All, host]);

    public void Remove(VirtualHost host) => _hosts = new Hosts(Array.FindAll(_hosts.All, other => other != host));

    /// <summary>
    /// The host whose name it is; else the nearest parent domain that is served, so that <c>cats.abc.com</c> finds <c>abc.com</c>; else the default.
    /// Names are compared whole and without regard to case (RFC 9110 4.2.3), never by their beginnings.
    /// </summary>
    /// <param name="authority">A valid name or address, with a port or without; empty when the peer named none.</param>
    public VirtualHost? Choose(ReadOnlySpan<byte> authority) => TryFind(authority, out VirtualHost? host) ? host : Default;

    /// <summary>The host of a TLS client that asks for this name (RFC 6066 3), by the same rules: one that has no TLS is none for it.</summary>
    /// <param name="serverName">The name; empty when the client gave none.</param>
    public VirtualHost? ChooseForTls(ReadOnlySpan<byte> serverName) => TryFind(serverName, out VirtualHost? host) && host.Tls is not null ? host : DefaultForTls;

    /// <summary>Whether a request that came by TLS with a host may name this: it leads there, or to none (RFC 9110 7.4).</summary>
    /// <param name="authority">A valid name or address, with a port or without; empty when the peer named none.</param>
    /// <param name="agreed">The host that TLS was agreed with.</param>
    public bool IsFor(ReadOnlySpan<byte> authority, VirtualHost agreed) =>
        authority.IsEmpty || (TryFind(authority, out VirtualHost? host) ? host : DefaultForTls) == agreed;

    TlsContext? TlsContext.IServerNames.Choose(ReadOnlySpan<byte> serverName) => ChooseForTls(serverName)?.Tls;

    private bool TryFind(ReadOnlySpan<byte> authority, [NotNullWhen(true)] out VirtualHost? host)
    {
        Hosts hosts = _hosts;
        host = hosts.Only;
        return host is not null || TryFind(hosts, authority, out host);
    }

    private static bool TryFind(Hosts hosts, ReadOnlySpan<byte> authority, [NotNullWhen(true)] out VirtualHost? host)
    {
        host = null;
        ReadOnlySpan<byte> bytes = HostName.WithoutPort(authority);
        if (bytes.Length > MaxNameLength)
            return false;

        Span<char> characters = stackalloc char[MaxNameLength];
        ReadOnlySpan<char> name = characters[..Encoding.Latin1.GetChars(bytes, characters)];
        while (!name.IsEmpty)
        {
            if (hosts.TryFind(name, out host))
                return true;

            int dot = name.IndexOf('.');
            name = dot < 0 ? default : name[(dot + 1)..];
        }

        return false;
    }

    /// <summary>The hosts at one time, which never change.</summary>
    private sealed class Hosts
    {
        private readonly Dictionary<string, VirtualHost>.AlternateLookup<ReadOnlySpan<char>> _byName;

        public Hosts(VirtualHost[] all)
        {
            All = all;
            Only = all.Length == 1 ? all[0] : null;
            _byName = all.ToDictionary(host => host.Name, StringComparer.OrdinalIgnoreCase).GetAlternateLookup<ReadOnlySpan<char>>();
        }

        public VirtualHost[] All { get; }

        /// <summary>The one that there is, whatever is asked for; null when there are others.</summary>
        public VirtualHost? Only { get; }

        public VirtualHost? Default => All.Length > 0 ? All[0] : null;

        public bool TryFind(ReadOnlySpan<char> name, [NotNullWhen(true)] out VirtualHost? host) => _byName.TryGetValue(name, out host);
    }
}
