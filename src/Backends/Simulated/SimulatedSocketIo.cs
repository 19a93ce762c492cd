using System.Net;
using System.Net.Sockets;

namespace EventLoops.Simulated;

/// <summary>The system calls of a <see cref="SimulatedKernel"/>: each is counted, may be failed by the script, is done, and is written down.</summary>
internal sealed class SimulatedSocketIo(SimulatedKernel kernel) : SocketIo
{
    public override IoResult Receive(int fd, Span<byte> buffer)
    {
        lock (kernel.Gate)
        {
            IoResult result = Begin(KernelCall.Receive, fd, out VirtualSocket? socket);
            if (socket is not null) result = ReceiveSome(socket, buffer);
            return Done("recv", fd, buffer.Length, result);
        }
    }

    public override IoResult Send(int fd, ReadOnlySpan<byte> bytes) => Send(fd, bytes, default);

    public override IoResult Send(int fd, ReadOnlySpan<byte> first, ReadOnlySpan<byte> second)
    {
        lock (kernel.Gate)
        {
            IoResult result = Begin(KernelCall.Send, fd, out VirtualSocket? socket);
            if (socket is not null) result = SendSome(socket, first, second);
            return Done("send", fd, first.Length + second.Length, result);
        }
    }

    public override IoResult Accept(int listenFd)
    {
        lock (kernel.Gate)
        {
            IoResult result = Begin(KernelCall.Accept, listenFd, out VirtualSocket? socket);
            if (socket?.Queue is { HasReady: true } && kernel.RefusesAccept()) result = IoResult.Failed(Errno.EAGAIN);
            else if (socket is not null) result = kernel.Accept(socket);
            return Done("accept4", listenFd, -1, result);
        }
    }

    public override IoResult OpenStream(AddressFamily family)
    {
        lock (kernel.Gate)
        {
            Errno fault = kernel.Count(KernelCall.OpenStream);
            IoResult result = fault != Errno.None ? IoResult.Failed(fault)
                : family is AddressFamily.InterNetwork or AddressFamily.InterNetworkV6 or AddressFamily.Unix ? kernel.Open(kernel.NewSocket(family))
                : IoResult.Failed(Errno.EAFNOSUPPORT);
            return Done("socket", (int)family, -1, result);
        }
    }

    public override IoResult Bind(int fd, EndPoint endPoint)
    {
        lock (kernel.Gate)
        {
            IoResult result = Begin(KernelCall.Bind, fd, out VirtualSocket? socket);
            if (socket is not null) result = kernel.BindTo(socket, endPoint);
            return Done("bind", fd, -1, result);
        }
    }

    public override IoResult Listen(int fd, int backlog)
    {
        lock (kernel.Gate)
        {
            IoResult result = Begin(KernelCall.Listen, fd, out VirtualSocket? socket);
            if (socket is not null) result = kernel.StartListening(socket, backlog);
            return Done("listen", fd, backlog, result);
        }
    }

    public override IoResult Connect(int fd, EndPoint endPoint)
    {
        lock (kernel.Gate)
        {
            IoResult result = Begin(KernelCall.Connect, fd, out VirtualSocket? socket);
            if (socket is not null) result = kernel.StartConnecting(socket, endPoint);
            return Done("connect", fd, -1, result);
        }
    }

    public override IoResult GetPendingError(int fd)
    {
        lock (kernel.Gate)
        {
            IoResult result = Begin(KernelCall.GetPendingError, fd, out VirtualSocket? socket);
            if (socket is not null) result = socket.TakePendingError();
            return Done("getsockopt", fd, -1, result);
        }
    }

    public override EndPoint? GetLocalEndPoint(int fd)
    {
        lock (kernel.Gate) return kernel.TryFind(fd, out VirtualSocket? socket) ? socket.Local : null;
    }

    public override EndPoint? GetRemoteEndPoint(int fd)
    {
        lock (kernel.Gate)
        {
            bool hasPeer = kernel.TryFind(fd, out VirtualSocket? socket) && socket.Phase == SocketPhase.Connected && !socket.IsReset;
            return hasPeer ? socket!.Remote : null;
        }
    }

    public override IoResult SetOption(int fd, SocketTuning option, int value)
    {
        lock (kernel.Gate)
        {
            IoResult result = Begin(KernelCall.SetOption, fd, out VirtualSocket? socket);
            if (socket is not null) result = Tune(socket, option, value);
            return Done("setsockopt", fd, value, result);
        }
    }

    public override IoResult ShutdownWrite(int fd)
    {
        lock (kernel.Gate)
        {
            IoResult result = Begin(KernelCall.ShutdownWrite, fd, out VirtualSocket? socket);
            if (socket is not null) result = socket.ShutdownWrite();
            return Done("shutdown", fd, -1, result);
        }
    }

    public override IoResult Close(int fd)
    {
        lock (kernel.Gate)
        {
            Errno fault = kernel.Count(KernelCall.Close);
            IoResult result = kernel.CloseDescriptor(fd);
            if (!result.IsError && fault != Errno.None) result = IoResult.Failed(fault);
            return Done("close", fd, -1, result);
        }
    }

    private static IoResult Tune(VirtualSocket socket, SocketTuning option, int value)
    {
        switch (option)
        {
            case SocketTuning.ReusePort:

                // Several listeners on one port would need the kernel's way of choosing among them.
                return IoResult.Failed(Errno.ENOPROTOOPT);
            case SocketTuning.LingerZero:
                socket.ResetsOnClose = value != 0;
                break;
            case SocketTuning.SendBuffer:
                socket.SetSendBuffer(value);
                break;
            case SocketTuning.ReceiveBuffer:
                socket.Arrived.Capacity = Math.Max(1, value);
                break;
        }

        // The others change how packets travel, and there are none.
        return IoResult.Ok(0);
    }

    /// <summary>Counts the call and finds the socket; without one the result says why.</summary>
    private IoResult Begin(KernelCall call, int fd, out VirtualSocket? socket)
    {
        Errno fault = kernel.Count(call);
        socket = null;
        if (fault != Errno.None) return IoResult.Failed(fault);
        return kernel.TryFind(fd, out socket) ? IoResult.Ok(0) : IoResult.Failed(Errno.EBADF);
    }

    private IoResult ReceiveSome(VirtualSocket socket, Span<byte> buffer)
    {
        int possible = Math.Min(socket.Arrived.Length, buffer.Length);
        if (possible == 0) return buffer.IsEmpty ? IoResult.Ok(0) : socket.Receive(buffer);

        int chosen = kernel.ChooseRead(possible);
        return chosen == 0 ? IoResult.Failed(Errno.EAGAIN) : socket.Receive(buffer[..chosen]);
    }

    private IoResult SendSome(VirtualSocket socket, ReadOnlySpan<byte> first, ReadOnlySpan<byte> second)
    {
        int length = first.Length + second.Length;
        int chosen = length == 0 ? 0 : kernel.ChooseWrite(length);
        if (chosen == 0 && length > 0 && !socket.IsReset) return IoResult.Failed(Errno.EAGAIN);

        IoResult result = socket.Send(first[..Math.Min(first.Length, chosen)]);
        if (result.IsError || result.Value < first.Length || chosen <= first.Length || second.IsEmpty) return result;

        // The second piece goes on where the first has ended, and what stops it there stops nothing that was taken.
        IoResult rest = socket.Send(second[..(chosen - first.Length)]);
        return rest.IsError ? (first.IsEmpty ? rest : result) : IoResult.Ok(result.Value + rest.Value);
    }

    private IoResult Done(string call, int fd, int size, IoResult result)
    {
        kernel.Note(call, fd, size, result);
        kernel.TellOthers();
        return result;
    }
}
