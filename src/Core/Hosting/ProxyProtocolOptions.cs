using System.Net;

namespace EventLoops;

/// <summary>
/// That a load balancer or another proxy stands in front of an endpoint and begins each connection with a header of the PROXY protocol, version 1 or 2, which says whom
/// it speaks for: then <see cref="Connection.RemoteEndPoint"/> and <see cref="Connection.LocalEndPoint"/> are those of the client. The header comes before
/// everything else, TLS included, within <see cref="ConnectionTimeouts.FirstByte"/>, and every connection must have one.
/// </summary>
public sealed class ProxyProtocolOptions
{
    /// <summary>
    /// Who may say so: the networks of the proxies, such as <c>IPNetwork.Parse("10.0.0.0/8")</c>. A connection from elsewhere is closed when it is accepted, or
    /// anybody could claim any address. Peers of Unix sockets have none and are trusted; the permissions of the file say who they are.
    /// </summary>
    public required IReadOnlyList<IPNetwork> TrustedNetworks { get; init; }

    internal void Validate()
    {
        ArgumentNullException.ThrowIfNull(TrustedNetworks);
    }

    internal bool Trusts(EndPoint? peer)
    {
        if (peer is not IPEndPoint { Address: { } address })
            return peer is not null;
        if (address.IsIPv4MappedToIPv6)
            address = address.MapToIPv4();

        foreach (IPNetwork network in TrustedNetworks)
        {
            if (network.Contains(address))
                return true;
        }

        return false;
    }
}
