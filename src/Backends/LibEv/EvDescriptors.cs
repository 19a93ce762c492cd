using System.Numerics;
using System.Runtime.CompilerServices;
using System.Runtime.InteropServices;

namespace EventLoops.LibEv;

/// <summary>
/// The descriptors of a loop: exactly one <c>ev_io</c> for each watch, in native memory of its own, found again through <see cref="Watch.BackendHandle"/>.
/// Stopping one takes it out of libev's batch too, and its memory may go at once.
/// </summary>
internal sealed unsafe class EvDescriptors : IDisposable
{
    // A descriptor that is told ready in so many turns on end may have hung up, which libev tells as "readable". It is looked at after 16 turns, 32, 64 and so
    // on, which a busy connection does not notice: one call in sixteen at worst.
    private const uint SuspiciousStreak = 16;

    private readonly EvLoop _loop;
    private readonly IEvOwner _owner;
    private readonly GCHandle _self;
    private HangUps? _hangUps;

    public EvDescriptors(EvLoop loop, IEvOwner owner)
    {
        _loop = loop;
        _owner = owner;
        _self = GCHandle.Alloc(this);
    }

    /// <summary>The number of the turn, which the owner counts.</summary>
    public uint Turn { get; set; }

    public void Add(Watch watch)
    {
        WatchedIo* io = (WatchedIo*)NativeMemory.AllocZeroed((nuint)sizeof(WatchedIo));
        io->Io.Watcher.Callback = (nint)(delegate* unmanaged[Cdecl]<nint, WatchedIo*, int, void>)&OnIo;
        io->Io.Watcher.Data = GCHandle.ToIntPtr(_self);
        io->Io.Fd = watch.Fd;
        io->Generation = watch.Generation;
        try
        {
            RefuseClosed(watch.Fd);
            Start(io, watch.Interest, Ev.FdIsNew);
        }
        catch
        {
            NativeMemory.Free(io);
            throw;
        }

        watch.BackendHandle = (nint)io;
    }

    public void Change(Watch watch, PollEvents previous)
    {
        WatchedIo* io = (WatchedIo*)watch.BackendHandle;

        // What may be refused comes first, so that nothing has changed when it is.
        RefuseClosed(watch.Fd);
        if (watch.Interest == PollEvents.None) Hidden.Add(watch.Fd, watch.Generation);
        if (previous == PollEvents.None) Hidden.Remove(watch.Fd);
        Stop(io);
        if (watch.Interest != PollEvents.None) Start(io, watch.Interest, isNew: 0);
    }

    public void Remove(Watch watch)
    {
        WatchedIo* io = (WatchedIo*)watch.BackendHandle;
        watch.BackendHandle = 0;
        if (watch.Interest == PollEvents.None) Hidden.Remove(watch.Fd);
        Stop(io);
        NativeMemory.Free(io);
    }

    public void Dispose()
    {
        _hangUps?.Dispose();
        _self.Free();
    }

    private HangUps Hidden => _hangUps ??= new HangUps(_loop, _owner);

    private void Start(WatchedIo* io, PollEvents interest, int isNew)
    {
        if (interest == PollEvents.None)
        {
            Hidden.Add(io->Io.Fd, io->Generation);
            return;
        }

        io->Io.Events = ((interest & PollEvents.In) != PollEvents.None ? Ev.Read : 0) | ((interest & PollEvents.Out) != PollEvents.None ? Ev.Write : 0) | isNew;
        _loop.Ev.IoStart(_loop.Pointer, &io->Io);
        _loop.AfterStart();
        io->IsStarted = true;
    }

    private void Stop(WatchedIo* io)
    {
        if (!io->IsStarted) return;

        io->IsStarted = false;
        _loop.BeforeStop();
        _loop.Ev.IoStop(_loop.Pointer, &io->Io);
    }

    /// <summary>libev ends the process when it meets a number that is not open, so that nobody may give it one.</summary>
    private static void RefuseClosed(int fd)
    {
        PollFd now = new(fd, PollEvents.None);
        if (SystemCalls.Poll(&now, 1, milliseconds: 0) > 0 && (now.Revents & PollEvents.Invalid) != PollEvents.None)
            throw new LoopFaultException("ev_io_start", Errno.EBADF);
    }

    [UnmanagedCallersOnly(CallConvs = [typeof(CallConvCdecl)])]
    private static void OnIo(nint loop, WatchedIo* io, int events) => ((EvDescriptors)GCHandle.FromIntPtr(io->Io.Watcher.Data).Target!).OnIo(io, events);

    private void OnIo(WatchedIo* io, int events)
    {
        PollEvents ready = PollEvents.Invalid;
        if ((events & Ev.Error) == 0)
        {
            ready = Confirm(io, events);
        }
        else if (io->IsStarted)
        {
            // The descriptor cannot be watched, and libev has stopped the watcher by itself.
            io->IsStarted = false;
            _loop.BeforeStop();
        }

        // The watch may be gone when this returns, and its memory with it.
        if (ready != PollEvents.None) _owner.OnReady(io->Io.Fd, io->Generation, ready);
    }

    /// <summary>libev says a hang-up or an error as "readable", "writable" or both. Where that may be so, the kernel is asked what it really is.</summary>
    private PollEvents Confirm(WatchedIo* io, int events)
    {
        PollEvents ready = ((events & Ev.Read) != 0 ? PollEvents.In : PollEvents.None) | ((events & Ev.Write) != 0 ? PollEvents.Out : PollEvents.None);
        io->Streak = io->LastTurn == Turn - 1 ? io->Streak + 1 : 1;
        io->LastTurn = Turn;
        if (io->Streak < SuspiciousStreak || !BitOperations.IsPow2(io->Streak)) return ready;

        PollFd now = new(io->Io.Fd, ready);
        return SystemCalls.Poll(&now, 1, milliseconds: 0) < 0 ? ready : now.Revents;
    }

    /// <summary>libev's watcher, and behind it what is ours.</summary>
    private struct WatchedIo
    {
        public EvIo Io;
        public uint Generation;
        public uint LastTurn;
        public uint Streak;
        public bool IsStarted;
    }
}
