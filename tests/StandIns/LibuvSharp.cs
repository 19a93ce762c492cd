using System.Runtime.CompilerServices;
using System.Runtime.InteropServices;
using EventLoops.Tests.StandIns;

namespace LibuvSharp;

/// <summary>Stands in for the loop of LibuvSharp, with the public members that our documents use, on the real libuv.</summary>
public class Loop : IDisposable
{
    private const int Default = 0;
    private const int Once = 1;
    private const int NoWait = 2;

    /// <summary>Makes a loop.</summary>
    public Loop() => NativeHandle = UvCalls.NewLoop();

    /// <summary>The <c>uv_loop_t</c>.</summary>
    public IntPtr NativeHandle { get; protected set; }

    /// <summary>Whether it is being run.</summary>
    public bool IsRunning { get; private set; }

    /// <summary>Runs until nothing keeps the loop alive. False: it is being run already.</summary>
    public bool Run() => Run(Default);

    /// <summary>One iteration, which may sleep.</summary>
    public bool RunOnce() => Run(Once);

    /// <summary>One iteration, which does not sleep.</summary>
    public bool RunAsync() => Run(NoWait);

    /// <summary>Ends a run after its iteration.</summary>
    public void Stop() => UvCalls.uv_stop(NativeHandle);

    /// <inheritdoc/>
    public void Dispose()
    {
        Dispose(disposing: true);
        GC.SuppressFinalize(this);
    }

    /// <summary>Closes the loop.</summary>
    /// <exception cref="UVException">There are handles on it.</exception>
    protected virtual void Dispose(bool disposing)
    {
        if (NativeHandle == 0) return;

        int result = UvCalls.uv_loop_close(NativeHandle);
        if (result < 0) throw new UVException(result);

        unsafe
        {
            NativeMemory.Free((void*)NativeHandle);
        }

        NativeHandle = 0;
    }

    private bool Run(int mode)
    {
        if (IsRunning) return false;

        IsRunning = true;
        _ = UvCalls.uv_run(NativeHandle, mode);
        IsRunning = false;
        return true;
    }
}

/// <summary>Stands in for the timer of LibuvSharp.</summary>
public class UVTimer : INativeOwner, IDisposable
{
    private const int Type = 13;

    private readonly UvNative _native;

    /// <summary>Makes a timer on a loop.</summary>
    public UVTimer(Loop loop)
    {
        ArgumentNullException.ThrowIfNull(loop);
        _native = new UvNative(Type, this);
        UvCalls.Check(UvCalls.uv_timer_init(loop.NativeHandle, _native.Pointer));
    }

    /// <summary>It has fired.</summary>
    public event Action? Tick;

    UvNative INativeOwner.Native => _native;

    /// <summary>Starts it.</summary>
    public unsafe void Start(TimeSpan timeout, TimeSpan repeat) =>
        UvCalls.Check(UvCalls.uv_timer_start(_native.Pointer, &OnTick, (ulong)timeout.TotalMilliseconds, (ulong)repeat.TotalMilliseconds));

    /// <summary>Stops it.</summary>
    public void Stop() => UvCalls.Check(UvCalls.uv_timer_stop(_native.Pointer));

    /// <summary>Closes it.</summary>
    public void Close() => _native.Close();

    /// <inheritdoc/>
    public void Dispose()
    {
        Close();
        GC.SuppressFinalize(this);
    }

    [UnmanagedCallersOnly(CallConvs = [typeof(CallConvCdecl)])]
    private static void OnTick(nint pointer) => ((UVTimer)UvNative.OwnerOf(pointer)!).Tick?.Invoke();
}

/// <summary>Stands in for what LibuvSharp throws when libuv refuses.</summary>
public class UVException : Exception
{
    internal UVException(int error)
        : base($"libuv: {error}") => SystemErrorCode = error;

    /// <summary>The number that libuv gave.</summary>
    public int SystemErrorCode { get; }
}
