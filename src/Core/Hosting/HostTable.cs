using System.Text;
using EventLoops.Protocols.Http;

namespace EventLoops;

/// <summary>
/// The virtual hosts of one listening socket, and which of them a name means. The name is what a request's Host field says, port and all; what a TLS
/// client names before its first request is matched by the same rules.
/// </summary>
internal sealed class HostTable : TlsContext.IServerNames
{
    // RFC 1035 2.3.4: no host has a longer name.
    private const int MaxNameLength = 255;

    private readonly List<VirtualHost> _hosts = [];
    private readonly Dictionary<string, VirtualHost> _byName = new(StringComparer.OrdinalIgnoreCase);
    private readonly Dictionary<string, VirtualHost>.AlternateLookup<ReadOnlySpan<char>> _lookup;

    public HostTable() => _lookup = _byName.GetAlternateLookup<ReadOnlySpan<char>>();

    /// <summary>The host for names that mean none: the one that came first. Null when there is none left.</summary>
    public VirtualHost? Default => _hosts.Count > 0 ? _hosts[0] : null;

    /// <summary>The host that a TLS handshake begins with, and stays with when the client's name means none: the first one that has TLS. Null when there is none.</summary>
    public VirtualHost? DefaultForTls => _hosts.Find(host => host.Tls is not null);

    /// <summary>
    /// Whether a host may be beside those that are here: all have TLS, or none has, unless one of those with TLS takes plain requests too.
    /// </summary>
    public bool Suits(VirtualHost host) => _hosts.Count == 0
        || (host.Tls is not null) == (_hosts[0].Tls is not null)
        || _hosts.Append(host).Any(one => one.Options.Tls is { AllowNonTlsOnTlsPort: true });

    /// <summary>Whether a host of that name is here.</summary>
    public bool Contains(string name) => _byName.ContainsKey(name);

    public void Add(VirtualHost host)
    {
        _byName.Add(host.Name, host);
        _hosts.Add(host);
    }

    public void Remove(VirtualHost host)
    {
        if (_hosts.Remove(host))
            _byName.Remove(host.Name);
    }

    /// <summary>
    /// The host whose name it is; else the nearest parent domain that is served, so that <c>cats.abc.com</c> finds <c>abc.com</c>; else the default.
    /// Names are compared whole and without regard to case (RFC 9110 4.2.3), never by their beginnings.
    /// </summary>
    /// <param name="authority">A valid name or address, with a port or without; empty when the peer named none.</param>
    public VirtualHost? Choose(ReadOnlySpan<byte> authority)
    {
        if (_hosts.Count <= 1)
            return Default;

        ReadOnlySpan<byte> bytes = HostName.WithoutPort(authority);
        if (bytes.Length > MaxNameLength)
            return Default;

        Span<char> characters = stackalloc char[MaxNameLength];
        ReadOnlySpan<char> name = characters[..Encoding.Latin1.GetChars(bytes, characters)];
        while (!name.IsEmpty)
        {
            if (_lookup.TryGetValue(name, out VirtualHost? host))
                return host;

            int dot = name.IndexOf('.');
            name = dot < 0 ? default : name[(dot + 1)..];
        }

        return Default;
    }

    /// <summary>The host of a TLS client that asks for this name (RFC 6066 3), by the same rules: one that has no TLS is none for it.</summary>
    /// <param name="serverName">The name; empty when the client gave none.</param>
    public VirtualHost? ChooseForTls(ReadOnlySpan<byte> serverName) => Choose(serverName) is { Tls: not null } host ? host : DefaultForTls;

    TlsContext? TlsContext.IServerNames.Choose(ReadOnlySpan<byte> serverName) => ChooseForTls(serverName)?.Tls;
}
