using NetUV.Core.Handles;
using Timer = NetUV.Core.Handles.Timer;

namespace EventLoops.Tests.Reliability.Guests;

// As docs/libuv.md shows it: whoever starts the guest disposes it.
#pragma warning disable CA1001
internal sealed class NetUvPollSet(Loop loop) : IPollSet
{
    private readonly Dictionary<int, Poll> _polls = [];
    private readonly Timer _timer = loop.CreateTimer();
    private ExternalPollLoop? _guest;

    public ExternalPollLoop Start() => _guest = new ExternalPollLoop(this);

    public void AddPollFd(in PollArgs args)
    {
        _polls.Add(args.Fd, loop.CreatePoll(args.Fd));
        Watch(args.Fd, args.Events);
    }

    public void SetModePollFd(in PollArgs args) => Watch(args.Fd, args.Events);

    public void ClearModePollFd(in PollArgs args) => Watch(args.Fd, args.Events);

    public void DeletePollFd(in PollArgs args)
    {
        _polls.Remove(args.Fd, out Poll? poll);
        poll!.CloseHandle();
    }

    public void DeadlineChanged(TimeSpan dueIn)
    {
        if (dueIn == Timeout.InfiniteTimeSpan) _timer.Stop();
        else _timer.Start(_ => _guest!.EndFrame(), (long)Math.Ceiling(Math.Min(dueIn.TotalMilliseconds, int.MaxValue)), 0);
    }

    public void Close() => _timer.CloseHandle();

    private void Watch(int fd, PollEvents events)
    {
        PollMask mask = PollMask.None;
        if (events.HasFlag(PollEvents.In)) mask |= PollMask.Readable;
        if (events.HasFlag(PollEvents.Out)) mask |= PollMask.Writable;
        if (mask == PollMask.None) _polls[fd].Stop();
        else _polls[fd].Start(mask, (poll, status) => Serve(poll, fd, events, status));
    }

    private void Serve(Poll poll, int fd, PollEvents events, PollStatus status)
    {
        PollEvents ready = PollEvents.None;
        if (status.Mask.HasFlag(PollMask.Readable)) ready |= PollEvents.In;
        if (status.Mask.HasFlag(PollMask.Writable)) ready |= PollEvents.Out;
        if (status.Error is not null) ready |= PollEvents.Error;

        PollFd entry = new(fd, events) { Revents = ready };
        _guest!.ServiceFd(ref entry);

        // libuv stops a handle that has an error. Who is still there goes on watching.
        if (status.Error is not null && _polls.TryGetValue(fd, out Poll? now) && now == poll) Watch(fd, events);
    }
}
