using System.Net;
using System.Net.Sockets;

namespace EventLoops.Tests;

/// <summary>The calls of <see cref="SocketIo"/> that can be counted and made to fail.</summary>
public enum SystemCall
{
    /// <summary><c>recv</c>.</summary>
    Receive,

    /// <summary><c>send</c> and <c>sendmsg</c>.</summary>
    Send,

    /// <summary><c>accept4</c>.</summary>
    Accept,

    /// <summary><c>socket</c>.</summary>
    OpenStream,

    /// <summary><c>bind</c>.</summary>
    Bind,

    /// <summary><c>listen</c>.</summary>
    Listen,

    /// <summary><c>connect</c>.</summary>
    Connect,

    /// <summary><c>getsockopt(SO_ERROR)</c>.</summary>
    GetPendingError,

    /// <summary><c>setsockopt</c>.</summary>
    SetOption,

    /// <summary><c>shutdown</c>.</summary>
    ShutdownWrite,

    /// <summary><c>close</c>.</summary>
    Close,
}

/// <summary>
/// Counts the system calls on sockets, knows which descriptors are open, notices a call on one that is not, and plays the faults that a test asks for:
/// the n-th call of a name fails, reads and writes move a few bytes only, calls say EAGAIN. Allocates nothing while it counts.
/// </summary>
public sealed class CountingSocketIo(SocketIo? inner = null) : SocketIo
{
    private readonly long[] _counts = new long[Enum.GetValues<SystemCall>().Length];
    private readonly HashSet<int> _open = [];
    private readonly List<Fault> _faults = [];
    private readonly Dictionary<int, int> _sendsOf = [];
    private readonly Dictionary<int, int> _receivesOf = [];

    /// <summary>Who does what is counted here: libc, unless a loop has a kernel of its own.</summary>
    public SocketIo Inner { get; set; } = inner ?? System;

    /// <summary>All calls together.</summary>
    public long Total { get; private set; }

    /// <summary>The descriptors that were opened through this object and are not closed yet.</summary>
    public IReadOnlyCollection<int> OpenDescriptors => _open;

    /// <summary>Calls on descriptors that were not open, in words. Always a mistake: the number may be somebody else's by then.</summary>
    public IList<string> Mistakes { get; } = new List<string>();

    /// <summary>The most bytes that one read brings.</summary>
    public int MaxReceive { get; set; } = int.MaxValue;

    /// <summary>The most bytes that one write takes.</summary>
    public int MaxSend { get; set; } = int.MaxValue;

    /// <summary>When not 0, each of that many-th read, write and accept says EAGAIN instead of doing anything.</summary>
    public int AgainEvery { get; set; }

    /// <summary>How often a call was made since the last <see cref="ResetCounts"/>, failures included.</summary>
    public long CountOf(SystemCall call) => _counts[(int)call];

    /// <summary>The largest number of reads, or of writes, that one descriptor saw since <see cref="BeginTurn"/>.</summary>
    public int MostInTurn(SystemCall call)
    {
        int most = 0;
        foreach (int count in (call == SystemCall.Send ? _sendsOf : _receivesOf).Values) most = Math.Max(most, count);
        return most;
    }

    /// <summary>Counts the reads and writes of each descriptor from zero again.</summary>
    public void BeginTurn()
    {
        _sendsOf.Clear();
        _receivesOf.Clear();
    }

    /// <summary>Counts from zero again.</summary>
    public void ResetCounts()
    {
        Array.Clear(_counts);
        BeginTurn();
    }

    /// <summary>Makes calls of a name fail.</summary>
    /// <param name="call">Which.</param>
    /// <param name="errno">With what.</param>
    /// <param name="nth">The first that fails, counted from now; 1 is the next.</param>
    /// <param name="times">How many fail from there on.</param>
    public void Fail(SystemCall call, Errno errno, int nth = 1, int times = 1) => _faults.Add(new Fault(call, errno) { Skip = nth - 1, Left = times });

    /// <summary>Takes back all faults.</summary>
    public void Heal()
    {
        _faults.Clear();
        MaxReceive = MaxSend = int.MaxValue;
        AgainEvery = 0;
    }

    /// <inheritdoc/>
    public override IoResult Receive(int fd, Span<byte> buffer)
    {
        if (TryFail(SystemCall.Receive, fd, out IoResult failed)) return failed;
        return Inner.Receive(fd, buffer.Length > MaxReceive ? buffer[..MaxReceive] : buffer);
    }

    /// <inheritdoc/>
    public override IoResult Send(int fd, ReadOnlySpan<byte> bytes)
    {
        if (TryFail(SystemCall.Send, fd, out IoResult failed)) return failed;
        return Inner.Send(fd, bytes.Length > MaxSend ? bytes[..MaxSend] : bytes);
    }

    /// <inheritdoc/>
    public override IoResult Send(int fd, ReadOnlySpan<byte> first, ReadOnlySpan<byte> second)
    {
        if (TryFail(SystemCall.Send, fd, out IoResult failed)) return failed;
        if (first.Length >= MaxSend) return Inner.Send(fd, first[..MaxSend]);
        return Inner.Send(fd, first, second.Length > MaxSend - first.Length ? second[..(MaxSend - first.Length)] : second);
    }

    /// <inheritdoc/>
    public override IoResult SendFile(int fd, int fileFd, long offset, int count)
    {
        if (TryFail(SystemCall.Send, fd, out IoResult failed)) return failed;
        return Inner.SendFile(fd, fileFd, offset, Math.Min(count, MaxSend));
    }

    /// <inheritdoc/>
    public override IoResult Accept(int listenFd) =>
        TryFail(SystemCall.Accept, listenFd, out IoResult failed) ? failed : Opened(Inner.Accept(listenFd));

    /// <inheritdoc/>
    public override IoResult OpenStream(AddressFamily family) =>
        TryFail(SystemCall.OpenStream, -1, out IoResult failed) ? failed : Opened(Inner.OpenStream(family));

    /// <inheritdoc/>
    public override IoResult Bind(int fd, EndPoint endPoint) => TryFail(SystemCall.Bind, fd, out IoResult failed) ? failed : Inner.Bind(fd, endPoint);

    /// <inheritdoc/>
    public override IoResult BindToDevice(int fd, string name) => Inner.BindToDevice(fd, name);

    /// <inheritdoc/>
    public override IoResult Listen(int fd, int backlog) => TryFail(SystemCall.Listen, fd, out IoResult failed) ? failed : Inner.Listen(fd, backlog);

    /// <inheritdoc/>
    public override IoResult Connect(int fd, EndPoint endPoint) =>
        TryFail(SystemCall.Connect, fd, out IoResult failed) ? failed : Inner.Connect(fd, endPoint);

    /// <inheritdoc/>
    public override IoResult GetPendingError(int fd) =>
        TryFail(SystemCall.GetPendingError, fd, out IoResult failed) ? failed : Inner.GetPendingError(fd);

    /// <inheritdoc/>
    public override EndPoint? GetLocalEndPoint(int fd) => Inner.GetLocalEndPoint(fd);

    /// <inheritdoc/>
    public override EndPoint? GetRemoteEndPoint(int fd) => Inner.GetRemoteEndPoint(fd);

    /// <inheritdoc/>
    public override IoResult SetOption(int fd, SocketTuning option, int value) =>
        TryFail(SystemCall.SetOption, fd, out IoResult failed) ? failed : Inner.SetOption(fd, option, value);

    /// <inheritdoc/>
    public override IoResult ShutdownWrite(int fd) => TryFail(SystemCall.ShutdownWrite, fd, out IoResult failed) ? failed : Inner.ShutdownWrite(fd);

    /// <inheritdoc/>
    public override IoResult Close(int fd)
    {
        Count(SystemCall.Close, fd);
        return _open.Remove(fd) ? Inner.Close(fd) : IoResult.Failed(Errno.EBADF);
    }

    private IoResult Opened(IoResult result)
    {
        if (!result.IsError) _open.Add(result.Value);
        return result;
    }

    private void Count(SystemCall call, int fd)
    {
        Total++;
        _counts[(int)call]++;
        if (call == SystemCall.Send) _sendsOf[fd] = _sendsOf.GetValueOrDefault(fd) + 1;
        if (call == SystemCall.Receive) _receivesOf[fd] = _receivesOf.GetValueOrDefault(fd) + 1;
        if (call != SystemCall.OpenStream && !_open.Contains(fd)) Mistakes.Add($"{call} on {fd}, which is not open");
    }

    private bool TryFail(SystemCall call, int fd, out IoResult failed)
    {
        Count(call, fd);
        failed = default;
        foreach (Fault fault in _faults)
        {
            if (fault.Call != call || fault.Left == 0) continue;
            if (fault.Skip > 0)
            {
                fault.Skip--;
                continue;
            }

            fault.Left--;
            failed = IoResult.Failed(fault.Errno);
            return true;
        }

        if (AgainEvery == 0 || call > SystemCall.Accept || _counts[(int)call] % AgainEvery != 0) return false;

        failed = IoResult.Failed(Errno.EAGAIN);
        return true;
    }

    private sealed class Fault(SystemCall call, Errno errno)
    {
        public SystemCall Call => call;

        public Errno Errno => errno;

        public int Skip { get; set; }

        public int Left { get; set; }
    }
}
