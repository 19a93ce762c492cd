using System.Runtime.ExceptionServices;

namespace EventLoops.Tests;

/// <summary>
/// Several loops of one kind, each made, turned and put away on a thread of its own, for contexts with several service threads. A test's own thread
/// is none of theirs: what it wants to have done on one it hands over by <see cref="Do"/>.
/// </summary>
public sealed class LoopCrew : IDisposable
{
    private readonly Member[] _members;

    /// <summary>Makes the loops and begins to turn them.</summary>
    /// <param name="factory">Which loops.</param>
    /// <param name="count">How many.</param>
    /// <param name="socketIo">The system calls of all of them; null for the C library's.</param>
    public LoopCrew(LoopFactory factory, int count, SocketIo? socketIo = null)
    {
        _members = [.. Enumerable.Range(0, count).Select(_ => new Member(factory, socketIo ?? SocketIo.System))];
        foreach (Member member in _members) member.Start();
    }

    /// <summary>The loops, in the order of the service threads.</summary>
    public IReadOnlyList<EventLoop> Loops => [.. _members.Select(member => member.Harness.Loop)];

    /// <summary>What escaped from handlers, timers and posted work of any of them.</summary>
    public IReadOnlyList<Exception> Unhandled => [.. _members.SelectMany(member => member.Harness.Unhandled)];

    /// <summary>The managed number of the thread that turns a loop.</summary>
    public int ThreadIdOf(int index) => _members[index].ThreadId;

    /// <summary>Has something done on the thread of a loop, inside a turn, and waits for it. What it throws is thrown here.</summary>
    public void Do(int index, Action work) => Ask(index, () =>
    {
        work();
        return true;
    });

    /// <summary>Has something found out on the thread of a loop, inside a turn.</summary>
    public T Ask<T>(int index, Func<T> question)
    {
        using ManualResetEventSlim isDone = new();
        T answer = default!;
        ExceptionDispatchInfo? failure = null;
        _members[index].Harness.Loop.Post(
            _ =>
            {
                try
                {
                    answer = question();
                }
                catch (Exception exception)
                {
                    failure = ExceptionDispatchInfo.Capture(exception);
                }

                isDone.Set();
            },
            null);
        if (!isDone.Wait(new Deadline().Milliseconds)) throw new TimeoutException($"Loop {index} did not answer.");
        failure?.Throw();
        return answer;
    }

    /// <summary>Waits until something is so.</summary>
    public static void WaitUntil(Func<bool> condition, [System.Runtime.CompilerServices.CallerArgumentExpression(nameof(condition))] string what = "")
    {
        Deadline deadline = new();
        while (!condition())
        {
            Thread.Yield();
            try
            {
                deadline.Check();
            }
            catch (TimeoutException late)
            {
                throw new TimeoutException($"This did not come true: {what}", late);
            }
        }
    }

    /// <summary>Ends the turns and puts the loops away, each on its thread. A loop that still has something on it is an error.</summary>
    public void Dispose()
    {
        foreach (Member member in _members) member.Stop();
        foreach (Member member in _members) member.Join();
    }

    private sealed class Member(LoopFactory factory, SocketIo socketIo) : IDisposable
    {
        private readonly ManualResetEventSlim _isMade = new();
        private Thread? _thread;
        private volatile bool _isStopping;
        private ExceptionDispatchInfo? _failure;

        public LoopHarness Harness { get; private set; } = null!;

        public int ThreadId { get; private set; }

        public void Start()
        {
            _thread = new Thread(Serve) { IsBackground = true };
            _thread.Start();
            _isMade.Wait();
            _failure?.Throw();
        }

        public void Stop()
        {
            _isStopping = true;
            if (_failure is null) Harness.Loop.Wake();
        }

        public void Join()
        {
            if (!_thread!.Join(new Deadline().Milliseconds)) throw new TimeoutException("A loop does not end.");
            Dispose();
            _failure?.Throw();
        }

        public void Dispose() => _isMade.Dispose();

        private void Serve()
        {
            try
            {
                ThreadId = Environment.CurrentManagedThreadId;
                Harness = factory(new EventLoopOptions { SocketIo = socketIo });
                _isMade.Set();
                while (!_isStopping) Harness.Turn(10);
                Harness.Turn();
                if (!Harness.Loop.IsDisposed) Ledger.CheckEmpty(Harness.Loop);
                Harness.Dispose();
            }
            catch (Exception failure)
            {
                _failure = ExceptionDispatchInfo.Capture(failure);
                _isMade.Set();
            }
        }
    }
}
