using System.Net;
using System.Net.Sockets;
using EventLoops.Simulated;

namespace EventLoops.Tests.Simulated;

/// <summary>What the tests of the simulated kernel do again and again.</summary>
internal static class VirtualNet
{
    public const int Port = 7;

    /// <summary>A descriptor that listens on <see cref="Port"/>.</summary>
    public static int Listen(SimulatedKernel kernel, int backlog = 16)
    {
        int fd = kernel.Sockets.OpenStream(AddressFamily.InterNetwork).Value;
        kernel.Sockets.Bind(fd, new IPEndPoint(IPAddress.Loopback, Port));
        kernel.Sockets.Listen(fd, backlog);
        return fd;
    }

    /// <summary>A peer and the descriptor at the other end; the listener is closed again.</summary>
    public static (SimulatedPeer Peer, int Fd) Connect(SimulatedKernel kernel)
    {
        int listener = Listen(kernel);
        SimulatedPeer peer = kernel.Connect(Port);
        int fd = kernel.Sockets.Accept(listener).Value;
        kernel.Sockets.Close(listener);
        return (peer, fd);
    }

    /// <summary>Reads once.</summary>
    public static (IoResult Result, byte[] Bytes) Receive(SimulatedKernel kernel, int fd, int size = 1024)
    {
        byte[] buffer = new byte[size];
        IoResult result = kernel.Sockets.Receive(fd, buffer);
        return (result, buffer[..result.Value]);
    }

    /// <summary>What a wait reports of a descriptor now.</summary>
    public static PollEvents EventsOf(SimulatedKernel kernel, int fd, PollEvents interest = PollEvents.In | PollEvents.Out)
    {
        using SimulatedLoop loop = new(kernel);
        PollEvents seen = PollEvents.None;
        Watch watch = loop.Watch(fd, interest, new Handler((_, ready) => seen = ready));
        loop.RunOnce(0);
        if (watch.IsActive) loop.Unwatch(watch);
        return seen;
    }

    internal sealed class Handler(Action<Watch, PollEvents> onReady) : IReadyHandler
    {
        public void OnReady(Watch watch, PollEvents ready) => onReady(watch, ready);
    }
}
