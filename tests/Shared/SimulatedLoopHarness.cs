using System.Net;
using EventLoops.Simulated;

namespace EventLoops.Tests;

/// <summary>Drives a loop on a kernel of its own that is simulated, with peers that live there too.</summary>
public sealed class SimulatedLoopHarness : LoopHarness
{
    private readonly SimulatedLoop _loop;
    private readonly VirtualNetwork _network;

    private SimulatedLoopHarness(SimulatedLoop loop, EventLoopOptions options)
        : base(loop, options)
    {
        _loop = loop;
        _network = new VirtualNetwork(loop.Kernel);
    }

    /// <summary>The kernel.</summary>
    public SimulatedKernel Kernel => _loop.Kernel;

    /// <inheritdoc/>
    public override PeerNetwork PlainNetwork => _network;

    /// <summary>Makes a loop on a kernel, whose system calls go through the counters of <paramref name="options"/>.</summary>
    /// <param name="options">The clock and the counters.</param>
    /// <param name="script">How the kernel behaves; null for a friendly one.</param>
    public static SimulatedLoopHarness New(EventLoopOptions options, KernelScript? script = null)
    {
        SimulatedKernel kernel = new(script);
        if (options.SocketIo is CountingSocketIo counting) counting.Inner = kernel.Sockets;
        return new SimulatedLoopHarness(new SimulatedLoop(kernel, options), options);
    }

    /// <inheritdoc/>
    public override DescriptorSource NewDescriptors() => new VirtualDescriptors(_loop.Kernel);

    /// <inheritdoc/>
    public override bool Turn(int maxMilliseconds = 0) => _loop.RunOnce(maxMilliseconds);

    private sealed class VirtualNetwork(SimulatedKernel kernel) : PeerNetwork
    {
        // The kernel tells ports apart by family and not by address.
        public override IPAddress OtherAddress => IPAddress.IPv6Loopback;

        public override PeerSocket Connect(EndPoint endPoint, int receiveBuffer)
        {
            SimulatedPeer peer = kernel.Connect(endPoint);
            if (peer.IsReset) throw new InvalidOperationException($"Nobody listens on {endPoint}.");
            if (receiveBuffer > 0) peer.ReceiveBuffer = receiveBuffer;
            return new VirtualSocket(peer);
        }

        public override PeerListener Listen(EndPoint endPoint) => new VirtualListener(kernel.Listen(endPoint));

        public override PeerListener ListenWithoutAnswer()
        {
            SimulatedListener listener = kernel.Listen(0);
            listener.Backlog = 0;
            return new VirtualListener(listener);
        }

        public override PeerListener BindWithoutListening()
        {
            // Nobody else is in this kernel, and it does not give the same port twice.
            SimulatedListener listener = kernel.Listen(0);
            listener.Dispose();
            return new VirtualListener(listener);
        }
    }

    private sealed class VirtualListener(SimulatedListener listener) : PeerListener
    {
        public override EndPoint EndPoint => listener.EndPoint;

        public override PeerSocket? TryAccept(TimeSpan patience) => listener.TryAccept() is { } peer ? new VirtualSocket(peer) : null;

        public override void Dispose() => listener.Dispose();
    }

    private sealed class VirtualSocket(SimulatedPeer peer) : PeerSocket
    {
        private bool _resets;

        public override IoResult Send(ReadOnlySpan<byte> bytes)
        {
            int count = peer.Send(bytes);
            if (count > 0 || bytes.IsEmpty) return IoResult.Ok(count);
            return IoResult.Failed(peer.IsReset ? Errno.ECONNRESET : Errno.EAGAIN);
        }

        public override IoResult Receive(Span<byte> buffer)
        {
            int count = peer.Receive(buffer);
            if (count > 0 || peer.IsEnded) return IoResult.Ok(count);
            return IoResult.Failed(peer.IsReset ? Errno.ECONNRESET : Errno.EAGAIN);
        }

        public override bool ShutdownWrite()
        {
            peer.ShutdownWrite();
            return !peer.IsReset;
        }

        public override void ResetOnDispose() => _resets = true;

        public override void Wait(bool forRoom) => throw new NotSupportedException("A virtual peer has nobody to wait for but the loop, which its harness turns.");

        public override void Dispose()
        {
            if (_resets) peer.Reset();
            else peer.Dispose();
        }
    }
}
