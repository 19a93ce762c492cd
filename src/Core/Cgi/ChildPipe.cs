namespace EventLoops;

/// <summary>
/// Our end of a pipe to a program, watched while something is wanted of it. It is taken off the loop when not: a pipe whose other end is closed says so for as
/// long as it is watched at all (poll(2): POLLHUP and POLLERR need not be asked for).
/// </summary>
internal sealed class ChildPipe(EventLoop loop, int fd, PollEvents interest, Action onReady) : IReadyHandler
{
    private Watch? _watch;
    private int _fd = fd;

    public bool IsOpen => _fd >= 0;

    public bool IsWatched => _watch is not null;

    public void Watch()
    {
        if (IsOpen)
            _watch ??= loop.Watch(_fd, interest, this);
    }

    public void Unwatch()
    {
        if (_watch is not null)
            loop.Unwatch(_watch);
        _watch = null;
    }

    public IoResult Read(Span<byte> buffer) => ChildCalls.Read(_fd, buffer);

    public IoResult Write(ReadOnlySpan<byte> bytes) => ChildCalls.Write(_fd, bytes);

    public void OnReady(Watch watch, PollEvents ready) => onReady();

    public void Close()
    {
        Unwatch();
        if (_fd >= 0)
            _ = ChildCalls.Close(_fd);
        _fd = -1;
    }
}
