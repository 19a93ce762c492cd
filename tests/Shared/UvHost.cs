using System.Runtime.CompilerServices;
using System.Runtime.InteropServices;
using EventLoops.LibUv;

namespace EventLoops.Tests;

/// <summary>
/// Somebody else's libuv loop. When it is disposed there must be no handle on it that is not its own.
/// </summary>
public sealed unsafe partial class UvHost : ForeignHost
{
    // enum uv_run_mode.
    private const int RunDefault = 0;
    private const int RunOnce = 1;
    private const int RunNoWait = 2;

    private readonly List<UvHostTimer> _timers = [];
    private bool _hadEvents;

    // libuv opens two pipe ends for signals when the first loop of a process is made, and keeps them.
    static UvHost()
    {
        Library = NativeLibrary.Load("libuv.so.1");
        new UvHost().Dispose();
    }

    /// <summary>Makes a loop.</summary>
    public UvHost()
    {
        Loop = (nint)NativeMemory.AllocZeroed(uv_loop_size());
        Require(uv_loop_init(Loop), nameof(uv_loop_init));
    }

    /// <summary>The library that the host runs on, as <c>dlopen</c> returns it.</summary>
    public static nint Library { get; }

    /// <summary>The <c>uv_loop_t</c>.</summary>
    public override nint Loop { get; }

    /// <inheritdoc/>
    public override bool IsAlive => uv_loop_alive(Loop) != 0;

    /// <summary>Whether the next iteration will find a descriptor ready.</summary>
    public bool HasEvents
    {
        get
        {
            PollFd backend = new(uv_backend_fd(Loop), PollEvents.In);
            return poll(&backend, 1, milliseconds: 0) > 0;
        }
    }

    /// <inheritdoc/>
    public override string Inventory => $"{HandleCount} handles, {ReferenceCount} of them referenced, data {Data}";

    /// <summary>libuv lets go of a handle only while its loop turns.</summary>
    public override bool LetsGoAtOnce => false;

    /// <inheritdoc/>
    public override bool HasReported => _hadEvents;

    /// <summary>How many handles libuv knows on the loop.</summary>
    public int HandleCount => Walk(&CountHandle);

    /// <summary>How many of them are active and referenced.</summary>
    public int ReferenceCount => Walk(&CountReference);

    /// <summary>The <c>data</c> of the loop, which is its owner's.</summary>
    public nint Data
    {
        get => *(nint*)Loop;
        set => *(nint*)Loop = value;
    }

    /// <summary>Does as bindings do that keep a <c>GCHandle</c> in <c>data</c>: takes what all handles on the loop have there for one, and looks where it leads.</summary>
    public IReadOnlyList<object?> FindOwners()
    {
        List<object?> owners = [];
        GCHandle list = GCHandle.Alloc(owners);
        uv_walk(Loop, &AddOwner, GCHandle.ToIntPtr(list));
        list.Free();
        return owners;
    }

    /// <summary>Has what libuv keeps for the process made before a test counts descriptors.</summary>
    public static T Warmed<T>(T value)
    {
        Warm();
        return value;
    }

    /// <inheritdoc cref="Warmed"/>
    public static void Warm() => RuntimeHelpers.RunClassConstructor(typeof(UvHost).TypeHandle);

    /// <inheritdoc/>
    public override HostedEventLoop Attach(EventLoopOptions? options = null, bool keepsLoopAlive = true, nint library = 0) =>
        HostedLibUvLoop.Attach(Loop, library == 0 ? Library : library, options, keepsLoopAlive);

    /// <inheritdoc/>
    public override bool Run(HostRun mode)
    {
        _hadEvents = HasEvents;
        return uv_run(Loop, mode switch { HostRun.Once => RunOnce, HostRun.NoWait => RunNoWait, _ => RunDefault }) != 0;
    }

    /// <inheritdoc/>
    public override void Stop() => uv_stop(Loop);

    /// <inheritdoc/>
    public override ForeignTimer NewTimer(Action? tick = null)
    {
        UvHostTimer timer = new(Loop, tick);
        _timers.Add(timer);
        return timer;
    }

    /// <summary>Tries to watch a descriptor by a handle of the host's own. Returns that handle, which ends with the host.</summary>
    public nint Watch(int fd)
    {
        nint handle = (nint)NativeMemory.AllocZeroed(uv_handle_size(UvHostTimer.PollType));
        Require(uv_poll_init(Loop, handle, fd), nameof(uv_poll_init));
        Require(uv_poll_start(handle, 1, &OnHostPoll), nameof(uv_poll_start));
        return handle;
    }

    /// <summary>Closes a handle that <see cref="Watch"/> made.</summary>
    public static void Unwatch(nint handle) => uv_close(handle, &OnHostClosed);

    /// <summary>What some programs do before they end: closes whatever they find on their loop, also what is not theirs.</summary>
    public void CloseEverything() => Walk(&CloseHandle);

    /// <summary>Tries to close the loop at once. False when libuv says that there are handles on it.</summary>
    public bool TryClose() => uv_loop_close(Loop) == 0;

    /// <summary>Closes the loop, and throws when somebody else has left a handle on it.</summary>
    public override void Dispose()
    {
        foreach (UvHostTimer timer in _timers) timer.Close();
        _timers.Clear();
        Run(HostRun.NoWait);
        Require(uv_loop_close(Loop), nameof(uv_loop_close));
        NativeMemory.Free((void*)Loop);
    }

    internal static void Require(int result, string call)
    {
        if (result < 0) throw new InvalidOperationException($"{call}: {result}");
    }

    private int Walk(delegate* unmanaged[Cdecl]<nint, nint, void> visit)
    {
        int count = 0;
        uv_walk(Loop, visit, (nint)(&count));
        return count;
    }

    [UnmanagedCallersOnly(CallConvs = [typeof(CallConvCdecl)])]
    private static void CountHandle(nint handle, nint count) => ++*(int*)count;

    [UnmanagedCallersOnly(CallConvs = [typeof(CallConvCdecl)])]
    private static void CountReference(nint handle, nint count)
    {
        if (uv_is_active(handle) != 0 && uv_has_ref(handle) != 0) ++*(int*)count;
    }

    [UnmanagedCallersOnly(CallConvs = [typeof(CallConvCdecl)])]
    private static void AddOwner(nint handle, nint list) =>
        ((List<object?>)GCHandle.FromIntPtr(list).Target!).Add(GCHandle.FromIntPtr(*(nint*)handle).Target);

    [UnmanagedCallersOnly(CallConvs = [typeof(CallConvCdecl)])]
    private static void CloseHandle(nint handle, nint count)
    {
        if (uv_is_closing(handle) == 0) uv_close(handle, null);
    }

    [UnmanagedCallersOnly(CallConvs = [typeof(CallConvCdecl)])]
    private static void OnHostPoll(nint handle, int status, int events)
    {
    }

    [UnmanagedCallersOnly(CallConvs = [typeof(CallConvCdecl)])]
    private static void OnHostClosed(nint handle) => NativeMemory.Free((void*)handle);

#pragma warning disable IDE1006 // the names of libuv
    [LibraryImport("libuv.so.1")]
    private static partial nuint uv_loop_size();

    [LibraryImport("libuv.so.1")]
    private static partial int uv_loop_init(nint loop);

    [LibraryImport("libuv.so.1")]
    private static partial int uv_loop_close(nint loop);

    [LibraryImport("libuv.so.1")]
    private static partial int uv_loop_alive(nint loop);

    [LibraryImport("libuv.so.1")]
    private static partial int uv_backend_fd(nint loop);

    [LibraryImport("libc")]
    private static partial int poll(PollFd* entries, nuint count, int milliseconds);

    [LibraryImport("libuv.so.1")]
    private static partial int uv_run(nint loop, int mode);

    [LibraryImport("libuv.so.1")]
    private static partial void uv_stop(nint loop);

    [LibraryImport("libuv.so.1")]
    private static partial void uv_walk(nint loop, delegate* unmanaged[Cdecl]<nint, nint, void> visit, nint argument);

    [LibraryImport("libuv.so.1")]
    private static partial int uv_is_active(nint handle);

    [LibraryImport("libuv.so.1")]
    private static partial int uv_is_closing(nint handle);

    [LibraryImport("libuv.so.1")]
    private static partial int uv_has_ref(nint handle);

    [LibraryImport("libuv.so.1")]
    internal static partial nuint uv_handle_size(int type);

    [LibraryImport("libuv.so.1")]
    internal static partial void uv_close(nint handle, delegate* unmanaged[Cdecl]<nint, void> closed);

    [LibraryImport("libuv.so.1")]
    private static partial int uv_poll_init(nint loop, nint handle, int fd);

    [LibraryImport("libuv.so.1")]
    private static partial int uv_poll_start(nint handle, int events, delegate* unmanaged[Cdecl]<nint, int, int, void> callback);
#pragma warning restore IDE1006
}
