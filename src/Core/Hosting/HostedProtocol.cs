using System.Runtime.CompilerServices;
using System.Text;
using EventLoops.Protocols.WebSocket;

namespace EventLoops;

/// <summary>A protocol in service on one virtual host: its name as bytes, and its connections, of each service thread the newest first.</summary>
internal sealed class HostedProtocol(VirtualHost host, Protocol protocol)
{
    private readonly ThreadShare[] _shares = [.. host.Context.Threads.Select(thread => new ThreadShare(thread))];

    public VirtualHost Host => host;

    public Protocol Protocol => protocol;

    public byte[] NameBytes { get; } = Encoding.ASCII.GetBytes(protocol.Name);

    /// <summary>How the frames of its connections are read.</summary>
    public StrongBox<FrameReaderOptions> FrameOptions { get; } = WebSocketRole.OptionsFor(protocol, host.Context.Limits, isServer: true);

    public void Add(Connection connection) => _shares[connection.Thread.Index].Open.Add(connection);

    public void Remove(Connection connection) => _shares[connection.Thread.Index].Open.Remove(connection);

    /// <summary>Asks for a writable callback for each of them: here at once, on other threads by a post.</summary>
    public void RequestWritableAll()
    {
        foreach (ThreadShare share in _shares)
            share.RequestWritableAll();
    }

    /// <summary>The connections of one thread, which only that thread touches.</summary>
    private sealed class ThreadShare(ServiceThread thread)
    {
        private static readonly Action<object?> Ask = static share => ((ThreadShare)share!).AskAll();

        private int _isAsked;

        public OpenWebSockets Open { get; } = new();

        public void RequestWritableAll()
        {
            // One post that has not been run yet asks for everybody who is there by then.
            if (Interlocked.Exchange(ref _isAsked, 1) == 0)
                thread.Do(Ask, this);
        }

        private void AskAll()
        {
            // Taken back first: whoever asks from now on may mean something newer than what is looked at here.
            Interlocked.Exchange(ref _isAsked, 0);
            Open.RequestWritableAll();
        }
    }
}
