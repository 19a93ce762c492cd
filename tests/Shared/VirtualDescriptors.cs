using System.Net;
using System.Net.Sockets;
using EventLoops.Simulated;

namespace EventLoops.Tests;

/// <summary>Sockets of a simulated kernel, which has no other descriptors.</summary>
internal sealed class VirtualDescriptors : DescriptorSource
{
    private readonly SimulatedKernel _kernel;
    private readonly SocketIo _io;
    private readonly int _listener;
    private readonly Dictionary<int, SimulatedPeer> _peers = [];

    public VirtualDescriptors(SimulatedKernel kernel)
    {
        _kernel = kernel;
        _io = kernel.Sockets;
        _listener = _io.OpenStream(AddressFamily.InterNetwork).Value;
        _io.Bind(_listener, new IPEndPoint(IPAddress.Loopback, 0));
        _io.Listen(_listener, backlog: 1);
    }

    public override int OpenReader() => OpenBoth();

    public override int OpenWriter() => OpenBoth();

    public override int OpenBoth()
    {
        SimulatedPeer peer = _kernel.Connect(_io.GetLocalEndPoint(_listener)!);
        int fd = _io.Accept(_listener).Value;
        _peers.Add(fd, peer);
        return fd;
    }

    public override int OpenReady()
    {
        int fd = OpenBoth();
        Send(fd);
        return fd;
    }

    public override void Send(int fd, int count = 1) => _peers[fd].Send(new byte[count]);

    public override int Drain(int fd)
    {
        byte[] buffer = new byte[4096];
        int total = 0;
        while (_io.Receive(fd, buffer) is { IsError: false, Value: var count and > 0 }) total += count;
        return total;
    }

    public override void Fill(int fd)
    {
        byte[] buffer = new byte[4096];
        while (_io.Send(fd, buffer) is { IsError: false, Value: > 0 })
        {
        }
    }

    public override void MakeRoom(int fd) => _peers[fd].ReceiveAll();

    public override void HangUp(int fd)
    {
        // A socket is hung up when both sides have ended their halves.
        _io.ShutdownWrite(fd);
        _peers[fd].Dispose();
    }

    public override void Break(int fd) => _peers[fd].Reset();

    public override void Replace(int fd)
    {
        Close(fd);
        int next = OpenBoth();
        if (next != fd) throw new InvalidOperationException($"The lowest free number should have been {fd}, not {next}.");
    }

    public override void Dispose()
    {
        foreach (int fd in _peers.Keys.ToArray()) Close(fd);
        _io.Close(_listener);
    }

    private void Close(int fd)
    {
        _io.Close(fd);
        _peers.Remove(fd, out SimulatedPeer? peer);
        peer!.Dispose();
    }
}
