using System.Collections.Concurrent;
using System.Diagnostics.CodeAnalysis;
using System.Runtime.InteropServices;

namespace EventLoops.LibEv;

/// <summary>
/// One copy of libev as a table of its functions. The table belongs to a library handle, not to a name: a host may have loaded a copy of its own, and its loop must
/// be given to that copy only. The libraries are opened privately, never for all to see, since libev also has the names of libevent's functions.
/// </summary>
internal sealed unsafe class LibEvLibrary
{
    /// <summary>The library to use in place of the system's: a path, or a name for the system's search.</summary>
    public const string Override = "EVENTLOOPS_LIBEV";

    private static readonly string[] Names = ["libev.so.4", "libev.so", "libev"];
    private static readonly ConcurrentDictionary<nint, LibEvLibrary> Libraries = new();

    public readonly delegate* unmanaged[Cdecl]<int> VersionMajor;
    public readonly delegate* unmanaged[Cdecl]<uint, nint> LoopNew;
    public readonly delegate* unmanaged[Cdecl]<nint, void> LoopDestroy;
    public readonly delegate* unmanaged[Cdecl]<nint, int, int> Run;
    public readonly delegate* unmanaged[Cdecl]<nint, void> Ref;
    public readonly delegate* unmanaged[Cdecl]<nint, void> Unref;
    public readonly delegate* unmanaged[Cdecl]<nint, void> NowUpdate;
    public readonly delegate* unmanaged[Cdecl]<nint, EvIo*, void> IoStart;
    public readonly delegate* unmanaged[Cdecl]<nint, EvIo*, void> IoStop;
    public readonly delegate* unmanaged[Cdecl]<nint, EvTimer*, void> TimerStart;
    public readonly delegate* unmanaged[Cdecl]<nint, EvTimer*, void> TimerStop;
    public readonly delegate* unmanaged[Cdecl]<nint, EvTimer*, double> TimerRemaining;
    public readonly delegate* unmanaged[Cdecl]<nint, EvWatcher*, void> PrepareStart;
    public readonly delegate* unmanaged[Cdecl]<nint, EvWatcher*, void> PrepareStop;
    public readonly delegate* unmanaged[Cdecl]<nint, EvWatcher*, void> CheckStart;
    public readonly delegate* unmanaged[Cdecl]<nint, EvWatcher*, void> CheckStop;
    public readonly delegate* unmanaged[Cdecl]<nint, EvWatcher*, void> IdleStart;
    public readonly delegate* unmanaged[Cdecl]<nint, EvWatcher*, void> IdleStop;
    public readonly delegate* unmanaged[Cdecl]<nint, EvWatcher*, void> CleanupStart;
    public readonly delegate* unmanaged[Cdecl]<nint, EvWatcher*, void> CleanupStop;
    public readonly delegate* unmanaged[Cdecl]<nint, EvAsync*, void> AsyncStart;
    public readonly delegate* unmanaged[Cdecl]<nint, EvAsync*, void> AsyncStop;
    public readonly delegate* unmanaged[Cdecl]<nint, EvAsync*, void> AsyncSend;
    public readonly delegate* unmanaged[Cdecl]<nint, void*, int, void> Invoke;
    public readonly delegate* unmanaged[Cdecl]<nint, int, int, void> FeedFdEvent;
    public readonly delegate* unmanaged[Cdecl]<nint, void*, int> ClearPending;

    private readonly Lazy<string?> _difference;

    private LibEvLibrary(nint handle)
    {
        VersionMajor = (delegate* unmanaged[Cdecl]<int>)Find(handle, "ev_version_major");
        LoopNew = (delegate* unmanaged[Cdecl]<uint, nint>)Find(handle, "ev_loop_new");
        LoopDestroy = (delegate* unmanaged[Cdecl]<nint, void>)Find(handle, "ev_loop_destroy");
        Run = (delegate* unmanaged[Cdecl]<nint, int, int>)Find(handle, "ev_run");
        Ref = (delegate* unmanaged[Cdecl]<nint, void>)Find(handle, "ev_ref");
        Unref = (delegate* unmanaged[Cdecl]<nint, void>)Find(handle, "ev_unref");
        NowUpdate = (delegate* unmanaged[Cdecl]<nint, void>)Find(handle, "ev_now_update");
        IoStart = (delegate* unmanaged[Cdecl]<nint, EvIo*, void>)Find(handle, "ev_io_start");
        IoStop = (delegate* unmanaged[Cdecl]<nint, EvIo*, void>)Find(handle, "ev_io_stop");
        TimerStart = (delegate* unmanaged[Cdecl]<nint, EvTimer*, void>)Find(handle, "ev_timer_start");
        TimerStop = (delegate* unmanaged[Cdecl]<nint, EvTimer*, void>)Find(handle, "ev_timer_stop");
        TimerRemaining = (delegate* unmanaged[Cdecl]<nint, EvTimer*, double>)Find(handle, "ev_timer_remaining");
        PrepareStart = (delegate* unmanaged[Cdecl]<nint, EvWatcher*, void>)Find(handle, "ev_prepare_start");
        PrepareStop = (delegate* unmanaged[Cdecl]<nint, EvWatcher*, void>)Find(handle, "ev_prepare_stop");
        CheckStart = (delegate* unmanaged[Cdecl]<nint, EvWatcher*, void>)Find(handle, "ev_check_start");
        CheckStop = (delegate* unmanaged[Cdecl]<nint, EvWatcher*, void>)Find(handle, "ev_check_stop");
        IdleStart = (delegate* unmanaged[Cdecl]<nint, EvWatcher*, void>)Find(handle, "ev_idle_start");
        IdleStop = (delegate* unmanaged[Cdecl]<nint, EvWatcher*, void>)Find(handle, "ev_idle_stop");
        CleanupStart = (delegate* unmanaged[Cdecl]<nint, EvWatcher*, void>)Find(handle, "ev_cleanup_start");
        CleanupStop = (delegate* unmanaged[Cdecl]<nint, EvWatcher*, void>)Find(handle, "ev_cleanup_stop");
        AsyncStart = (delegate* unmanaged[Cdecl]<nint, EvAsync*, void>)Find(handle, "ev_async_start");
        AsyncStop = (delegate* unmanaged[Cdecl]<nint, EvAsync*, void>)Find(handle, "ev_async_stop");
        AsyncSend = (delegate* unmanaged[Cdecl]<nint, EvAsync*, void>)Find(handle, "ev_async_send");
        Invoke = (delegate* unmanaged[Cdecl]<nint, void*, int, void>)Find(handle, "ev_invoke");
        FeedFdEvent = (delegate* unmanaged[Cdecl]<nint, int, int, void>)Find(handle, "ev_feed_fd_event");
        ClearPending = (delegate* unmanaged[Cdecl]<nint, void*, int>)Find(handle, "ev_clear_pending");

        // A test that had no descriptor for its loop is not the last word: the next one may have.
        _difference = new Lazy<string?>(() => LayoutTest.FindDifference(this, EvLayout.Ours), LazyThreadSafetyMode.PublicationOnly);
    }

    /// <summary>Says in one sentence why the system's libev cannot be used; null when it can.</summary>
    public static string? FindMissing() => TryFind(NamesToTry(), out _, out string? missing) ? null : missing;

    /// <summary>The copy of a handle that somebody has, or the system's.</summary>
    /// <param name="handle">The handle, from <see cref="NativeLibrary"/> or <c>dlopen</c>; 0 for the system's.</param>
    /// <exception cref="LoopUnavailableException">There is none, or it is not built the way that this assembly expects.</exception>
    public static LibEvLibrary Load(nint handle = 0)
    {
        string? missing;
        if (handle == 0 ? TryFind(NamesToTry(), out LibEvLibrary? library, out missing) : TryBind(handle, "The library of the given handle", out library, out missing))
            return library;

        throw new LoopUnavailableException(LoopKind.LibEv, missing);
    }

    /// <summary>Looks for a libev by the names that it may have.</summary>
    public static bool TryFind(string[] names, [NotNullWhen(true)] out LibEvLibrary? library, [NotNullWhen(false)] out string? missing)
    {
        foreach (string name in names)
        {
            if (NativeLibrary.TryLoad(name, out nint handle))
                return TryBind(handle, name, out library, out missing);
        }

        library = null;
        missing = $"The libev loop needs libev 4, which was not found here (tried {string.Join(", ", names)}): apt-get install libev4.";
        return false;
    }

    private static string[] NamesToTry() => Environment.GetEnvironmentVariable(Override) is { Length: > 0 } given ? [given] : Names;

    private static bool TryBind(nint handle, string name, [NotNullWhen(true)] out LibEvLibrary? library, [NotNullWhen(false)] out string? missing)
    {
        try
        {
            library = Libraries.GetOrAdd(handle, static handle => new LibEvLibrary(handle));
            missing = library._difference.Value;
        }
        catch (EntryPointNotFoundException notThere)
        {
            library = null;
            missing = $"it has no {notThere.Message}";
        }

        if (library is not null && missing is null)
            return true;

        missing = $"{name} cannot be used as libev: {missing}; use the one that apt-get install libev4 brings.";
        return false;
    }

    private static void* Find(nint handle, string name) =>
        NativeLibrary.TryGetExport(handle, name, out nint address) ? (void*)address : throw new EntryPointNotFoundException(name);
}
