namespace EventLoops;

/// <summary>
/// The open client connections of a service thread, by the protocol that they speak. A protocol is known for as long as one of them is open: programs may make
/// a new one for each connection.
/// </summary>
internal sealed class ClientWebSockets
{
    private readonly Dictionary<Protocol, OpenWebSockets> _byProtocol = new(ReferenceEqualityComparer.Instance);

    public void Add(Connection connection)
    {
        if (!_byProtocol.TryGetValue(connection.Protocol, out OpenWebSockets? open))
            _byProtocol.Add(connection.Protocol, open = new OpenWebSockets());
        open.Add(connection);
    }

    public void Remove(Connection connection)
    {
        if (!_byProtocol.TryGetValue(connection.Protocol, out OpenWebSockets? open))
            return;

        open.Remove(connection);
        if (open.IsEmpty)
            _byProtocol.Remove(connection.Protocol);
    }

    public void RequestWritableAll(Protocol protocol)
    {
        if (_byProtocol.TryGetValue(protocol, out OpenWebSockets? open))
            open.RequestWritableAll();
    }
}
