using System.Net;
using System.Net.Sockets;

namespace EventLoops.IoUring;

/// <summary>
/// <see cref="SocketIo"/> of a loop whose kernel receives, accepts and sends by itself: the same calls, with the same results, of which most cost no system call. What is not
/// served so, and every call of another thread, goes to the C library.
/// </summary>
internal sealed class CompletionSocketIo : SocketIo
{
    private Completions? _completions;

    /// <summary>Has the loop's completions behind the calls.</summary>
    public void Begin(Completions completions) => _completions = completions;

    public override IoResult Receive(int fd, Span<byte> buffer)
    {
        if (_completions!.Find(fd) is { IsListener: false } slot) return _completions.Input.Receive(slot, buffer);

        IoResult received = System.Receive(fd, buffer);
        if (received.WouldBlock || received.Value > 0) _completions.Adopt(fd, isListener: false);
        return received;
    }

    public override IoResult Send(int fd, ReadOnlySpan<byte> bytes) =>
        FindStream(fd) is { } slot ? _completions!.Output.Send(slot, bytes, default) : System.Send(fd, bytes);

    public override IoResult Send(int fd, ReadOnlySpan<byte> first, ReadOnlySpan<byte> second) =>
        FindStream(fd) is { } slot ? _completions!.Output.Send(slot, first, second) : System.Send(fd, first, second);

    public override IoResult SendFile(int fd, int fileFd, long offset, int count)
    {
        // The file comes behind what was written, and there is no room for it before that has left.
        if (FindStream(fd) is { } slot && !_completions!.Output.TryFlush(slot)) return CompletionOutput.Refusal(slot);
        return System.SendFile(fd, fileFd, offset, count);
    }

    public override IoResult Accept(int listenFd)
    {
        SocketSlot? slot = _completions!.Find(listenFd);
        IoResult accepted = slot is { IsListener: true } ? _completions.Input.Accept(slot) : System.Accept(listenFd);
        if (slot is null && (accepted.WouldBlock || !accepted.IsError)) _completions.Adopt(listenFd, isListener: true);
        if (!accepted.IsError) _completions.Expect(accepted.Value);
        return accepted;
    }

    public override IoResult OpenStream(AddressFamily family) => System.OpenStream(family);

    public override IoResult Bind(int fd, EndPoint endPoint) => System.Bind(fd, endPoint);

    public override IoResult Listen(int fd, int backlog) => System.Listen(fd, backlog);

    public override IoResult Connect(int fd, EndPoint endPoint) => System.Connect(fd, endPoint);

    public override IoResult GetPendingError(int fd)
    {
        if (FindStream(fd) is not { } slot) return System.GetPendingError(fd);
        if (slot.SendErrno != Errno.None) return CompletionOutput.TakeErrno(slot);

        return slot.End == StreamEnd.Error ? _completions!.Input.TakeEnd(slot) : System.GetPendingError(fd);
    }

    public override EndPoint? GetLocalEndPoint(int fd) => System.GetLocalEndPoint(fd);

    public override EndPoint? GetRemoteEndPoint(int fd) => System.GetRemoteEndPoint(fd);

    public override IoResult SetOption(int fd, SocketTuning option, int value)
    {
        if (option == SocketTuning.LingerZero && FindStream(fd) is { } slot)
        {
            // What was written before a reset had left by then on every other loop.
            _ = _completions!.Output.TryFlush(slot);
            slot.IsAborted = value != 0;
        }

        return System.SetOption(fd, option, value);
    }

    public override IoResult BindToDevice(int fd, string name) => System.BindToDevice(fd, name);

    public override IoResult ShutdownWrite(int fd)
    {
        if (FindStream(fd) is not { } slot || _completions!.Output.TryFlush(slot) || !slot.HasKept) return System.ShutdownWrite(fd);

        slot.ShutsDown = true;
        return IoResult.Ok(0);
    }

    public override IoResult Close(int fd) => _completions!.Find(fd) is { } slot ? _completions.Close(slot) : System.Close(fd);

    private SocketSlot? FindStream(int fd) => _completions!.Find(fd) is { IsListener: false } slot ? slot : null;
}
