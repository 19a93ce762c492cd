using System.Runtime.CompilerServices;
using System.Runtime.InteropServices;

namespace EventLoops.LibEv;

/// <summary>
/// Descriptors of which nothing but the end is wanted, such as connections whose receiving is paused. libev cannot watch for nothing but errors and hang-ups,
/// while epoll reports them in any case: so these descriptors are in an epoll of ours, made when the first one comes, which libev watches as one descriptor more.
/// </summary>
internal sealed unsafe class HangUps : IDisposable
{
    private const int MaxEvents = 32;
    private const int EventSize = 16;

    // The kernel's struct epoll_event is packed on x64 only.
    private static readonly int Stride = RuntimeInformation.ProcessArchitecture == Architecture.X64 ? 12 : EventSize;
    private static readonly int DataOffset = Stride - sizeof(ulong);

    private readonly EvLoop _loop;
    private readonly IEvOwner _owner;
    private readonly int _epoll;
    private readonly EvIo* _io;
    private readonly GCHandle _self;
    private int _count;

    /// <summary>Makes the epoll, in which nothing is yet.</summary>
    /// <exception cref="LoopFaultException">The system gave no descriptor.</exception>
    public HangUps(EvLoop loop, IEvOwner owner)
    {
        _loop = loop;
        _owner = owner;
        _epoll = SystemCalls.EpollCreate(SystemCalls.CloseOnExec);
        if (_epoll < 0) throw new LoopFaultException("epoll_create1", SystemCalls.LastErrno);

        _self = GCHandle.Alloc(this);
        _io = (EvIo*)NativeMemory.AllocZeroed((nuint)sizeof(EvIo));
        _io->Watcher.Callback = (nint)(delegate* unmanaged[Cdecl]<nint, EvIo*, int, void>)&OnIo;
        _io->Watcher.Data = GCHandle.ToIntPtr(_self);
        _io->Fd = _epoll;
        _io->Events = Ev.Read | Ev.FdIsNew;
    }

    /// <summary>Begins to wait for a descriptor's end.</summary>
    /// <exception cref="LoopFaultException">The system refused.</exception>
    public void Add(int fd, uint generation)
    {
        byte* argument = stackalloc byte[EventSize];
        Unsafe.WriteUnaligned(argument, 0u);
        Unsafe.WriteUnaligned(argument + DataOffset, (uint)fd | ((ulong)generation << 32));

        // EPERM: a regular file, which has no end to wait for.
        if (SystemCalls.EpollControl(_epoll, SystemCalls.Add, fd, argument) < 0 && SystemCalls.LastErrno != Errno.EPERM)
            throw new LoopFaultException("epoll_ctl", SystemCalls.LastErrno);

        if (_count++ > 0) return;

        _loop.Ev.IoStart(_loop.Pointer, _io);
        _loop.AfterStart();
    }

    public void Remove(int fd)
    {
        _ = SystemCalls.EpollControl(_epoll, SystemCalls.Delete, fd, null);
        if (--_count > 0) return;

        _loop.BeforeStop();
        _loop.Ev.IoStop(_loop.Pointer, _io);
    }

    public void Dispose()
    {
        _ = SystemCalls.Close(_epoll);
        NativeMemory.Free(_io);
        _self.Free();
    }

    [UnmanagedCallersOnly(CallConvs = [typeof(CallConvCdecl)])]
    private static void OnIo(nint loop, EvIo* io, int events) => ((HangUps)GCHandle.FromIntPtr(io->Watcher.Data).Target!).Serve();

    private void Serve()
    {
        byte* events = stackalloc byte[MaxEvents * EventSize];
        int ready = SystemCalls.EpollWait(_epoll, events, MaxEvents, milliseconds: 0);
        for (int i = 0; i < ready; i++)
        {
            byte* place = events + (i * Stride);
            ulong data = Unsafe.ReadUnaligned<ulong>(place + DataOffset);
            _owner.OnReady((int)(uint)data, (uint)(data >> 32), (PollEvents)(short)Unsafe.ReadUnaligned<uint>(place));
        }
    }
}
