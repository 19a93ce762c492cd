namespace EventLoops;

/// <summary>An <c>eventfd</c> that other threads make readable to end a wait.</summary>
internal sealed unsafe class WakeEvent : IDisposable
{
    public WakeEvent()
    {
        IoResult opened = Libc.Result(Libc.EventFd(initial: 0, Libc.EventFdNonBlocking | Libc.EventFdCloseOnExec));
        if (opened.IsError) throw new LoopFaultException("eventfd", opened.Errno);

        Fd = opened.Value;
    }

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

    public void Dispose() => _ = Libc.Close(Fd);
}
