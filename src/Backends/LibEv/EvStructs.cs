using System.Runtime.InteropServices;

namespace EventLoops.LibEv;

/// <summary>
/// What every watcher of libev begins with: <c>struct ev_watcher</c> as libev 4 is built unless someone changes its configuration, on machines with pointers
/// of eight bytes. libev has no functions that fill these in, its users do it by macros; <see cref="LayoutTest"/> proves that the layout is right.
/// </summary>
[StructLayout(LayoutKind.Sequential)]
internal struct EvWatcher
{
    public int Active;
    public int Pending;
    public int Priority;

    /// <summary>The user's own, which libev does not touch.</summary>
    public nint Data;

    public nint Callback;
}

/// <summary><c>struct ev_io</c>.</summary>
[StructLayout(LayoutKind.Sequential)]
internal struct EvIo
{
    public EvWatcher Watcher;
    public nint Next;
    public int Fd;
    public int Events;
}

/// <summary><c>struct ev_timer</c>.</summary>
[StructLayout(LayoutKind.Sequential)]
internal struct EvTimer
{
    public EvWatcher Watcher;

    /// <summary>Before the start: seconds from now. After it: libev's own time.</summary>
    public double At;

    public double Repeat;
}

/// <summary><c>struct ev_async</c>.</summary>
[StructLayout(LayoutKind.Sequential)]
internal struct EvAsync
{
    public EvWatcher Watcher;
    public int Sent;
}

/// <summary>The numbers of libev that this assembly uses.</summary>
internal static class Ev
{
    public const int Version = 4;

    public const int Read = 0x01;
    public const int Write = 0x02;

    /// <summary>Set at the first start of an <c>ev_io</c>: the descriptor may be another than the one that had this number before.</summary>
    public const int FdIsNew = 0x80;

    /// <summary>libev has stopped the watcher, as its descriptor cannot be watched.</summary>
    public const int Error = int.MinValue;

    public const int RunNoWait = 1;
    public const int RunOnce = 2;

    public const int LowestPriority = -2;
    public const int HighestPriority = 2;
}
