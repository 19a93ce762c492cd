using System.Runtime.CompilerServices;
using System.Runtime.InteropServices;

namespace EventLoops.LibEv;

/// <summary>Where the members of libev's watchers lie, in bytes: a description of <see cref="EvWatcher"/>, <see cref="EvIo"/> and <see cref="EvTimer"/> that a test may falsify.</summary>
internal readonly record struct EvLayout(int Active, int Pending, int Priority, int Callback, int IoFd, int IoEvents, int TimerAt)
{
    /// <summary>What this assembly is written for.</summary>
    public static unsafe EvLayout Ours
    {
        get
        {
            EvIo io = default;
            EvTimer timer = default;
            byte* start = (byte*)&io;
            return new EvLayout(
                Active: (int)((byte*)&io.Watcher.Active - start),
                Pending: (int)((byte*)&io.Watcher.Pending - start),
                Priority: (int)((byte*)&io.Watcher.Priority - start),
                Callback: (int)((byte*)&io.Watcher.Callback - start),
                IoFd: (int)((byte*)&io.Fd - start),
                IoEvents: (int)((byte*)&io.Events - start),
                TimerAt: (int)((byte*)&timer.At - (byte*)&timer));
        }
    }
}

/// <summary>
/// Proves that a libev has its watchers laid out as this assembly believes, before a single one is started on a loop that matters. Whoever builds libev may
/// leave members out or put others in, and a callback that is read from the wrong place would end the process. Nothing runs here, and no loop but one of the
/// test's own is touched.
/// </summary>
internal static unsafe class LayoutTest
{
    // Far more than the largest watcher needs, so that members which lie further back than expected are still inside.
    private const int Room = 256;
    private const int SomeEvents = 0x4321;
    private const double SomeSeconds = 1234.5;

    // Never opened, closed or asked about. As a mask of events it is a legal one, in case the two are the other way round.
    private const int SomeFd = 2;

    [ThreadStatic]
    private static (nint Loop, nint Watcher, int Events) s_called;

    /// <summary>Says what is different, as half a sentence; null when nothing is.</summary>
    /// <exception cref="LoopFaultException">libev could not make a loop for the test.</exception>
    public static string? FindDifference(LibEvLibrary ev, EvLayout layout)
    {
        if (ev.VersionMajor() != Ev.Version)
            return $"it is version {ev.VersionMajor()}, not {Ev.Version}";

        nint loop = ev.LoopNew(0);
        if (loop == 0)
            throw new LoopFaultException("ev_loop_new", (Errno)Marshal.GetLastSystemError());

        byte* block = (byte*)NativeMemory.AllocZeroed(Room);
        try
        {
            return FindCallback(ev, loop, block, layout) ?? FindTimer(ev, loop, block, layout) ?? FindIo(ev, loop, block, layout);
        }
        finally
        {
            ev.LoopDestroy(loop);
            NativeMemory.Free(block);
        }
    }

    /// <summary>Every place that may be taken for the callback holds one that does no harm, so that a wrong guess ends in an answer and not in a crash.</summary>
    private static string? FindCallback(LibEvLibrary ev, nint loop, byte* block, EvLayout layout)
    {
        new Span<nint>(block, Room / sizeof(nint)).Fill((nint)(delegate* unmanaged[Cdecl]<nint, nint, int, void>)&OnWrongPlace);
        Put(block, layout.Callback, (nint)(delegate* unmanaged[Cdecl]<nint, nint, int, void>)&OnCalled);
        s_called = default;
        ev.Invoke(loop, block, SomeEvents);
        return s_called == (loop, (nint)block, SomeEvents) ? null : $"the callback of its watchers is not at byte {layout.Callback}, or it is called with other arguments";
    }

    private static string? FindTimer(LibEvLibrary ev, nint loop, byte* block, EvLayout layout)
    {
        new Span<byte>(block, Room).Clear();
        Put(block, layout.TimerAt, SomeSeconds);
        Put(block, layout.Priority, Ev.HighestPriority + 1);
        ev.TimerStart(loop, (EvTimer*)block);
        double remaining = ev.TimerRemaining(loop, (EvTimer*)block);
        bool isActive = Get<int>(block, layout.Active) != 0;
        int priority = Get<int>(block, layout.Priority);
        ev.TimerStop(loop, (EvTimer*)block);

        if (Math.Abs(remaining - SomeSeconds) > 1)
            return $"the time of its timers is not at byte {layout.TimerAt}";
        if (!isActive || Get<int>(block, layout.Active) != 0)
            return $"the state of its watchers is not at byte {layout.Active}";

        // libev forces a priority into its range when a watcher is started.
        return priority == Ev.HighestPriority ? null : $"the priority of its watchers is not at byte {layout.Priority}, or ends elsewhere than at {Ev.HighestPriority}";
    }

    private static string? FindIo(LibEvLibrary ev, nint loop, byte* block, EvLayout layout)
    {
        new Span<byte>(block, Room).Clear();
        Put(block, layout.IoFd, SomeFd);
        Put(block, layout.IoEvents, Ev.Read | Ev.FdIsNew);
        ev.IoStart(loop, (EvIo*)block);
        ev.FeedFdEvent(loop, SomeFd, Ev.Read);
        bool isPending = Get<int>(block, layout.Pending) != 0;
        int pending = ev.ClearPending(loop, block);
        ev.IoStop(loop, (EvIo*)block);

        if (pending != Ev.Read)
            return $"the descriptor and the events of its ev_io are not at the bytes {layout.IoFd} and {layout.IoEvents}";
        return isPending ? null : $"the mark of a pending watcher is not at byte {layout.Pending}";
    }

    private static void Put<T>(byte* block, int offset, T value)
        where T : unmanaged => Unsafe.WriteUnaligned(block + offset, value);

    private static T Get<T>(byte* block, int offset)
        where T : unmanaged => Unsafe.ReadUnaligned<T>(block + offset);

    [UnmanagedCallersOnly(CallConvs = [typeof(CallConvCdecl)])]
    private static void OnCalled(nint loop, nint watcher, int events) => s_called = (loop, watcher, events);

    [UnmanagedCallersOnly(CallConvs = [typeof(CallConvCdecl)])]
    private static void OnWrongPlace(nint loop, nint watcher, int events) => s_called = default;
}
