using System.Runtime.InteropServices;
using EventLoops;

namespace MyLoops;

/// <summary>A loop on <c>ppoll(2)</c>: the whole of a backend, on a system call that no other loop uses.</summary>
public sealed class PpollLoop(EventLoopOptions? options = null) : OwnedEventLoop("ppoll", options)
{
    private const int EINTR = 4;

    private readonly Dictionary<int, Watch> _watches = [];
    private readonly WakeEvent _wake = new();
    private readonly long[] _timeout = new long[2];
    private PollFd[] _entries = new PollFd[16];
    private Watch[] _polled = new Watch[16];

    protected override void AddCore(Watch watch) => _watches.Add(watch.Fd, watch);

    protected override void ChangeCore(Watch watch, PollEvents previous)
    {
        // The interest is read anew for each wait. Most backends make their system call here.
    }

    protected override void RemoveCore(Watch watch) => _watches.Remove(watch.Fd);

    protected override void WakeCore() => _wake.Signal();

    protected override void DisposeCore() => _wake.Dispose();

    protected override void WaitCore(int milliseconds)
    {
        int count = Fill();
        (_timeout[0], _timeout[1]) = (milliseconds / 1000, milliseconds % 1000 * 1_000_000);
        int ready = ppoll(ref _entries[0], (nuint)count, milliseconds < 0 ? null : _timeout, signals: 0);
        if (ready < 0 && Marshal.GetLastPInvokeError() != EINTR)
            throw new LoopFaultException("ppoll", (Errno)Marshal.GetLastPInvokeError());

        BeginTurn();
        if (_entries[0].Revents != PollEvents.None)
            _wake.Clear();
        for (int i = 1; i < count && ready > 0; i++)
            Dispatch(_polled[i], _entries[i].Revents);
    }

    private int Fill()
    {
        if (_watches.Count >= _entries.Length)
        {
            Array.Resize(ref _entries, _watches.Count * 2);
            Array.Resize(ref _polled, _watches.Count * 2);
        }

        int count = 1;
        _entries[0] = new PollFd(_wake.Fd, PollEvents.In);
        foreach (Watch watch in _watches.Values)
        {
            _polled[count] = watch;
            _entries[count++] = new PollFd(watch.Fd, watch.Interest);
        }

        return count;
    }

    [DllImport("libc", SetLastError = true)]
    private static extern int ppoll(ref PollFd entries, nuint count, long[]? timeout, nint signals);
}
