namespace EventLoops.IoUring;

/// <summary>
/// What sockets receive and listeners accept. The kernel does it by itself while the watch wants to read and nothing waits to be taken; what it brings is told like readiness,
/// at each turn for as long as there is something. Bytes move only while the ring is entered, so between two waits a system call sees what is behind them in the same order.
/// </summary>
internal sealed unsafe class CompletionInput(IoUringLoop loop, SocketSlots slots, ProvidedBuffers buffers)
{
    // accept4(2): SOCK_NONBLOCK and SOCK_CLOEXEC.
    private const uint AcceptFlags = 0x800 | 0x80000;

    // Bytes in a buffer are copied once more. From here on that is more than the call that is saved: an echo of 1 MiB took 1.5 of what it takes without.
    private const int Much = 16 * 1024;

    // What comes in large pieces ends in small ones; so many of them are another way of talking.
    private const int Little = 8 * 1024;
    private const int MostSmallReads = 4;

    private SlotList _listed = new();
    private SlotList _settling = new();

    /// <summary>Whether the loop may sleep as far as this is concerned; asked after <see cref="Prepare"/>.</summary>
    public bool IsAtRest => _listed.Count == 0 && _settling.Count == 0;

    /// <summary>Takes what has come, as <c>recv(2)</c> would.</summary>
    public IoResult Receive(SocketSlot slot, Span<byte> room)
    {
        int taken = slot.HasSpilled ? slot.Store.Spilled.Take(room) : 0;
        if (taken > 0 || !slot.Chain.IsEmpty) return IoResult.Ok(taken + buffers.Take(ref slot.Chain, room[taken..]));
        if (slot.End != StreamEnd.None) return TakeEnd(slot);
        if (slot.SendErrno != Errno.None) return CompletionOutput.TakeErrno(slot);

        IoResult received = SocketIo.System.Receive(slot.Fd, room);
        if (slot.IsBulk && received.Value > 0) NoteSize(slot, received.Value);
        return received;
    }

    /// <summary>Takes a connection, as <c>accept4(2)</c> would.</summary>
    public IoResult Accept(SocketSlot slot)
    {
        if (slot.HasInput) return IoResult.Ok(slot.Store.Accepted.Dequeue());
        if (slot.End == StreamEnd.Error)
        {
            // That accepting failed says nothing about the next time, unlike the end of a stream.
            slot.End = StreamEnd.None;
            return IoResult.Failed(slot.EndErrno);
        }

        return slot.Request != 0 && !slot.IsEnding ? IoResult.Failed(Errno.EAGAIN) : SocketIo.System.Accept(slot.Fd);
    }

    /// <summary>The end of the stream, or why it broke; told once. What the kernel says from then on is asked as of every other descriptor.</summary>
    public IoResult TakeEnd(SocketSlot slot)
    {
        bool isError = slot.End == StreamEnd.Error;
        slot.End = StreamEnd.None;
        slot.IsOver = true;
        loop.Requeue(slot.Fd);
        return isError ? IoResult.Failed(slot.EndErrno) : IoResult.Ok(0);
    }

    /// <summary>Has the slot's watch told of what it has, in this turn or the next.</summary>
    public void List(SocketSlot slot)
    {
        if (slot.IsListed) return;

        slot.IsListed = true;
        _listed.Add(slot);
    }

    /// <summary>Has the slot's request looked at before the next wait: what the watch wants has changed, or the kernel has ended it.</summary>
    public void Unsettle(SocketSlot slot)
    {
        if (slot.IsSettling) return;

        slot.IsSettling = true;
        _settling.Add(slot);
    }

    /// <summary>Before the wait: requests begin and end as the watches want, and whoever has been told and has taken what there was leaves the list.</summary>
    public void Prepare()
    {
        // What has no room in the queue now comes behind these.
        int count = _settling.Count;
        for (int i = 0; i < count; i++)
        {
            SocketSlot slot = _settling[i];
            slot.IsSettling = false;
            Settle(slot);
        }

        _settling.Skip(count);

        int left = 0;
        for (int i = 0; i < _listed.Count; i++)
        {
            SocketSlot slot = _listed[i];
            Settle(slot);
            if (slot.Fd >= 0 && EventsOf(slot, loop.FindWatch(slot.Fd)) != PollEvents.None)
            {
                _listed[left++] = slot;
                continue;
            }

            // Nobody takes it now, perhaps for long: the buffers are everybody's.
            slot.IsListed = false;
            Spill(slot);
        }

        _listed.Truncate(left);
        for (int i = 0; i < left && buffers.IsScarce; i++) Spill(_listed[i]);
    }

    /// <summary>After the wait: whoever has something is among those who are told in this turn.</summary>
    public void AddReady()
    {
        for (int i = 0; i < _listed.Count; i++)
        {
            SocketSlot slot = _listed[i];
            if (slot.Fd >= 0 && loop.FindWatch(slot.Fd) is { } watch && EventsOf(slot, watch) is not PollEvents.None and var ready)
                loop.AddReady(watch, ready, slot);
        }
    }

    /// <summary>The kernel has received, or says that it does not any more.</summary>
    public void OnReceived(SocketSlot? slot, uint request, Completion completion)
    {
        if (slot is null || slot.Request != request)
        {
            // Of a socket that is closed.
            if (completion.BufferId >= 0) buffers.Return(completion.BufferId);
            return;
        }

        if (completion.Result > 0)
        {
            buffers.Append(ref slot.Chain, completion.BufferId, completion.Result);
            List(slot);
            if (completion.Result >= Much && !slot.IsBulk)
            {
                slot.IsBulk = true;
                slot.SmallReads = 0;
                loop.Requeue(slot.Fd);
            }
        }
        else
        {
            if (completion.BufferId >= 0) buffers.Return(completion.BufferId);
            NoteEnd(slot, completion.Result);
        }

        if (completion.IsLast) NoteLast(slot);
    }

    /// <summary>The kernel has accepted, or says that it does not any more.</summary>
    public void OnAccepted(SocketSlot? slot, uint request, Completion completion)
    {
        if (slot is null || slot.Request != request)
        {
            if (completion.Result >= 0) _ = UringCalls.Close(completion.Result);
            return;
        }

        if (completion.Result >= 0)
        {
            slot.Store.Accepted.Enqueue(completion.Result);
            List(slot);
        }
        else
        {
            NoteEnd(slot, completion.Result);
        }

        if (completion.IsLast) NoteLast(slot);
    }

    /// <summary>The socket is about to be closed: its request ends, and what has come is nobody's.</summary>
    public void Drop(SocketSlot slot)
    {
        if (slot.Request != 0) loop.Cancel(KeyOf(slot), waits: slot.IsListener || !loop.IsInTurn);
        buffers.Drop(ref slot.Chain);
        slot.End = StreamEnd.None;
        if (slot.HasSpilled) slot.Store.Spilled.Free();
        while (slot.HasInput) _ = UringCalls.Close(slot.Store.Accepted.Dequeue());
    }

    /// <summary>The watch is gone. Who waits for a connection must find nobody listening as soon as the listener is closed, by whatever means.</summary>
    public void OnUnwatched(SocketSlot slot)
    {
        if (slot.IsListener && slot.Request != 0) loop.Cancel(KeyOf(slot), waits: true);
        else Unsettle(slot);
    }

    /// <summary>The ring is closed, and no request is left.</summary>
    /// <param name="hasLost">Whether there were answers that nobody will see: then a stream may have a hole, and ends.</param>
    public void OnRingClosed(bool hasLost)
    {
        for (int fd = 0; fd < slots.Limit; fd++)
        {
            if (slots.Find(fd) is not { } slot) continue;

            bool wasServed = slot.Request != 0;
            slot.Request = 0;
            slot.IsEnding = false;
            Unsettle(slot);
            if (!wasServed || !hasLost || slot.IsListener) continue;

            slot.End = StreamEnd.Error;
            slot.EndErrno = Errno.ENOBUFS;
            List(slot);
        }
    }

    private static PollEvents EventsOf(SocketSlot slot, Watch? watch)
    {
        if (watch is null) return PollEvents.None;

        PollEvents told = slot.HasNews ? watch.Interest & PollEvents.In : PollEvents.None;
        return slot.SendErrno == Errno.None ? told : told | PollEvents.Error;
    }

    private static ulong KeyOf(SocketSlot slot) =>
        new RequestKey(slot.IsListener ? RequestKind.Accept : RequestKind.Receive, slot.Fd, slot.Request).ToBits();

    /// <summary>Begins the request when the watch wants to read and has taken what there was, and ends it when it does not: so nothing collects that nobody takes.</summary>
    private void Settle(SocketSlot slot)
    {
        if (slot.Fd < 0) return;

        bool isWanted = !slot.IsOver && !slot.IsBulk && !slot.HasNews && loop.FindWatch(slot.Fd) is { } watch && (watch.Interest & PollEvents.In) != PollEvents.None;
        if (isWanted == (slot.Request != 0) || slot.IsEnding) return;
        if (!loop.HasRoom(1))
        {
            Unsettle(slot);
            return;
        }

        // Making room brings answers, and the answer may have been the last one.
        if (isWanted == (slot.Request != 0)) return;
        if (isWanted)
        {
            Begin(slot);
            return;
        }

        slot.IsEnding = true;
        loop.Cancel(KeyOf(slot), waits: false);
    }

    private void Begin(SocketSlot slot)
    {
        ref Submission entry = ref loop.NextEntry(slot.IsListener ? RequestKind.Accept : RequestKind.Receive, slot.Fd, out uint request);
        slot.Request = request;
        if (slot.IsListener)
        {
            entry.Operation = Submission.Accept;
            entry.Priority = Submission.AcceptMultishot;
            entry.Events = AcceptFlags;
            return;
        }

        entry.Operation = Submission.Receive;
        entry.Priority = Submission.ReceiveMultishot;
        entry.Flags = Submission.BufferSelect;
        entry.BufferGroup = ProvidedBuffers.Group;
    }

    private void NoteEnd(SocketSlot slot, int result)
    {
        switch ((Errno)(-result))
        {
            case Errno.None:
                slot.End = StreamEnd.EndOfStream;
                List(slot);
                break;

            // Others have all buffers at the moment, the request was taken back, or the kernel lacked memory: it is asked again, if that is wanted.
            case Errno.ENOBUFS when !slot.IsListener:
            case Errno.ECANCELED or Errno.EINTR or Errno.EAGAIN:
                break;

            // Not what it was taken for. A system call will say so to whoever makes one.
            case Errno.ENOTSOCK or Errno.EINVAL or Errno.EOPNOTSUPP or Errno.ENOTCONN:
                slot.IsOver = true;
                loop.Requeue(slot.Fd);
                break;

            default:
                slot.End = StreamEnd.Error;
                slot.EndErrno = (Errno)(-result);
                List(slot);
                break;
        }
    }

    /// <summary>Somebody who sends much is read by system calls; when he sends little again, the kernel receives by itself again.</summary>
    private void NoteSize(SocketSlot slot, int size)
    {
        slot.SmallReads = size < Little ? (byte)(slot.SmallReads + 1) : (byte)0;
        if (slot.SmallReads < MostSmallReads) return;

        slot.IsBulk = false;
        loop.Requeue(slot.Fd);
    }

    private void NoteLast(SocketSlot slot)
    {
        slot.Request = 0;
        slot.IsEnding = false;
        Unsettle(slot);
    }

    private void Spill(SocketSlot slot)
    {
        if (!slot.Chain.IsEmpty) buffers.Spill(ref slot.Chain, ref slot.Store.Spilled);
    }
}
