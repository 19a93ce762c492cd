namespace EventLoops.Tests.Traces;

/// <summary>What is wrong with a <see cref="MisbehavingHarness"/>.</summary>
public enum Misbehaviour
{
    /// <summary>Its clock does not move, so that no deadline ever comes.</summary>
    StandsStill,

    /// <summary>It forgets to watch for bytes again once it was told to stop.</summary>
    NeverReadsAgain,

    /// <summary>It forgets to watch for room.</summary>
    NeverWrites,

    /// <summary>It tells nothing of a descriptor when another one that was watched later is there too.</summary>
    ServesOnlyOne,
}

/// <summary>A loop in a poll array whose owner makes one of the mistakes that a backend can make.</summary>
internal sealed class MisbehavingHarness : LoopHarness
{
    private readonly CarelessArray _array;
    private readonly ExternalPollLoop _loop;
    private readonly Misbehaviour _misbehaviour;

    private MisbehavingHarness(CarelessArray array, ExternalPollLoop loop, EventLoopOptions options, Misbehaviour misbehaviour)
        : base(loop, options)
    {
        _array = array;
        _loop = loop;
        _misbehaviour = misbehaviour;
    }

    public static MisbehavingHarness New(EventLoopOptions options, Misbehaviour misbehaviour)
    {
        CarelessArray array = new(misbehaviour);
        return new MisbehavingHarness(array, new ExternalPollLoop(array, options), options, misbehaviour);
    }

    public override bool Turn(int maxMilliseconds = 0)
    {
        int reported = _array.Inner.Poll(_loop.GetTimeout(maxMilliseconds));
        int newest = _array.Newest;
        foreach (ref PollFd entry in _array.Inner.Entries)
        {
            if (_misbehaviour != Misbehaviour.ServesOnlyOne || _array.IsFirst(entry.Fd) || entry.Fd == newest) _loop.ServiceFd(ref entry);
        }

        _loop.EndFrame();
        return reported > 0;
    }

    public override void Advance(TimeSpan by)
    {
        if (_misbehaviour != Misbehaviour.StandsStill) base.Advance(by);
    }

    /// <summary>A poll array that does not do all that it is told.</summary>
    private sealed class CarelessArray(Misbehaviour misbehaviour) : IPollSet
    {
        // The loop's own wake descriptor and the listener come first.
        private const int OwnDescriptors = 2;

        private readonly List<int> _order = [];

        public PollFdArray Inner { get; } = new();

        public int Newest => _order[^1];

        public bool IsFirst(int fd) => _order.IndexOf(fd) < OwnDescriptors;

        public void AddPollFd(in PollArgs args)
        {
            _order.Add(args.Fd);
            Inner.Add(args.Fd, args.Events);
        }

        public void DeletePollFd(in PollArgs args)
        {
            _order.Remove(args.Fd);
            Inner.Remove(args.Fd);
        }

        public void SetModePollFd(in PollArgs args)
        {
            PollEvents forgotten = misbehaviour switch
            {
                Misbehaviour.NeverReadsAgain => PollEvents.In,
                Misbehaviour.NeverWrites => PollEvents.Out,
                _ => PollEvents.None,
            };
            Inner.SetEvents(args.Fd, args.Events & ~(args.Added & forgotten));
        }

        public void ClearModePollFd(in PollArgs args) => Inner.SetEvents(args.Fd, args.Events);
    }
}
