using System.Net;

namespace EventLoops.Simulated;

/// <summary>A listener of the world outside, for a program under test that connects. Nobody is answered before the test wants it.</summary>
public sealed class SimulatedListener : IDisposable
{
    private readonly SimulatedKernel _kernel;
    private readonly VirtualSocket _socket;

    internal SimulatedListener(SimulatedKernel kernel, VirtualSocket socket)
    {
        _kernel = kernel;
        _socket = socket;
    }

    /// <summary>Where it listens.</summary>
    public EndPoint EndPoint => _socket.Local!;

    /// <summary>The port, or 0 for a Unix path.</summary>
    public int Port => (EndPoint as IPEndPoint)?.Port ?? 0;

    /// <summary>Takes the connection of somebody who has connected; null when there is none.</summary>
    public SimulatedPeer? TryAccept()
    {
        lock (_kernel.Gate)
        {
            if (_socket.Queue is not { HasReady: true } queue) return null;

            _kernel.Note("peer.accept", Port, -1, IoResult.Ok(0));
            return new SimulatedPeer(_kernel, queue.Take());
        }
    }

    /// <summary>
    /// How many connections may wait to be accepted before the next one gets no answer at all, which is how a program's own deadline for connecting is
    /// tested. No limit at first; 0 answers nobody.
    /// </summary>
    public int Backlog
    {
        get
        {
            lock (_kernel.Gate) return _socket.Queue!.Backlog;
        }

        set
        {
            ArgumentOutOfRangeException.ThrowIfNegative(value);
            lock (_kernel.Gate)
            {
                _socket.Queue!.Backlog = value;
                _kernel.TellOthers();
            }
        }
    }

    /// <summary>Stops listening; whoever was not accepted is reset.</summary>
    public void Dispose()
    {
        lock (_kernel.Gate)
        {
            _kernel.CloseSocket(_socket);
            _kernel.TellOthers();
        }
    }
}
