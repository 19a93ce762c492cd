using System.Runtime.InteropServices;

namespace EventLoops;

/// <summary>
/// One entry of a poll array: the kernel's own <c>struct pollfd</c>, so that an array of it can be handed to <c>poll(2)</c> as it is.
/// </summary>
[StructLayout(LayoutKind.Sequential)]
public struct PollFd
{
    /// <summary>The descriptor. A negative one is skipped by <c>poll(2)</c>, which is how an array keeps a hole.</summary>
    public int Fd;

    /// <summary>
    /// What the owner of the entry waits for: <see cref="PollEvents.In"/>, <see cref="PollEvents.Out"/>, both or nothing.
    /// </summary>
    public PollEvents Events;

    /// <summary>What the kernel reported. Whoever handles the entry sets it back to <see cref="PollEvents.None"/>.</summary>
    public PollEvents Revents;

    /// <summary>Makes an entry that waits for <paramref name="events"/> on <paramref name="fd"/>, with nothing reported yet.</summary>
    public PollFd(int fd, PollEvents events)
    {
        Fd = fd;
        Events = events;
    }
}
