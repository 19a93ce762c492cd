using System.Runtime.InteropServices;

namespace EventLoops.LibUv;

/// <summary>
/// Between poll's bits and libuv's, which are fewer: libuv hides a hang-up behind what was asked for, and stops a handle that has an error. A handle that was asked for
/// <c>UV_PRIORITIZED</c> too is told that bit when nothing but a hang-up or an error is left, also when nothing else was asked for; then, and only then,
/// the kernel is asked for the truth. (<c>UV_DISCONNECT</c> would not do: it is told in every turn from the peer's half-close on.)
/// </summary>
internal static unsafe partial class UvEvents
{
    public const int Prioritized = 8;

    private const int Readable = 1;
    private const int Writable = 2;

    /// <summary>What a handle is started with.</summary>
    public static int MaskOf(PollEvents interest, bool hasUrgentData)
    {
        int mask = hasUrgentData ? 0 : Prioritized;
        if ((interest & PollEvents.In) != PollEvents.None)
            mask |= Readable;
        if ((interest & PollEvents.Out) != PollEvents.None)
            mask |= Writable;
        return mask;
    }

    /// <summary>What a callback without an error and without <see cref="Prioritized"/> says.</summary>
    public static PollEvents ReadyOf(int events)
    {
        PollEvents ready = PollEvents.None;
        if ((events & Readable) != 0)
            ready |= PollEvents.In;
        if ((events & Writable) != 0)
            ready |= PollEvents.Out;
        return ready;
    }

    /// <summary>What the kernel itself says of a descriptor now.</summary>
    public static PollEvents Ask(int fd, PollEvents interest)
    {
        PollFd entry = new(fd, interest);
        return Poll(&entry, 1, milliseconds: 0) > 0 ? entry.Revents : PollEvents.None;
    }

    [LibraryImport("libc", EntryPoint = "poll")]
    private static partial int Poll(PollFd* entries, nuint count, int milliseconds);
}
