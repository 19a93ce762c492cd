using System.Runtime.CompilerServices;
using System.Runtime.InteropServices;
using EventLoops.Tests.StandIns;

namespace NetUV.Core.Handles;

/// <summary>What a poll handle waits for, and what it was told.</summary>
[Flags]
public enum PollMask
{
    /// <summary>Nothing.</summary>
    None = 0,

    /// <summary>It can be read.</summary>
    Readable = 1,

    /// <summary>It can be written.</summary>
    Writable = 2,

    /// <summary>The other end writes no more.</summary>
    Disconnect = 4,
}

/// <summary>Stands in for what NetUV tells of a descriptor.</summary>
public struct PollStatus
{
    internal PollStatus(PollMask mask, Exception? error)
    {
        Mask = mask;
        Error = error;
    }

    /// <summary>What it is ready for.</summary>
    public PollMask Mask { get; }

    /// <summary>What is wrong with it; the handle is stopped then.</summary>
    public Exception? Error { get; }
}

/// <summary>Stands in for the loop of NetUV, whose pointer is hidden, with the public members that our documents use, on the real libuv.</summary>
public sealed unsafe class Loop : IDisposable
{
    private const int Default = 0;

    private nint _loop = UvCalls.NewLoop();

    /// <summary>Runs until nothing keeps the loop alive.</summary>
    public int RunDefault() => UvCalls.uv_run(_loop, Default);

    /// <summary>Ends a run after its iteration.</summary>
    public void Stop() => UvCalls.uv_stop(_loop);

    /// <summary>Makes a handle for a descriptor.</summary>
    public Poll CreatePoll(int fileDescriptor) => new(_loop, fileDescriptor);

    /// <summary>Makes a timer.</summary>
    public Timer CreateTimer() => new(_loop);

    /// <summary>Makes a handle that other threads can send.</summary>
    public Async CreateAsync(Action<Async> callback) => new(_loop, callback);

    /// <summary>Disposes whatever can be disposed on the loop, runs it until everything has gone, and closes it.</summary>
    public void Dispose()
    {
        if (_loop == 0) return;

        UvCalls.uv_walk(_loop, &DisposeHandle, 0);
        _ = UvCalls.uv_run(_loop, Default);
        UvCalls.Check(UvCalls.uv_loop_close(_loop));
        NativeMemory.Free((void*)_loop);
        _loop = 0;
    }

    [UnmanagedCallersOnly(CallConvs = [typeof(CallConvCdecl)])]
    private static void DisposeHandle(nint pointer, nint argument) => (UvNative.OwnerOf(pointer) as IDisposable)?.Dispose();
}

/// <summary>Stands in for what all handles of NetUV have in common.</summary>
public abstract class ScheduleHandle : INativeOwner, IDisposable
{
    private readonly UvNative _native;

    private protected ScheduleHandle(int type) => _native = new UvNative(type, this);

    UvNative INativeOwner.Native => _native;

    private protected nint Pointer => _native.Pointer;

    private protected bool IsClosed => _native.IsClosing;

    /// <inheritdoc/>
    public void Dispose()
    {
        _native.Close();
        GC.SuppressFinalize(this);
    }

    private protected void Close(Action? onClosed) => _native.Close(onClosed);
}

/// <summary>Stands in for the poll handle of NetUV.</summary>
public sealed unsafe class Poll : ScheduleHandle
{
    private const int Type = 8;

    private Action<Poll, PollStatus>? _callback;

    internal Poll(nint loop, int fd)
        : base(Type) => UvCalls.Check(UvCalls.uv_poll_init(loop, Pointer, fd));

    /// <summary>Waits for something, or for something else.</summary>
    public Poll Start(PollMask eventMask, Action<Poll, PollStatus> callback)
    {
        _callback = callback;
        UvCalls.Check(UvCalls.uv_poll_start(Pointer, (int)eventMask, &OnReady));
        return this;
    }

    /// <summary>Waits for nothing. Does nothing when it is closed.</summary>
    public void Stop()
    {
        if (!IsClosed) UvCalls.Check(UvCalls.uv_poll_stop(Pointer));
    }

    /// <summary>Closes it.</summary>
    public void CloseHandle(Action<Poll>? onClosed = null) => Close(() => onClosed?.Invoke(this));

    [UnmanagedCallersOnly(CallConvs = [typeof(CallConvCdecl)])]
    private static void OnReady(nint pointer, int status, int events)
    {
        Poll poll = (Poll)UvNative.OwnerOf(pointer)!;
        poll._callback?.Invoke(poll, status < 0 ? new PollStatus(PollMask.None, new InvalidOperationException($"libuv: {status}")) : new PollStatus((PollMask)events, null));
    }
}

/// <summary>Stands in for the timer of NetUV.</summary>
public sealed unsafe class Timer : ScheduleHandle
{
    private const int Type = 13;

    private Action<Timer>? _callback;

    internal Timer(nint loop)
        : base(Type) => UvCalls.Check(UvCalls.uv_timer_init(loop, Pointer));

    /// <summary>Starts it; both times are milliseconds.</summary>
    public Timer Start(Action<Timer> callback, long timeout, long repeat)
    {
        _callback = callback;
        UvCalls.Check(UvCalls.uv_timer_start(Pointer, &OnTick, (ulong)timeout, (ulong)repeat));
        return this;
    }

    /// <summary>Stops it. Does nothing when it is closed.</summary>
    public void Stop()
    {
        if (!IsClosed) UvCalls.Check(UvCalls.uv_timer_stop(Pointer));
    }

    /// <summary>Closes it.</summary>
    public void CloseHandle(Action<Timer>? onClosed = null) => Close(() => onClosed?.Invoke(this));

    [UnmanagedCallersOnly(CallConvs = [typeof(CallConvCdecl)])]
    private static void OnTick(nint pointer)
    {
        Timer timer = (Timer)UvNative.OwnerOf(pointer)!;
        timer._callback?.Invoke(timer);
    }
}

/// <summary>Stands in for the handle of NetUV that other threads can send.</summary>
public sealed unsafe class Async : ScheduleHandle
{
    private const int Type = 1;

    private readonly Action<Async> _callback;

    internal Async(nint loop, Action<Async> callback)
        : base(Type)
    {
        _callback = callback;
        UvCalls.Check(UvCalls.uv_async_init(loop, Pointer, &OnSent));
    }

    /// <summary>Has the callback called on the thread of the loop. Any thread.</summary>
    public Async Send()
    {
        UvCalls.Check(UvCalls.uv_async_send(Pointer));
        return this;
    }

    /// <summary>Closes it.</summary>
    public void CloseHandle(Action<Async>? onClosed = null) => Close(() => onClosed?.Invoke(this));

    [UnmanagedCallersOnly(CallConvs = [typeof(CallConvCdecl)])]
    private static void OnSent(nint pointer)
    {
        Async async = (Async)UvNative.OwnerOf(pointer)!;
        async._callback(async);
    }
}
