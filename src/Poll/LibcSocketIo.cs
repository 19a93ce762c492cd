using System.Net;
using System.Net.Sockets;
using System.Text;

namespace EventLoops;

/// <summary><see cref="SocketIo"/> over the C library.</summary>
internal sealed unsafe class LibcSocketIo : SocketIo
{
    private const int SocketFlags = Libc.SockNonBlocking | Libc.SockCloseOnExec;

    // struct sockaddr_storage: room for every address there is.
    private const int MaxAddressLength = 128;

    public override IoResult Receive(int fd, Span<byte> buffer)
    {
        fixed (byte* start = buffer)
        {
            while (true)
            {
                IoResult result = Libc.Result(Libc.Receive(fd, start, (nuint)buffer.Length, flags: 0));
                if (result.Errno != Errno.EINTR) return result;
            }
        }
    }

    public override IoResult Send(int fd, ReadOnlySpan<byte> bytes)
    {
        fixed (byte* start = bytes)
        {
            while (true)
            {
                IoResult result = Libc.Result(Libc.Send(fd, start, (nuint)bytes.Length, Libc.MsgNoSignal));
                if (result.Errno != Errno.EINTR) return result;
            }
        }
    }

    public override IoResult Send(int fd, ReadOnlySpan<byte> first, ReadOnlySpan<byte> second)
    {
        fixed (byte* firstStart = first, secondStart = second)
        {
            Libc.Piece* pieces = stackalloc Libc.Piece[2];
            pieces[0] = new Libc.Piece { Start = firstStart, Length = (nuint)first.Length };
            pieces[1] = new Libc.Piece { Start = secondStart, Length = (nuint)second.Length };
            Libc.MessageHeader message = new() { Pieces = pieces, PieceCount = 2 };
            while (true)
            {
                IoResult result = Libc.Result(Libc.SendMessage(fd, &message, Libc.MsgNoSignal));
                if (result.Errno != Errno.EINTR) return result;
            }
        }
    }

    public override IoResult SendFile(int fd, int fileFd, long offset, int count)
    {
        while (true)
        {
            long at = offset;
            IoResult result = Libc.Result(Libc.SendFile(fd, fileFd, &at, (nuint)count));

            // sendfile(2): a file that the page cache does not hold cannot be sent so, and everything that can be read can be read and sent.
            if (result.Errno is Errno.EINVAL or Errno.ENOSYS) return base.SendFile(fd, fileFd, offset, count);
            if (result.Errno != Errno.EINTR) return result;
        }
    }

    public override IoResult Accept(int listenFd)
    {
        while (true)
        {
            IoResult result = Libc.Result(Libc.Accept4(listenFd, null, null, SocketFlags));
            if (result.Errno != Errno.EINTR) return result;
        }
    }

    public override IoResult OpenStream(AddressFamily family)
    {
        int native = family switch
        {
            AddressFamily.InterNetwork => Libc.AfInet,
            AddressFamily.InterNetworkV6 => Libc.AfInet6,
            AddressFamily.Unix => Libc.AfUnix,
            _ => -1,
        };
        if (native < 0) return IoResult.Failed(Errno.EAFNOSUPPORT);

        return Libc.Result(Libc.Socket(native, Libc.SockStream | SocketFlags, protocol: 0));
    }

    public override IoResult Bind(int fd, EndPoint endPoint)
    {
        if (!IsSupported(endPoint)) return IoResult.Failed(Errno.EAFNOSUPPORT);

        SocketAddress address = endPoint.Serialize();
        fixed (byte* start = address.Buffer.Span)
        {
            return Libc.Result(Libc.Bind(fd, start, (uint)address.Size));
        }
    }

    public override IoResult Listen(int fd, int backlog) => Libc.Result(Libc.Listen(fd, backlog));

    public override IoResult Connect(int fd, EndPoint endPoint)
    {
        if (!IsSupported(endPoint)) return IoResult.Failed(Errno.EAFNOSUPPORT);

        SocketAddress address = endPoint.Serialize();
        fixed (byte* start = address.Buffer.Span)
        {
            IoResult result = Libc.Result(Libc.Connect(fd, start, (uint)address.Size));

            // POSIX connect: an interrupted attempt goes on by itself, and asking again would only say EALREADY.
            return result.Errno == Errno.EINTR ? IoResult.Failed(Errno.EINPROGRESS) : result;
        }
    }

    public override IoResult GetPendingError(int fd)
    {
        int error = 0;
        uint length = sizeof(int);
        IoResult result = Libc.Result(Libc.GetOption(fd, Libc.SolSocket, Libc.SoError, &error, &length));
        if (result.IsError || error == 0) return result;

        return IoResult.Failed((Errno)error);
    }

    public override EndPoint? GetLocalEndPoint(int fd)
    {
        byte* address = stackalloc byte[MaxAddressLength];
        uint length = MaxAddressLength;
        return Libc.GetSocketName(fd, address, &length) == 0 ? ReadAddress(new ReadOnlySpan<byte>(address, (int)length)) : null;
    }

    public override EndPoint? GetRemoteEndPoint(int fd)
    {
        byte* address = stackalloc byte[MaxAddressLength];
        uint length = MaxAddressLength;
        return Libc.GetPeerName(fd, address, &length) == 0 ? ReadAddress(new ReadOnlySpan<byte>(address, (int)length)) : null;
    }

    public override IoResult SetOption(int fd, SocketTuning option, int value)
    {
        if (option == SocketTuning.LingerZero)
        {
            Libc.Linger linger = new() { OnOff = value, Seconds = 0 };
            return Libc.Result(Libc.SetOption(fd, Libc.SolSocket, Libc.SoLinger, &linger, (uint)sizeof(Libc.Linger)));
        }

        (int level, int name) = option switch
        {
            SocketTuning.NoDelay => (Libc.IpProtoTcp, Libc.TcpNoDelay),
            SocketTuning.ReuseAddress => (Libc.SolSocket, Libc.SoReuseAddress),
            SocketTuning.ReusePort => (Libc.SolSocket, Libc.SoReusePort),
            SocketTuning.KeepAlive => (Libc.SolSocket, Libc.SoKeepAlive),
            SocketTuning.KeepAliveTime => (Libc.IpProtoTcp, Libc.TcpKeepIdle),
            SocketTuning.KeepAliveInterval => (Libc.IpProtoTcp, Libc.TcpKeepInterval),
            SocketTuning.KeepAliveProbes => (Libc.IpProtoTcp, Libc.TcpKeepCount),
            SocketTuning.IPv6Only => (Libc.IpProtoIPv6, Libc.IPv6Only),
            SocketTuning.SendBuffer => (Libc.SolSocket, Libc.SoSendBuffer),
            SocketTuning.ReceiveBuffer => (Libc.SolSocket, Libc.SoReceiveBuffer),
            SocketTuning.UserTimeout => (Libc.IpProtoTcp, Libc.TcpUserTimeout),
            _ => (-1, -1),
        };
        if (level < 0) return IoResult.Failed(Errno.ENOPROTOOPT);

        return Libc.Result(Libc.SetOption(fd, level, name, &value, sizeof(int)));
    }

    public override IoResult BindToDevice(int fd, string name)
    {
        byte[] text = Encoding.ASCII.GetBytes(name);
        fixed (byte* start = text)
        {
            return Libc.Result(Libc.SetOption(fd, Libc.SolSocket, Libc.SoBindToDevice, start, (uint)text.Length));
        }
    }

    public override IoResult ShutdownWrite(int fd) => Libc.Result(Libc.Shutdown(fd, Libc.ShutWrite));

    public override IoResult Close(int fd) => Libc.Result(Libc.Close(fd));

    private static bool IsSupported(EndPoint endPoint) => endPoint is IPEndPoint or UnixDomainSocketEndPoint;

    /// <summary>
    /// Turns the kernel's <c>struct sockaddr</c> into an end point; on Linux a <see cref="SocketAddress"/> holds the very same bytes.
    /// </summary>
    private static EndPoint? ReadAddress(ReadOnlySpan<byte> address)
    {
        if (address.Length < sizeof(ushort)) return null;

        (AddressFamily family, EndPoint factory)? kind = BitConverter.ToUInt16(address) switch
        {
            Libc.AfInet => (AddressFamily.InterNetwork, new IPEndPoint(IPAddress.Any, 0)),
            Libc.AfInet6 => (AddressFamily.InterNetworkV6, new IPEndPoint(IPAddress.IPv6Any, 0)),
            Libc.AfUnix => (AddressFamily.Unix, new UnixDomainSocketEndPoint("unnamed")),
            _ => null,
        };
        if (kind is not var (family, factory)) return null;

        SocketAddress copy = new(family, address.Length);
        address.CopyTo(copy.Buffer.Span);
        return factory.Create(copy);
    }
}
