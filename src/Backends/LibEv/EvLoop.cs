namespace EventLoops.LibEv;

/// <summary>
/// A <c>struct ev_loop</c> with the library that runs it. libev counts every started watcher as a reason to go on; what is only plumbing is taken out of that count
/// again, always after its start and always before its stop, and so is everything of a guest that is not to keep its host running.
/// </summary>
internal sealed unsafe class EvLoop(LibEvLibrary ev, nint pointer, bool keepsAlive = true)
{
    public LibEvLibrary Ev { get; } = ev;

    public nint Pointer { get; } = pointer;

    /// <summary>A descriptor or a timer has been started.</summary>
    public void AfterStart()
    {
        if (!keepsAlive) Ev.Unref(Pointer);
    }

    /// <summary>A descriptor or a timer will be stopped, or libev has done so by itself.</summary>
    public void BeforeStop()
    {
        if (!keepsAlive) Ev.Ref(Pointer);
    }

    /// <summary>A watcher has been started that is never a reason to go on.</summary>
    public void AfterPlumbingStart() => Ev.Unref(Pointer);

    /// <summary>Such a watcher will be stopped.</summary>
    public void BeforePlumbingStop() => Ev.Ref(Pointer);
}

/// <summary>Who is told by the watchers. Native frames lie below every member, so none of them may throw.</summary>
internal interface IEvOwner
{
    /// <summary>A descriptor is ready; only the watch of that generation may be told.</summary>
    void OnReady(int fd, uint generation, PollEvents ready);
}
