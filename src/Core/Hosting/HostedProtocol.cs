using System.Text;
using EventLoops.Protocols.WebSocket;

namespace EventLoops;

/// <summary>A protocol in service on one virtual host: its name as bytes, and its connections, the newest first.</summary>
internal sealed class HostedProtocol(VirtualHost host, Protocol protocol)
{
    private readonly OpenWebSockets _open = new();

    public VirtualHost Host => host;

    public Protocol Protocol => protocol;

    public byte[] NameBytes { get; } = Encoding.ASCII.GetBytes(protocol.Name);

    /// <summary>How the frames of its server connections are read.</summary>
    public FrameReaderOptions FrameOptions(ConnectionLimits limits) => WebSocketRole.OptionsFor(protocol, limits, isServer: true);

    public void Add(Connection connection) => _open.Add(connection);

    public void Remove(Connection connection) => _open.Remove(connection);

    public void RequestWritableAll() => _open.RequestWritableAll();
}
