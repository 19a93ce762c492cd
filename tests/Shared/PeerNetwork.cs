using System.Net;
using System.Net.Sockets;

namespace EventLoops.Tests;

/// <summary>Where the peers of a test live: the loopback of this machine, or a kernel that is simulated.</summary>
public abstract class PeerNetwork
{
    /// <summary>The loopback, with sockets of the framework.</summary>
    public static PeerNetwork Loopback { get; } = new LoopbackNetwork();

    /// <summary>An address of this machine beside 127.0.0.1, on which the same port is another one. Each process has its own, so that the port is free on it.</summary>
    public virtual IPAddress OtherAddress { get; } =
        new([127, (byte)(64 | ((Environment.ProcessId >> 16) & 63)), (byte)(Environment.ProcessId >> 8), (byte)Environment.ProcessId]);

    /// <summary>Connects to a listener, which need not have accepted for this to return.</summary>
    /// <param name="endPoint">Where to.</param>
    /// <param name="receiveBuffer">The kernel's receive buffer in bytes; 0 leaves it alone.</param>
    public abstract PeerSocket Connect(EndPoint endPoint, int receiveBuffer);

    /// <summary>Listens.</summary>
    /// <param name="endPoint">Where; port 0 is a free one.</param>
    public abstract PeerListener Listen(EndPoint endPoint);

    /// <summary>A listener on a free port whose queue is full: whoever connects gets no answer from the kernel.</summary>
    public abstract PeerListener ListenWithoutAnswer();

    /// <summary>An address on which nobody listens. It stays taken until it is disposed, so that no other test comes to listen there: connecting to it is refused.</summary>
    public abstract PeerListener BindWithoutListening();

    private sealed class LoopbackNetwork : PeerNetwork
    {
        public override PeerSocket Connect(EndPoint endPoint, int receiveBuffer)
        {
            Socket socket = NewSocket(endPoint);
            try
            {
                if (receiveBuffer > 0) socket.ReceiveBufferSize = receiveBuffer;
                socket.Connect(endPoint);
                return new LoopbackSocket(socket);
            }
            catch
            {
                socket.Dispose();
                throw;
            }
        }

        public override PeerListener Listen(EndPoint endPoint)
        {
            Socket socket = NewSocket(endPoint);
            try
            {
                socket.Bind(endPoint);
                socket.Listen();
                socket.Blocking = false;
                return new LoopbackListener(socket);
            }
            catch
            {
                socket.Dispose();
                throw;
            }
        }

        public override PeerListener ListenWithoutAnswer()
        {
            // A queue of length 0 holds one connection.
            IPEndPoint anyPort = new(IPAddress.Loopback, 0);
            Socket full = NewSocket(anyPort);
            full.Bind(anyPort);
            full.Listen(0);
            Socket first = NewSocket(anyPort);
            first.Connect(full.LocalEndPoint!);
            return new LoopbackListener(full, first);
        }

        public override PeerListener BindWithoutListening()
        {
            IPEndPoint anyPort = new(IPAddress.Loopback, 0);
            Socket bound = NewSocket(anyPort);
            bound.Bind(anyPort);
            return new LoopbackListener(bound);
        }

        private static Socket NewSocket(EndPoint endPoint) =>
            new(endPoint.AddressFamily, SocketType.Stream, endPoint.AddressFamily == AddressFamily.Unix ? ProtocolType.Unspecified : ProtocolType.Tcp);
    }

    private sealed class LoopbackListener(Socket socket, Socket? first = null) : PeerListener
    {
        public override EndPoint EndPoint => socket.LocalEndPoint!;

        public override PeerSocket? TryAccept(TimeSpan patience) =>
            socket.Poll(patience, SelectMode.SelectRead) ? new LoopbackSocket(socket.Accept()) : null;

        public override void Dispose()
        {
            first?.Dispose();
            socket.Dispose();
        }
    }
}

/// <summary>Somebody who takes connections.</summary>
public abstract class PeerListener : IDisposable
{
    /// <summary>Where it listens.</summary>
    public abstract EndPoint EndPoint { get; }

    /// <summary>Takes a connection, or null when none has come in time.</summary>
    public abstract PeerSocket? TryAccept(TimeSpan patience);

    /// <inheritdoc/>
    public abstract void Dispose();
}
