using System.Globalization;

namespace EventLoops;

/// <summary>
/// A program that was started for a request, from its start until its exit status is taken. Its end is heard through a pidfd, a watch of the loop like any
/// other. It leads a process group, and its exit status is taken last: until then its number is nobody else's, so that the group can be signalled without
/// ever meeting a stranger.
/// </summary>
internal sealed class ChildProcess : IReadyHandler
{
    // How long a group has between the request to end and the end.
    private static readonly TimeSpan Grace = TimeSpan.FromSeconds(2);

    // How long a program may go on that has closed its output, such as to tidy up.
    private static readonly TimeSpan Aftermath = TimeSpan.FromSeconds(30);

    // A killed process is gone at once, unless the kernel itself is busy with it.
    private const int KillPatienceMilliseconds = 1000;

    private readonly ServiceThread _thread;
    private readonly string _program;
    private readonly int _pidFd;
    private readonly LoopTimer _deadline;
    private Watch? _watch;
    private Stage _stage;
    private string _how = "it has ended";

    private ChildProcess(ServiceThread thread, string program, int id, int pidFd)
    {
        _thread = thread;
        _program = program;
        Id = id;
        _pidFd = pidFd;
        _deadline = new LoopTimer(_ => OnDeadline());
    }

    private enum Stage : byte
    {
        /// <summary>Somebody reads its answer.</summary>
        Running,

        /// <summary>Its answer is over, and so will it be.</summary>
        Leaving,

        /// <summary>It was asked to end.</summary>
        Ending,

        /// <summary>Its exit status was taken.</summary>
        Gone,
    }

    /// <summary>Its number.</summary>
    public int Id { get; }

    /// <summary>Whether the program itself has ended; others of its group may still hold its output.</summary>
    public bool HasExited { get; private set; }

    /// <summary>Whether a signal ended it, rather than it itself. Known once its status was taken.</summary>
    public bool WasKilled { get; private set; }

    /// <summary>Called when the program has ended while somebody reads its answer.</summary>
    public Action? Exited { get; set; }

    /// <summary>Starts a program. What it got of ours in its pipes is the caller's to close.</summary>
    /// <returns><see cref="Errno.None"/>, or what could not be done, and <paramref name="call"/> says by which call.</returns>
    public static Errno Start(ServiceThread thread, ChildStart start, out ChildProcess? child, out string call)
    {
        child = null;
        call = "posix_spawn";
        string folder = Path.GetDirectoryName(start.Program) ?? "/";
        Errno failed = ChildCalls.Spawn(start.Program, folder, start.Environment, start.Input, start.Output, start.Errors, out int id);
        if (failed != Errno.None)
            return failed;

        call = "pidfd_open";
        IoResult pidFd = ChildCalls.OpenPidFd(id);
        if (pidFd.IsError)
        {
            // Nobody could hear of its end, so it must not go on.
            ChildCalls.SignalGroup(id, ChildCalls.Kill);
            ChildCalls.Reap(id);
            return pidFd.Errno;
        }

        child = new ChildProcess(thread, start.Program, id, pidFd.Value);
        thread.Children.Add(child);
        try
        {
            child._watch = thread.Loop.Watch(pidFd.Value, PollEvents.In, child);
            return Errno.None;
        }
        catch (LoopFaultException refused)
        {
            child.Kill();
            child = null;
            call = refused.Message;
            return refused.Errno;
        }
    }

    public void OnReady(Watch watch, PollEvents ready)
    {
        HasExited = true;
        StopWatching();
        if (_stage == Stage.Running)
            Exited?.Invoke();
        else
            Reap();
    }

    /// <summary>Its answer is complete. It may tidy up, but not for ever.</summary>
    public void Leave()
    {
        if (_stage != Stage.Running)
            return;

        _stage = Stage.Leaving;
        Exited = null;
        if (HasExited)
            Reap();
        else
            _thread.Loop.Schedule(_deadline, Aftermath);
    }

    /// <summary>Nobody wants its answer any more: its whole group is asked to end, and made to, if it does not.</summary>
    public void End()
    {
        if (_stage is Stage.Ending or Stage.Gone)
            return;

        _stage = Stage.Ending;
        Exited = null;
        ChildCalls.SignalGroup(Id, ChildCalls.Terminate);
        if (HasExited)
            Reap();
        else
            _thread.Loop.Schedule(_deadline, Grace);
    }

    /// <summary>The context goes, and the loop will not turn for it again: the group is ended here and now.</summary>
    public void Kill()
    {
        if (_stage == Stage.Gone)
            return;

        _stage = Stage.Ending;
        ChildCalls.SignalGroup(Id, ChildCalls.Kill);
        ChildCalls.WaitReadable(_pidFd, KillPatienceMilliseconds);
        Reap();
    }

    /// <summary>Takes the exit status, if it is there, before somebody asks how it ended.</summary>
    public string Describe()
    {
        if (!HasExited)
            return "it still runs";
        Reap();
        return _how;
    }

    private void OnDeadline()
    {
        if (_stage == Stage.Leaving)
        {
            End();
            return;
        }

        ChildCalls.SignalGroup(Id, ChildCalls.Kill);
    }

    private void Reap()
    {
        if (_stage == Stage.Gone)
            return;

        // Whoever of the group has outlived its leader's end was asked as well; without the leader it has nobody to wait for.
        if (_stage == Stage.Ending)
            ChildCalls.SignalGroup(Id, ChildCalls.Kill);
        _thread.Loop.Cancel(_deadline);
        StopWatching();
        if (ChildCalls.TryReap(_pidFd, out int code, out int status))
        {
            // siginfo_t: CLD_EXITED is 1; the others are ends by a signal.
            WasKilled = code != 1;
            _how = string.Create(CultureInfo.InvariantCulture, $"{(WasKilled ? "signal" : "exit code")} {status}");
        }

        _ = ChildCalls.Close(_pidFd);
        _stage = Stage.Gone;
        _thread.Children.Remove(this);
        _thread.Context.Log.ProgramEnded(_program, Id, _how);
    }

    private void StopWatching()
    {
        if (_watch is not null)
            _thread.Loop.Unwatch(_watch);
        _watch = null;
    }
}

/// <summary>What a program is started with.</summary>
/// <param name="Program">Its path.</param>
/// <param name="Environment">Its variables, each with a zero at the end.</param>
/// <param name="Input">The child's end of the pipe that it reads; -1 for none.</param>
/// <param name="Output">The child's end of the pipe that it writes.</param>
/// <param name="Errors">The child's end of the pipe that it complains to.</param>
internal readonly record struct ChildStart(string Program, IReadOnlyList<byte[]> Environment, int Input, int Output, int Errors);
