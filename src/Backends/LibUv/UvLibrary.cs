using System.Runtime.InteropServices;

namespace EventLoops.LibUv;

/// <summary>
/// The functions of one loaded copy of libuv. A loop lives in the memory of the copy that made it, and another version of the library would take it for something
/// else; so each loop calls through a table that is bound to one library, and nothing is bound by name.
/// </summary>
internal sealed unsafe class UvLibrary
{
    /// <summary>Names the file of the library when it is none of the usual ones.</summary>
    public const string Variable = "EVENTLOOPS_LIBUV";

    // UV_PRIORITIZED, without which a hang-up could not be seen behind what was asked for, came with 1.14.
    private const uint OldestVersion = 0x010E00;

    private const string Remedy = "apt-get install libuv1";

    private static readonly string[] UsualNames = ["libuv.so.1", "libuv.so", "libuv"];
    private static readonly Lock Gate = new();
    private static UvLibrary? s_found;

    public readonly delegate* unmanaged[Cdecl]<nuint> LoopSize;
    public readonly delegate* unmanaged[Cdecl]<nint, int> LoopInit;
    public readonly delegate* unmanaged[Cdecl]<nint, int> LoopClose;
    public readonly delegate* unmanaged[Cdecl]<nint, int, int> Run;
    public readonly delegate* unmanaged[Cdecl]<nint, void> Stop;
    public readonly delegate* unmanaged[Cdecl]<nint, void> UpdateTime;

    public readonly delegate* unmanaged[Cdecl]<int, nuint> HandleSize;
    public readonly delegate* unmanaged[Cdecl]<nint, delegate* unmanaged[Cdecl]<nint, void>, void> Close;
    public readonly delegate* unmanaged[Cdecl]<nint, int> IsClosing;
    public readonly delegate* unmanaged[Cdecl]<nint, void> Unreference;

    public readonly delegate* unmanaged[Cdecl]<nint, nint, int, int> PollInit;
    public readonly delegate* unmanaged[Cdecl]<nint, int, delegate* unmanaged[Cdecl]<nint, int, int, void>, int> PollStart;
    public readonly delegate* unmanaged[Cdecl]<nint, int> PollStop;

    public readonly delegate* unmanaged[Cdecl]<nint, nint, delegate* unmanaged[Cdecl]<nint, void>, int> AsyncInit;
    public readonly delegate* unmanaged[Cdecl]<nint, int> AsyncSend;

    public readonly delegate* unmanaged[Cdecl]<nint, nint, int> TimerInit;
    public readonly delegate* unmanaged[Cdecl]<nint, delegate* unmanaged[Cdecl]<nint, void>, ulong, ulong, int> TimerStart;
    public readonly delegate* unmanaged[Cdecl]<nint, int> TimerStop;

    public readonly delegate* unmanaged[Cdecl]<nint, nint, int> CheckInit;
    public readonly delegate* unmanaged[Cdecl]<nint, delegate* unmanaged[Cdecl]<nint, void>, int> CheckStart;

    public readonly delegate* unmanaged[Cdecl]<nint, nint, int> IdleInit;
    public readonly delegate* unmanaged[Cdecl]<nint, delegate* unmanaged[Cdecl]<nint, void>, int> IdleStart;
    public readonly delegate* unmanaged[Cdecl]<nint, int> IdleStop;

    /// <summary>Binds the table to a library that is loaded, and stays so for as long as the table is used.</summary>
    /// <exception cref="LoopUnavailableException">It is no libuv, or one that is too old.</exception>
    public UvLibrary(nint library)
    {
        VerifyVersion(((delegate* unmanaged[Cdecl]<uint>)Export(library, "uv_version"))());

        LoopSize = (delegate* unmanaged[Cdecl]<nuint>)Export(library, "uv_loop_size");
        LoopInit = (delegate* unmanaged[Cdecl]<nint, int>)Export(library, "uv_loop_init");
        LoopClose = (delegate* unmanaged[Cdecl]<nint, int>)Export(library, "uv_loop_close");
        Run = (delegate* unmanaged[Cdecl]<nint, int, int>)Export(library, "uv_run");
        Stop = (delegate* unmanaged[Cdecl]<nint, void>)Export(library, "uv_stop");
        UpdateTime = (delegate* unmanaged[Cdecl]<nint, void>)Export(library, "uv_update_time");

        HandleSize = (delegate* unmanaged[Cdecl]<int, nuint>)Export(library, "uv_handle_size");
        Close = (delegate* unmanaged[Cdecl]<nint, delegate* unmanaged[Cdecl]<nint, void>, void>)Export(library, "uv_close");
        IsClosing = (delegate* unmanaged[Cdecl]<nint, int>)Export(library, "uv_is_closing");
        Unreference = (delegate* unmanaged[Cdecl]<nint, void>)Export(library, "uv_unref");

        PollInit = (delegate* unmanaged[Cdecl]<nint, nint, int, int>)Export(library, "uv_poll_init");
        PollStart = (delegate* unmanaged[Cdecl]<nint, int, delegate* unmanaged[Cdecl]<nint, int, int, void>, int>)Export(library, "uv_poll_start");
        PollStop = (delegate* unmanaged[Cdecl]<nint, int>)Export(library, "uv_poll_stop");

        AsyncInit = (delegate* unmanaged[Cdecl]<nint, nint, delegate* unmanaged[Cdecl]<nint, void>, int>)Export(library, "uv_async_init");
        AsyncSend = (delegate* unmanaged[Cdecl]<nint, int>)Export(library, "uv_async_send");

        TimerInit = (delegate* unmanaged[Cdecl]<nint, nint, int>)Export(library, "uv_timer_init");
        TimerStart = (delegate* unmanaged[Cdecl]<nint, delegate* unmanaged[Cdecl]<nint, void>, ulong, ulong, int>)Export(library, "uv_timer_start");
        TimerStop = (delegate* unmanaged[Cdecl]<nint, int>)Export(library, "uv_timer_stop");

        CheckInit = (delegate* unmanaged[Cdecl]<nint, nint, int>)Export(library, "uv_check_init");
        CheckStart = (delegate* unmanaged[Cdecl]<nint, delegate* unmanaged[Cdecl]<nint, void>, int>)Export(library, "uv_check_start");

        IdleInit = (delegate* unmanaged[Cdecl]<nint, nint, int>)Export(library, "uv_idle_init");
        IdleStart = (delegate* unmanaged[Cdecl]<nint, delegate* unmanaged[Cdecl]<nint, void>, int>)Export(library, "uv_idle_start");
        IdleStop = (delegate* unmanaged[Cdecl]<nint, int>)Export(library, "uv_idle_stop");
    }

    /// <summary>The copy that the system has, loaded once and never unloaded.</summary>
    /// <exception cref="LoopUnavailableException">There is none that can be used.</exception>
    public static UvLibrary Find()
    {
        lock (Gate)
        {
            if (s_found is not null)
                return s_found;

            string? named = Environment.GetEnvironmentVariable(Variable);
            if (!TryLoad(named is { Length: > 0 } ? [named] : UsualNames, out nint library))
                throw new LoopUnavailableException(LoopKind.LibUv, SentenceAbout(named));

            return s_found = new UvLibrary(library);
        }
    }

    /// <summary>Says in one sentence what is missing and what brings it; null when nothing is.</summary>
    public static string? FindMissing()
    {
        try
        {
            Find();
            return null;
        }
        catch (LoopUnavailableException unavailable)
        {
            return unavailable.Message;
        }
    }

    private static bool TryLoad(string[] names, out nint library)
    {
        library = 0;
        foreach (string name in names)
        {
            if (NativeLibrary.TryLoad(name, out library))
                return true;
        }

        return false;
    }

    private static string SentenceAbout(string? named) => named is { Length: > 0 }
        ? $"The libuv loop cannot load '{named}', which {Variable} names; without that variable it takes the system's own library: {Remedy}."
        : $"The libuv loop needs the library libuv, which is not installed ({string.Join(", ", UsualNames)}): {Remedy}.";

    private static void VerifyVersion(uint version)
    {
        if (version < OldestVersion)
            throw new LoopUnavailableException(LoopKind.LibUv, $"The libuv loop needs libuv 1.14 or later, not {version >> 16}.{(version >> 8) & 0xFF}: {Remedy}.");
    }

    private static nint Export(nint library, string name) => NativeLibrary.TryGetExport(library, name, out nint address)
        ? address
        : throw new LoopUnavailableException(LoopKind.LibUv, $"The library that the libuv loop was given has no {name}, so it is no libuv 1.14 or later: {Remedy}.");
}
