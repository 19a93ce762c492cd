using System.Net;
using System.Net.Sockets;
using EventLoops.Protocols.Proxy;

namespace EventLoops;

/// <summary>
/// Whom a proxy in front of us speaks for: the header of the PROXY protocol, which is read before anything else gets a byte, and the addresses that it names.
/// </summary>
public sealed partial class Connection
{
    private PeerIdentity? _identity;

    /// <summary>Takes the header from the front of what was received.</summary>
    /// <returns>Whether it is complete, and <paramref name="bytes"/> are what follows it; false while more is to come, and after the end.</returns>
    private bool TakeProxyHeader(PeerIdentity identity, ref Span<byte> bytes)
    {
        int before = identity.Header.Length;
        ReadOnlySpan<byte> all = bytes;
        if (before > 0)
        {
            identity.Header.Append(bytes);
            all = identity.Header.Span;
        }

        ProxyHeaderStatus status = ProxyHeader.Read(all, out ProxyHeader header, out int consumed, out ProtocolFault fault);
        if (status == ProxyHeaderStatus.NeedMore)
        {
            // A header is bounded, and so is what is kept of one.
            if (before == 0)
                identity.Header.Append(bytes);
            return false;
        }

        identity.Header.Clear();
        identity.AwaitsHeader = false;
        if (status == ProxyHeaderStatus.Fault)
        {
            EndByProxyHeader(fault);
            return false;
        }

        bytes = bytes[(consumed - before)..];
        return Adopt(identity, header);
    }

    /// <summary>From now on the connection is that of the client; so it also counts among those of the client's address.</summary>
    private bool Adopt(PeerIdentity identity, in ProxyHeader header)
    {
        (identity.Remote, identity.Local) = header.Family switch
        {
            ProxyFamily.Internet => (header.Source, header.Destination),
            ProxyFamily.Unix => (UnixEndPoint(header.SourcePath!), UnixEndPoint(header.DestinationPath!)),
            _ => ((EndPoint?)null, (EndPoint?)null),
        };
        if (Context.Addresses is not { } addresses)
            return true;

        ulong address = AddressLimit.KeyOf(RemoteEndPoint);
        if (addresses.TryEnter(address))
        {
            identity.CountedAddress = address;
            return true;
        }

        Thread.Counters.CountTurnedAway(TurnAwayReason.AddressLimit);
        End(new CloseInfo { Code = WebSocketCloseCode.Abnormal, Origin = CloseOrigin.Local });
        return false;
    }

    /// <summary>Nothing that such a peer says can be believed, so it gets no answer either.</summary>
    private void EndByProxyHeader(ProtocolFault fault)
    {
        Context.Log.Refused(Id, 0, fault.Describe());
        Thread.Counters.CountRefused(fault, status: 0);
        End(new CloseInfo { Code = WebSocketCloseCode.Abnormal, Origin = CloseOrigin.Error, Fault = fault });
    }

    private static UnixDomainSocketEndPoint UnixEndPoint(string path)
    {
        // A socket without a name has an endpoint all the same; unix(7) calls it unnamed.
        if (path.Length == 0)
            return new UnixDomainSocketEndPoint("unnamed");
        return new UnixDomainSocketEndPoint(path[0] == '@' ? '\0' + path[1..] : path);
    }
}
