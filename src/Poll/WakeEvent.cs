namespace EventLoops;

/// <summary>
/// An <c>eventfd</c> that other threads make readable to end a wait: what a backend that waits for descriptors needs for <see cref="EventLoop.WakeCore"/>.
/// </summary>
public sealed unsafe class WakeEvent : IDisposable
{
    /// <summary>Opens one.</summary>
    /// <exception cref="LoopFaultException">The system gave none.</exception>
    public WakeEvent()
    {
        IoResult opened = Libc.Result(Libc.EventFd(initial: 0, Libc.EventFdNonBlocking | Libc.EventFdCloseOnExec));
        if (opened.IsError) throw new LoopFaultException("eventfd", opened.Errno);

        Fd = opened.Value;
    }

    /// <summary>The descriptor, to be watched for <see cref="PollEvents.In"/>.</summary>
    public int Fd { get; }

    /// <summary>Makes the descriptor readable. Any thread. The only refusal there is means that it is readable to the brim.</summary>
    public void Signal()
    {
        ulong one = 1;
        _ = Libc.Write(Fd, &one, sizeof(ulong));
    }

    /// <summary>Makes the descriptor unreadable again.</summary>
    public void Clear()
    {
        ulong count;
        _ = Libc.Read(Fd, &count, sizeof(ulong));
    }

    /// <summary>Closes the descriptor. Not while another thread may still signal it.</summary>
    public void Dispose() => _ = Libc.Close(Fd);
}
