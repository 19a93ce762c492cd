using EventLoops;

namespace TestServer.Loops;

/// <summary>A poll array of the program's own, with the loop that keeps its entries in it, and the frame that serves both. It belongs to one thread.</summary>
internal sealed class PolledArray : IDisposable
{
    private readonly PollFdArray _array = new();

    public PolledArray() => Loop = new ExternalPollLoop(_array);

    public ExternalPollLoop Loop { get; }

    /// <summary>Adds an entry of the program's.</summary>
    public void Add(int fd) => _array.Add(fd, PollEvents.In);

    /// <summary>Waits once and serves what is ready: the library what is the library's, and the program the rest.</summary>
    /// <param name="serve">Called with each descriptor of the program's that is readable.</param>
    public void RunFrame(Action<int> serve)
    {
        // The library says how long it can wait: until its earliest timer, not at all while it has work to finish.
        _array.Poll(Loop.GetTimeout(-1));
        foreach (ref PollFd entry in _array.Entries)
        {
            // What was not the library's is untouched.
            if (entry.Revents != PollEvents.None && !Loop.ServiceFd(ref entry))
                serve(entry.Fd);
        }

        Loop.EndFrame();
    }

    public void Dispose()
    {
        // Its thread has ended.
        Loop.BindToCurrentThread();
        Loop.Dispose();
    }
}
