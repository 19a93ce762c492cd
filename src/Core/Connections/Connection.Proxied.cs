using System.Net;
using System.Net.Sockets;
using EventLoops.Protocols.Proxy;

namespace EventLoops;

/// <summary>
/// Whom a proxy in front of us speaks for: the header of the PROXY protocol, which is read before anything else gets a byte, and the addresses that it names.
/// </summary>
public sealed partial class Connection
{
    private bool _awaitsProxyHeader;
    private ByteQueue _proxyHeader;
    private EndPoint? _proxiedRemote;
    private EndPoint? _proxiedLocal;

    /// <summary>Takes the header from the front of what was received.</summary>
    /// <returns>Whether it is complete, and <paramref name="bytes"/> are what follows it; false while more is to come, and after the end.</returns>
    private bool TakeProxyHeader(ref Span<byte> bytes)
    {
        int before = _proxyHeader.Length;
        ReadOnlySpan<byte> all = bytes;
        if (before > 0)
        {
            _proxyHeader.Append(bytes);
            all = _proxyHeader.Span;
        }

        ProxyHeaderStatus status = ProxyHeader.Read(all, out ProxyHeader header, out int consumed, out ProtocolFault fault);
        if (status == ProxyHeaderStatus.NeedMore)
        {
            // A header is bounded, and so is what is kept of one.
            if (before == 0)
                _proxyHeader.Append(bytes);
            return false;
        }

        _proxyHeader.Clear();
        _awaitsProxyHeader = false;
        if (status == ProxyHeaderStatus.Fault)
        {
            EndByProxyHeader(fault);
            return false;
        }

        bytes = bytes[(consumed - before)..];
        return Adopt(header);
    }

    /// <summary>From now on the connection is that of the client; so it also counts among those of the client's address.</summary>
    private bool Adopt(in ProxyHeader header)
    {
        (_proxiedRemote, _proxiedLocal) = header.Family switch
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
            CountedAddress = address;
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
