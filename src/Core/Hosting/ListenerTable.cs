using System.Net;

namespace EventLoops;

/// <summary>
/// The endpoints of a context. Virtual hosts that name the same endpoint share its listener: it is opened for the first and closed with the last. Only thread 0
/// changes the table.
/// </summary>
internal sealed class ListenerTable(LoopContext context)
{
    private readonly List<Listener> _listeners = [];

    /// <summary>Has a host served at an endpoint.</summary>
    /// <exception cref="ArgumentException">A host of the same name is served there.</exception>
    /// <exception cref="LoopFaultException">The system refused to listen there.</exception>
    public Listener Join(VirtualHost host, EndPoint endPoint)
    {
        Listener? shared = _listeners.Find(listener => listener.IsAt(endPoint));
        if (shared is not null && shared.Hosts.Contains(host.Name))
            throw new ArgumentException($"A virtual host named '{host.Name}' is served at {endPoint} already.");
        if (shared is not null && !shared.Hosts.Suits(host))
        {
            throw new ArgumentException(
                $"{nameof(VirtualHostOptions.Tls)}: '{host.Name}' {(host.Tls is null ? "has no TLS, but others" : "has TLS, but others")} at {endPoint} "
                + $"{(host.Tls is null ? "have" : "have not")}. Give it an endpoint of its own, or let plain requests in by {nameof(TlsOptions.AllowNonTlsOnTlsPort)}.");
        }

        if (shared is not null)
        {
            shared.Hosts.Add(host);
            return shared;
        }

        // The host is there before the first connection, which another thread may accept at once.
        HostTable hosts = new();
        hosts.Add(host);
        shared = Listener.Open(context.Thread, endPoint, host.Options, hosts, context.ListenerPerThread ? context.AllThreads : [context.Thread]);
        _listeners.Add(shared);
        return shared;
    }

    /// <summary>A host is not served there any more.</summary>
    public void Leave(VirtualHost host, Listener listener)
    {
        listener.Hosts.Remove(host);
        if (listener.Hosts.Default is not null)
            return;

        listener.CloseEverywhere();
        _listeners.Remove(listener);
    }
}
