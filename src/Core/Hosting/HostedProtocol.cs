using System.Text;
using EventLoops.Protocols.WebSocket;

namespace EventLoops;

/// <summary>A protocol in service on one virtual host: its name as bytes, and its connections, the newest first.</summary>
internal sealed class HostedProtocol(VirtualHost host, Protocol protocol)
{
    private Connection? _newest;

    public VirtualHost Host => host;

    public Protocol Protocol => protocol;

    public byte[] NameBytes { get; } = Encoding.ASCII.GetBytes(protocol.Name);

    /// <summary>The newest of the open WebSockets; the others follow by <see cref="Connection.NextInProtocol"/>.</summary>
    public Connection? Newest => _newest;

    /// <summary>How the frames of its server connections are read.</summary>
    public FrameReaderOptions FrameOptions(ConnectionLimits limits) => WebSocketRole.OptionsFor(protocol, limits, isServer: true);

    public void Add(Connection connection)
    {
        connection.NextInProtocol = _newest;
        connection.PreviousInProtocol = null;
        if (_newest is not null)
            _newest.PreviousInProtocol = connection;
        _newest = connection;
    }

    public void Remove(Connection connection)
    {
        Connection? next = connection.NextInProtocol;
        Connection? previous = connection.PreviousInProtocol;
        if (next is not null)
            next.PreviousInProtocol = previous;
        if (previous is not null)
            previous.NextInProtocol = next;
        else if (_newest == connection)
            _newest = next;

        connection.NextInProtocol = connection.PreviousInProtocol = null;
    }

    public void RequestWritableAll()
    {
        for (Connection? connection = _newest; connection is not null; connection = connection.NextInProtocol)
            connection.RequestWritable();
    }
}
