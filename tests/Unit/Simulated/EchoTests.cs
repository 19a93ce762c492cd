using System.Net;
using System.Net.Sockets;
using EventLoops;
using EventLoops.Simulated;
using Xunit;

namespace EventLoops.Tests.Simulated;

/// <summary>The test that the package's README shows, word for word; another test compares the two.</summary>
public sealed class EchoTests
{
    [Fact]
    public void What_is_sent_comes_back_however_the_kernel_cuts_it() => SimulatedKernel.Explore(runs: 100, kernel =>
    {
        using SimulatedLoop loop = new(kernel);
        using Echo echo = new(loop, port: 7);
        using SimulatedPeer peer = kernel.Connect(port: 7);

        peer.Send("abc"u8);
        loop.RunUntilIdle();
        peer.Send("def"u8);
        peer.ShutdownWrite();
        loop.RunUntilIdle();

        Assert.Equal("abcdef"u8.ToArray(), peer.ReceiveAll());
        Assert.True(peer.IsEnded);
        Assert.Single(kernel.OpenDescriptors);          // the listener; the connection is closed
    });

    // The program under test: it knows a loop and the loop's system calls, and not that both are simulated.
    private sealed class Echo : IReadyHandler, IDisposable
    {
        private readonly EventLoop _loop;
        private readonly SocketIo _io;
        private readonly Watch _listener;
        private byte[] _unsent = [];

        public Echo(EventLoop loop, int port)
        {
            _loop = loop;
            _io = loop.SocketIo;
            int fd = _io.OpenStream(AddressFamily.InterNetwork).Value;
            _io.Bind(fd, new IPEndPoint(IPAddress.Loopback, port));
            _io.Listen(fd, backlog: 16);
            _listener = loop.Watch(fd, PollEvents.In, this);
        }

        public void OnReady(Watch watch, PollEvents ready)
        {
            if (watch != _listener) Serve(watch);
            else if (_io.Accept(watch.Fd) is { IsError: false } accepted) _loop.Watch(accepted.Value, PollEvents.In, this);
        }

        public void Dispose()
        {
            _loop.Unwatch(_listener);
            _io.Close(_listener.Fd);
        }

        private void Serve(Watch watch)
        {
            byte[] buffer = new byte[16];
            IoResult received = _unsent.Length > 0 ? IoResult.Failed(Errno.EAGAIN) : _io.Receive(watch.Fd, buffer);
            if (received is { IsError: false, Value: 0 })
            {
                _loop.Unwatch(watch);
                _io.Close(watch.Fd);
                return;
            }

            if (!received.IsError) _unsent = buffer[..received.Value];
            if (_unsent.Length > 0) _unsent = _unsent[_io.Send(watch.Fd, _unsent).Value..];
            _loop.Change(watch, _unsent.Length > 0 ? PollEvents.Out : PollEvents.In);
        }
    }
}
