using FsCheck.Xunit;
using Xunit;

namespace EventLoops.Tests.Poll;

/// <summary>
/// The user's own poll array, and what the loop believes of it, after any script of calls, also of calls made by handlers.
/// </summary>
public sealed class ExternalArrayProperties
{
    [Property(MaxTest = 200, EndSize = 200)]
    public void The_users_array_equals_what_the_loop_believes_and_foreign_entries_are_never_touched(byte[] script)
    {
        using World world = new(script);
        world.Play();
    }

    /// <summary>An array as somebody would write it by hand: removing moves the last entry into the gap, whoever walks meanwhile.</summary>
    private sealed class HandWrittenArray : IPollSet
    {
        public List<PollFd> Entries { get; } = [];

        public PollArgs? Locked { get; private set; }

        public void LockPoll(in PollArgs args)
        {
            Assert.Null(Locked);
            Locked = args;
        }

        public void UnlockPoll(in PollArgs args)
        {
            Assert.Equal(Locked, args);
            Locked = null;
        }

        public void AddPollFd(in PollArgs args)
        {
            Assert.Equal(Locked, args);
            Assert.Equal(-1, IndexOf(args.Fd));
            Assert.Equal(PollEvents.None, args.PreviousEvents);
            Entries.Add(new PollFd(args.Fd, args.Events));
        }

        public void DeletePollFd(in PollArgs args)
        {
            Assert.Equal(Locked, args);
            int index = IndexOf(args.Fd);
            Assert.Equal(Entries[index].Events, args.PreviousEvents);
            Entries[index] = Entries[^1];
            Entries.RemoveAt(Entries.Count - 1);
        }

        public void SetModePollFd(in PollArgs args)
        {
            Assert.NotEqual(PollEvents.None, args.Added);
            Assert.Equal(PollEvents.None, args.Removed);
            ChangeMode(args);
        }

        public void ClearModePollFd(in PollArgs args)
        {
            Assert.Equal(PollEvents.None, args.Added);
            Assert.NotEqual(PollEvents.None, args.Removed);
            ChangeMode(args);
        }

        private void ChangeMode(in PollArgs args)
        {
            Assert.Equal(Locked, args);
            int index = IndexOf(args.Fd);
            Assert.Equal(Entries[index].Events, args.PreviousEvents);
            Entries[index] = Entries[index] with { Events = args.Events };
        }

        private int IndexOf(int fd) => Entries.FindIndex(entry => entry.Fd == fd);
    }

    private sealed class World : IReadyHandler, IDisposable
    {
        private readonly Descriptors _descriptors = new();
        private readonly HandWrittenArray _array = new();
        private readonly ExternalPollLoop _loop;
        private readonly int _wakeFd;
        private readonly Dictionary<int, Watch> _watches = [];
        private readonly Dictionary<int, PollFd> _foreign = [];
        private readonly List<Exception> _reported = [];
        private readonly byte[] _script;
        private int _position;

        public World(byte[] script)
        {
            _script = script;
            _loop = new ExternalPollLoop(_array) { UnhandledException = _reported.Add };
            _wakeFd = _array.Entries[0].Fd;
        }

        private bool IsOver => _position >= _script.Length;

        public void Play()
        {
            while (!IsOver)
            {
                Step();
                Check();
            }

            _loop.Dispose();
            _watches.Clear();
            Assert.Empty(_reported);
            Assert.Equal(_foreign.Keys.Order(), _array.Entries.Select(entry => entry.Fd).Order());
        }

        public void OnReady(Watch watch, PollEvents ready)
        {
            Assert.True(watch.IsActive);
            Assert.Same(_watches[watch.Fd], watch);
            Assert.Equal(PollEvents.None, ready & ~(watch.Interest | PollEvents.Error | PollEvents.HangUp));
            Assert.NotEqual(PollEvents.None, ready);
            if (Next() % 3 == 0) Act(Next());
        }

        public void Dispose()
        {
            _loop.Dispose();
            _descriptors.Dispose();
        }

        private int Next() => IsOver ? 0 : _script[_position++];

        private void Step()
        {
            int operation = Next();
            switch (operation % 8)
            {
                case 0: ServeAll(); break;
                case 1: _loop.EndFrame(); break;
                case 2: AddForeign(); break;
                case 3: OfferStale(); break;
                default: Act(operation); break;
            }
        }

        /// <summary>What a handler may do as well as the main program.</summary>
        private void Act(int operation)
        {
            switch (operation % 6)
            {
                case 0 or 1: StartWatch(_descriptors.EventFd((uint)(Next() % 2))); break;
                case 2 when Pick() is { } watch: _loop.Change(watch, Mask()); break;
                case 3 when Pick() is { } watch: EndWatch(watch); break;
                case 4 when Pick() is { } watch: UseNumberAgain(watch); break;
                case 5 when Pick() is { } watch: Descriptors.Signal(watch.Fd); break;
                default: _loop.Wake(); break;
            }
        }

        private void StartWatch(int fd) => _watches[fd] = _loop.Watch(fd, Mask(), this);

        private void EndWatch(Watch watch)
        {
            _watches.Remove(watch.Fd);
            _loop.Unwatch(watch);
        }

        private void UseNumberAgain(Watch watch)
        {
            EndWatch(watch);
            StartWatch(_descriptors.MoveTo(_descriptors.EventFd(), watch.Fd));
        }

        private void AddForeign()
        {
            int fd = _descriptors.EventFd(1);
            _foreign[fd] = new PollFd(fd, PollEvents.In);
            _array.Entries.Add(_foreign[fd]);
        }

        /// <summary>Reports for every entry what a kernel might, then offers them all while the handlers change the array.</summary>
        private void ServeAll()
        {
            for (int i = 0; i < _array.Entries.Count; i++)
            {
                PollFd entry = _array.Entries[i];
                entry.Revents = entry.Events & PollEvents.In;
                _array.Entries[i] = entry;
                if (_foreign.ContainsKey(entry.Fd)) _foreign[entry.Fd] = entry;
            }

            for (int i = 0; i < _array.Entries.Count; i++) Offer(i);
        }

        private void Offer(int index)
        {
            PollFd before = _array.Entries[index];
            PollFd entry = before;
            bool isForeign = _foreign.ContainsKey(entry.Fd);

            Assert.Equal(!isForeign, _loop.ServiceFd(ref entry));

            if (isForeign) Assert.Equal(before, entry);
            else Assert.Equal(PollEvents.None, entry.Revents);

            // The owner of a list writes the entry back where it still is.
            int now = _array.Entries.FindIndex(other => other.Fd == entry.Fd);
            if (now >= 0) _array.Entries[now] = _array.Entries[now] with { Revents = entry.Revents };
        }

        private void OfferStale()
        {
            PollFd entry = new(30_000 + Next(), PollEvents.In) { Revents = PollEvents.In | PollEvents.HangUp };
            Assert.False(_loop.ServiceFd(ref entry));
            Assert.Equal(PollEvents.In | PollEvents.HangUp, entry.Revents);
        }

        private void Check()
        {
            Assert.Empty(_reported);
            Assert.Null(_array.Locked);
            Assert.Equal(_watches.Count, _loop.WatchCount);
            Assert.Equal(1 + _watches.Count + _foreign.Count, _array.Entries.Count);
            foreach (PollFd entry in _array.Entries)
            {
                if (_foreign.TryGetValue(entry.Fd, out PollFd foreign)) Assert.Equal(foreign, entry);
                else if (entry.Fd == _wakeFd) Assert.Equal(PollEvents.In, entry.Events);
                else Assert.Equal(_watches[entry.Fd].Interest, entry.Events);
            }
        }

        private Watch? Pick() => _watches.Count == 0 ? null : _watches.Values.ElementAt(Next() % _watches.Count);

        private PollEvents Mask() => (Next() % 4) switch
        {
            0 => PollEvents.None,
            1 => PollEvents.Out,
            2 => PollEvents.In | PollEvents.Out,
            _ => PollEvents.In,
        };
    }
}
