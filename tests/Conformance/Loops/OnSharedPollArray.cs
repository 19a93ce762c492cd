namespace EventLoops.Tests.Conformance;

/// <summary>
/// Several service threads whose loops keep their entries in one poll array, as the original's do: the program's lock, taken in <see cref="IPollSet.LockPoll"/> and around its own
/// copying, is all that holds it together. Each thread polls a copy of everything and serves what is its own.
/// </summary>
public static class OnSharedPollArray
{
    public sealed class ServiceThreads() : ServiceThreadSuite(New());

    public sealed class ServiceThreadPlaces() : ServiceThreadPlaceSuite(New());

    private static LoopFactory New()
    {
        SharedArray array = new();
        return options => new SharedArrayHarness(array, options);
    }

    /// <summary>The array, and whose lock is held by whom: a change outside of the lock is an error.</summary>
    private sealed class SharedArray : IPollSet
    {
        private readonly Lock _gate = new();
        private readonly Dictionary<int, PollEvents> _entries = [];

        public void AddPollFd(in PollArgs args)
        {
            CheckLock();
            _entries.Add(args.Fd, args.Events);
        }

        public void DeletePollFd(in PollArgs args)
        {
            CheckLock();
            _entries.Remove(args.Fd);
        }

        public void SetModePollFd(in PollArgs args)
        {
            CheckLock();
            _entries[args.Fd] = args.Events;
        }

        public void ClearModePollFd(in PollArgs args)
        {
            CheckLock();
            _entries[args.Fd] = args.Events;
        }

        public void LockPoll(in PollArgs args) => _gate.Enter();

        public void UnlockPoll(in PollArgs args) => _gate.Exit();

        public PollFdArray Copy()
        {
            PollFdArray copy = new();
            lock (_gate)
            {
                foreach ((int fd, PollEvents events) in _entries) copy.Add(fd, events);
            }

            return copy;
        }

        private void CheckLock()
        {
            if (!_gate.IsHeldByCurrentThread) throw new InvalidOperationException("A change was announced outside of LockPoll and UnlockPoll.");
        }
    }

    private sealed class SharedArrayHarness : LoopHarness
    {
        private readonly SharedArray _array;
        private readonly ExternalPollLoop _loop;

        public SharedArrayHarness(SharedArray array, EventLoopOptions options)
            : this(array, new ExternalPollLoop(array, options), options)
        {
        }

        private SharedArrayHarness(SharedArray array, ExternalPollLoop loop, EventLoopOptions options)
            : base(loop, options)
        {
            _array = array;
            _loop = loop;
        }

        public override bool Turn(int maxMilliseconds = 0)
        {
            PollFdArray copy = _array.Copy();
            int reported = copy.Poll(_loop.GetTimeout(maxMilliseconds));

            // Entries of the other threads are not served here, and those that were closed meanwhile are nobody's.
            foreach (ref PollFd entry in copy.Entries) _loop.ServiceFd(ref entry);
            _loop.EndFrame();
            return reported > 0;
        }
    }
}
