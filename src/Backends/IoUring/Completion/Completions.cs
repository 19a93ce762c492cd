namespace EventLoops.IoUring;

/// <summary>
/// What the kernel does for the loop's sockets by itself, and whose sockets they are. A socket is served so from the first time that it is read, or accepted from, through
/// <see cref="CompletionSocketIo"/> while the loop watches it; one that a listener of the loop has accepted at once. Others are never touched: their owner reads them in ways of
/// its own.
/// </summary>
internal sealed class Completions : IDisposable
{
    // 2 MiB. A wait was seen to bring some 20 answers, and the kernel makes a pause after each 32 buffers of one socket, so that a message is better off in one than in many.
    private static readonly (int Count, int Size) s_usualBuffers = (64, 32 * 1024);

    private readonly IoUringLoop _loop;
    private readonly SocketSlots _slots = new();
    private readonly ProvidedBuffers _buffers;
    private bool _hasEnded;

    /// <summary>Makes them for a loop.</summary>
    /// <param name="loop">The loop.</param>
    /// <param name="buffers">How many buffers there are to receive into, a power of two, and how long each is; null for what is usual.</param>
    public Completions(IoUringLoop loop, (int Count, int Size)? buffers)
    {
        _loop = loop;
        (int count, int size) = buffers ?? s_usualBuffers;
        _buffers = new ProvidedBuffers(count, size);
        Input = new CompletionInput(loop, _slots, _buffers);
        Output = new CompletionOutput(loop);
    }

    /// <summary>How many buffers the kernel has to receive into.</summary>
    public int FreeBuffers => _buffers.Free;

    public CompletionInput Input { get; }

    public CompletionOutput Output { get; }

    /// <summary>The slot of a descriptor that is served here, or null. Other threads than the loop's, and anybody when the loop is disposed, find none.</summary>
    public SocketSlot? Find(int fd)
    {
        if (_slots.Find(fd) is not { } slot || _hasEnded || !_loop.IsOnThread) return null;
        if (slot.AcceptedIn == 0 || slot.AcceptedIn == _loop.TurnNumber) return slot;

        // It was accepted here, and has gone to another loop. The number may have become anybody's.
        _slots.Remove(slot);
        return null;
    }

    /// <summary>Has a ring receive into the buffers.</summary>
    public Errno Register(Ring ring) => _buffers.Register(ring);

    /// <summary>The slot that a socket has from now on if the loop watches it and it is a stream, or a listener.</summary>
    public void Adopt(int fd, bool isListener)
    {
        if (_hasEnded || !_loop.IsOnThread || _loop.FindWatch(fd) is null || !UringCalls.IsStream(fd)) return;

        _slots.Add(fd, isListener, acceptedIn: 0);
        _loop.Requeue(fd);
    }

    /// <summary>A listener of this loop has accepted a socket: it is served here if it is watched before the turn is over.</summary>
    public void Expect(int fd)
    {
        if (_hasEnded || !_loop.IsOnThread) return;
        if (Find(fd) is { } former)
        {
            // Somebody has closed it without telling: the number is another socket's now.
            Output.Drop(former);
            Input.Drop(former);
            _slots.Remove(former);
        }

        _slots.Add(fd, isListener: false, _loop.TurnNumber);
    }

    /// <summary>A descriptor is watched.</summary>
    public void OnWatched(int fd)
    {
        if (Find(fd) is { } slot) slot.AcceptedIn = 0;
    }

    /// <summary>A descriptor is not watched any more. It is still open.</summary>
    public void OnUnwatched(int fd)
    {
        if (_slots.Find(fd) is { } slot) Input.OnUnwatched(slot);
    }

    /// <summary>What the kernel has to be polled for; null when it need not be, since it receives or accepts and tells everything by that.</summary>
    public PollEvents? PollsFor(Watch watch)
    {
        if (_slots.Find(watch.Fd) is not { AcceptedIn: 0 } slot) return watch.Interest;

        Input.Unsettle(slot);
        if (slot.HasNews || slot.SendErrno != Errno.None) Input.List(slot);
        PollEvents polled = slot.HasKept ? watch.Interest | PollEvents.Out : watch.Interest;
        if (slot.IsOver || slot.IsBulk || (watch.Interest & PollEvents.In) == PollEvents.None) return polled;

        polled &= PollEvents.Out;
        return polled == PollEvents.None ? null : polled;
    }

    /// <summary>What of an answer to a poll is true for the user: there is no room for bytes while others are kept that come before them.</summary>
    public PollEvents Refine(Watch watch, PollEvents ready)
    {
        if (_slots.Find(watch.Fd) is not { HasKept: true } slot) return ready;
        return (ready & PollEvents.Out) == PollEvents.None || Output.TryFlush(slot) ? ready : ready & ~PollEvents.Out;
    }

    /// <summary>The slot of a watch that is told something.</summary>
    public SocketSlot? SlotOf(Watch watch) => _slots.Find(watch.Fd);

    /// <summary>Hands out an answer.</summary>
    public void On(RequestKey key, Completion completion)
    {
        SocketSlot? slot = _slots.Find(key.Fd);
        switch (key.Kind)
        {
            case RequestKind.Receive:
                Input.OnReceived(slot, key.Number, completion);
                break;

            case RequestKind.Accept:
                Input.OnAccepted(slot, key.Number, completion);
                break;

            case RequestKind.Send when slot is not null:
                Output.OnSent(slot, key.Number, completion.Result);
                break;

            case RequestKind.Parting:
                Output.OnParted(key.Number);
                break;
        }
    }

    /// <summary>Closes a socket that is served here: behind what was written, and without what was received.</summary>
    public IoResult Close(SocketSlot slot)
    {
        int fd = slot.Fd;
        Output.Part(slot);
        Input.Drop(slot);
        _slots.Remove(slot);
        return SocketIo.System.Close(fd);
    }

    /// <summary>The loop ends, while its ring is still there. The sockets stay open, and are served by system calls from now on.</summary>
    public void BeginEnd()
    {
        Output.FlushAll();
        _hasEnded = true;
        for (int fd = 0; fd < _slots.Limit; fd++)
        {
            if (_slots.Find(fd) is { IsListener: true } listener) Input.Drop(listener);
        }
    }

    /// <summary>Frees the memory. The ring is closed: nothing is read or written by the kernel any more.</summary>
    public void Dispose()
    {
        Output.Dispose();
        _buffers.Dispose();
    }
}
