using System.Runtime.InteropServices;

namespace EventLoops.IoUring;

/// <summary>
/// What sockets have written. It leaves with the next submission, which is the call that waits, and what the kernel has not taken then is kept until there is room. An entry never
/// waits inside of the kernel (MSG_DONTWAIT): when the call is over each has said what it took, or said nothing, which is all. So nothing is ever on its way while the program
/// runs, and a caller that cannot wait for the submission, as before a shutdown, sends by a system call what lies here.
/// </summary>
internal sealed unsafe class CompletionOutput : IDisposable
{
    // More than this is not worth the copy: it leaves at once, by a system call.
    private const int Largest = 16 * 1024;

    // recv(2), send(2). All or the count of what was taken as a failure (MSG_WAITALL), so that success needs no answer.
    private const uint DontWait = 0x40;
    private const uint WaitAll = 0x100;
    private const uint NoSignal = 0x4000;

    // What the peer of a closed socket has not taken by then is lost to it, as it is for a process that ends.
    private const int PartingSeconds = 5;

    private readonly IoUringLoop _loop;
    private readonly SendArena _arena = new();
    private readonly Dictionary<uint, NativeBytes> _parting = [];
    private readonly WaitTime* _partingTime = (WaitTime*)NativeMemory.AllocZeroed((nuint)sizeof(WaitTime));
    private SlotList _sending = new();
    private int _written;

    public CompletionOutput(IoUringLoop loop)
    {
        _loop = loop;
        _partingTime->Seconds = PartingSeconds;
    }

    /// <summary>Whether anything waits for a submission.</summary>
    public bool IsEmpty => _sending.Count == 0;

    /// <summary>Takes two pieces as <c>send(2)</c> would.</summary>
    public IoResult Send(SocketSlot slot, ReadOnlySpan<byte> first, ReadOnlySpan<byte> second)
    {
        if (slot.SendErrno != Errno.None) return TakeErrno(slot);
        if (slot.HasKept && !TryFlush(slot)) return Refusal(slot);
        if (TryPutOff(slot, first, second)) return IoResult.Ok(first.Length + second.Length);
        if (!TryFlush(slot)) return Refusal(slot);

        return second.IsEmpty ? SocketIo.System.Send(slot.Fd, first) : SocketIo.System.Send(slot.Fd, first, second);
    }

    /// <summary>Why nothing can be written now: what was written before has failed, or waits.</summary>
    public static IoResult Refusal(SocketSlot slot) => slot.SendErrno != Errno.None ? TakeErrno(slot) : IoResult.Failed(Errno.EAGAIN);

    /// <summary>What became of what was written, once.</summary>
    public static IoResult TakeErrno(SocketSlot slot)
    {
        Errno errno = slot.SendErrno;
        slot.SendErrno = Errno.None;
        return IoResult.Failed(errno);
    }

    /// <summary>Sends what waits, now. False when some of it is left, or it came to nothing.</summary>
    public bool TryFlush(SocketSlot slot)
    {
        if (slot.SendRequest != 0)
        {
            _loop.Submit();
            if (slot.SendRequest != 0) return false;
        }

        if (slot.PendingLength > 0)
        {
            IoResult sent = SocketIo.System.Send(slot.Fd, _arena.Span(slot.PendingOffset, slot.PendingLength));
            Settle(slot, sent.IsError ? -(int)sent.Errno : sent.Value);
        }

        return slot.HasKept ? TryFlushKept(slot) : slot.SendErrno == Errno.None;
    }

    /// <summary>Writes the entries of all that wait. False when the queue has no room for some.</summary>
    public bool WriteEntries()
    {
        while (_written < _sending.Count && _loop.HasRoom(1))
        {
            SocketSlot slot = _sending[_written++];
            if (slot.PendingLength == 0 || slot.SendRequest != 0) continue;

            ref Submission entry = ref _loop.NextEntry(RequestKind.Send, slot.Fd, out uint request);
            entry.Operation = Submission.Send;
            entry.Flags = Submission.SkipSuccess;
            entry.Target = (ulong)_arena.AddressOf(slot.PendingOffset);
            entry.Length = (uint)slot.PendingLength;
            entry.Events = DontWait | WaitAll | NoSignal;
            slot.SendRequest = request;
            slot.SendTicket = _loop.Ticket;
        }

        return _written == _sending.Count;
    }

    /// <summary>All entries were taken and all answers are known: those that have none were sent as a whole.</summary>
    public void Finish()
    {
        int left = 0;
        for (int i = 0; i < _sending.Count; i++)
        {
            SocketSlot slot = _sending[i];
            if (slot.SendRequest != 0)
            {
                slot.SendRequest = 0;
                slot.PendingLength = 0;
            }

            if (slot.PendingLength > 0) _sending[left++] = slot;
            else slot.IsSending = false;
        }

        _sending.Truncate(left);
        _written = 0;
        if (left == 0) _arena.Reset();
    }

    /// <summary>An entry was not sent as a whole.</summary>
    public void OnSent(SocketSlot slot, uint request, int result)
    {
        if (slot.SendRequest == request) Settle(slot, result);
    }

    /// <summary>
    /// The socket is about to be closed. What the kernel refuses to take now is left to it, together with the open file, for a few seconds: so the descriptor is free at once,
    /// and the peer sees the end behind the last byte.
    /// </summary>
    public void Part(SocketSlot slot)
    {
        _ = TryFlush(slot);
        if (slot.SendRequest != 0) _loop.GiveUpRing();
        if (!slot.HasKept) return;

        if (slot.IsAborted || !_loop.HasRoom(2))
        {
            slot.Store.Kept.Free();
            return;
        }

        ref NativeBytes kept = ref slot.Store.Kept;
        ref Submission entry = ref _loop.NextEntry(RequestKind.Parting, slot.Fd, out uint request);
        entry.Operation = Submission.Send;
        entry.Flags = Submission.Link;
        entry.Target = (ulong)kept.Address;
        entry.Length = (uint)kept.Length;
        entry.Events = WaitAll | NoSignal;
        _parting[request] = kept;
        kept = default;

        ref Submission limit = ref _loop.NextEntry();
        limit.Operation = Submission.LinkTimeout;
        limit.Fd = -1;
        limit.Target = (ulong)_partingTime;
        limit.Length = 1;
        _loop.Submit();

        // The entry names a number that is another socket's in a moment.
        if (_loop.HasUnsubmitted) _loop.GiveUpRing();
    }

    /// <summary>The socket is closed already: what was written is lost.</summary>
    public void Drop(SocketSlot slot)
    {
        if (slot.SendRequest != 0) _loop.GiveUpRing();
        slot.PendingLength = 0;
        if (slot.HasKept) slot.Store.Kept.Free();
    }

    /// <summary>The last bytes of a closed socket have left, or never will.</summary>
    public void OnParted(uint request)
    {
        if (_parting.Remove(request, out NativeBytes bytes)) bytes.Free();
    }

    /// <summary>The ring is about to be closed: what it has not taken will be given to the next one.</summary>
    public void OnRingLost()
    {
        for (int i = 0; i < _sending.Count; i++)
        {
            SocketSlot slot = _sending[i];
            if (slot.SendRequest == 0) continue;

            slot.SendRequest = 0;
            if (_loop.HasTaken(slot.SendTicket)) slot.PendingLength = 0;
        }

        _written = 0;
    }

    /// <summary>The ring is closed, and what it still had to send for closed sockets is lost.</summary>
    public void OnRingClosed()
    {
        foreach (NativeBytes bytes in _parting.Values) bytes.Free();
        _parting.Clear();
    }

    /// <summary>The loop ends: what was written leaves now.</summary>
    public void FlushAll()
    {
        for (int i = 0; i < _sending.Count; i++)
        {
            if (_sending[i].Fd >= 0) _ = TryFlush(_sending[i]);
        }
    }

    public void Dispose()
    {
        OnRingClosed();
        _arena.Dispose();
        NativeMemory.Free(_partingTime);
    }

    /// <summary>
    /// Takes the bytes for the next submission: in a turn, which ends with one, and from a socket that is watched, which can be told of what becomes of them. The first ones are the
    /// answer to an opening, and what becomes of that decides whether there is a connection: the kernel is asked at once, as it is when the peer is known to be gone.
    /// </summary>
    private bool TryPutOff(SocketSlot slot, ReadOnlySpan<byte> first, ReadOnlySpan<byte> second)
    {
        int length = first.Length + second.Length;
        if (!slot.HasWritten || slot.End == StreamEnd.Error)
        {
            slot.HasWritten = true;
            return false;
        }

        if (length is 0 or > Largest || slot.SendRequest != 0 || !_loop.IsInTurn || _loop.FindWatch(slot.Fd) is null) return false;

        int end = slot.PendingOffset + slot.PendingLength;
        if (slot.PendingLength > 0 ? !_arena.TryExtend(end, length) : !_arena.TryReserve(length, out end)) return false;

        if (slot.PendingLength == 0) slot.PendingOffset = end;
        slot.PendingLength += length;
        _arena.Put(end, first);
        _arena.Put(end + first.Length, second);
        if (!slot.IsSending)
        {
            slot.IsSending = true;
            _sending.Add(slot);
        }

        return true;
    }

    /// <summary>The kernel has said how much of what was pending it took.</summary>
    private void Settle(SocketSlot slot, int result)
    {
        ReadOnlySpan<byte> rest = _arena.Span(slot.PendingOffset, slot.PendingLength);
        slot.SendRequest = 0;
        slot.PendingLength = 0;
        Errno errno = result < 0 ? (Errno)(-result) : Errno.None;
        if (errno is Errno.None or Errno.EAGAIN or Errno.EINTR or Errno.ECANCELED)
        {
            rest = rest[Math.Max(result, 0)..];
            if (rest.IsEmpty) return;

            slot.Store.Kept.Append(rest);
            _loop.Requeue(slot.Fd);
            return;
        }

        Fail(slot, errno);
    }

    private bool TryFlushKept(SocketSlot slot)
    {
        ref NativeBytes kept = ref slot.Store.Kept;
        IoResult sent = SocketIo.System.Send(slot.Fd, kept.Span);
        if (sent.IsError && !sent.WouldBlock)
        {
            kept.Free();
            Fail(slot, sent.Errno);
            return false;
        }

        kept.Skip(sent.Value);
        if (!kept.IsEmpty) return false;

        _loop.Requeue(slot.Fd);
        if (slot.ShutsDown) _ = SocketIo.System.ShutdownWrite(slot.Fd);
        return true;
    }

    /// <summary>The bytes were taken when they were written, so their writer hears of it later: from its watch, and from the next call.</summary>
    private void Fail(SocketSlot slot, Errno errno)
    {
        slot.SendErrno = errno;
        _loop.Announce(slot);
    }
}
