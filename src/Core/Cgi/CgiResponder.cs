using EventLoops.Protocols.Http;

namespace EventLoops;

/// <summary>
/// Answers a request by a program that speaks CGI (RFC 3875). Its pipes are watches of the loop. This file starts and ends it; <c>CgiResponder.Input.cs</c>
/// gives it the body and <c>CgiResponder.Output.cs</c> passes on what it writes, neither faster than the other side takes it.
/// </summary>
internal sealed partial class CgiResponder(HttpServerRole role) : Responder(role)
{
    // A program whose output has ended without a length is asked how it fared, if it ends this soon; one that goes on has had its say.
    private static readonly TimeSpan VerdictPatience = TimeSpan.FromSeconds(1);

    private HostedMount _mount = null!;
    private ChildProcess? _child;
    private ChildPipe? _stdin;
    private ChildPipe? _stdout;
    private ChildPipe? _stderr;
    private CgiErrors? _errors;
    private LoopTimer? _silence;
    private bool _isOver;

    private ServiceThread Thread => Connection.Thread;

    private string Program => _mount.Origin.Target;

    private IReadOnlyList<HttpField> MountFields => _mount.Mount.Fields;

    public override void Begin(in MountRequest request)
    {
        _mount = request.Mount;
        _head = new CgiHead(Connection.Context.Limits.MaxHeadSize, Connection.Context.Limits.MaxHeaderFields);
        _isBodyComplete = !request.HasBody;
        Errno failed = Start(CgiVariables.Of(Connection, request), request.HasBody, out string call);
        if (failed != Errno.None)
        {
            _isOver = true;
            Connection.Context.Log.ProgramNotStarted(Connection.Id, Program, $"{call}: {failed.Describe()}");
            Role.Answer(502, "The program of this page could not be started.", MountFields);
            return;
        }

        int process = _child!.Id;
        _errors = new CgiErrors(line => Connection.Context.Log.ProgramSays(Connection.Id, Program, process, line));
        _child.Exited = () => Guard(OnExited);
        _silence = new LoopTimer(_ => Guard(OnSilence));
        _stdout!.Watch();
        _stderr!.Watch();
        CountSilence();
    }

    public override void OnWritable()
    {
        if (_isOver || _stdout is not { IsOpen: true } || Connection.IsChoked)
            return;

        _stdout.Watch();
        CountSilence();
    }

    public override void Release() => Stop(isWanted: false);

    /// <summary>Opens the pipes and starts the program; on failure nothing is left behind.</summary>
    private Errno Start(IReadOnlyList<byte[]> variables, bool hasBody, out string call)
    {
        int childIn = -1;
        int childOut = -1;
        int childErr = -1;
        call = "pipe2";
        try
        {
            Errno failed = hasBody ? OpenPipe(childReads: true, PollEvents.Out, OnStdinReady, out _stdin, out childIn) : Errno.None;
            if (failed == Errno.None)
                failed = OpenPipe(childReads: false, PollEvents.In, OnStdoutReady, out _stdout, out childOut);
            if (failed == Errno.None)
                failed = OpenPipe(childReads: false, PollEvents.In, OnStderrReady, out _stderr, out childErr);
            if (failed == Errno.None)
                failed = ChildProcess.Start(Thread, new ChildStart(Program, variables, childIn, childOut, childErr), out _child, out call);
            if (failed != Errno.None)
                ClosePipes();
            return failed;
        }
        finally
        {
            CloseOf(childIn);
            CloseOf(childOut);
            CloseOf(childErr);
        }
    }

    private Errno OpenPipe(bool childReads, PollEvents interest, Action onReady, out ChildPipe? pipe, out int childs)
    {
        Errno failed = ChildCalls.OpenPipe(childReads, out int ours, out childs);
        pipe = null;
        if (failed == Errno.None)
        {
            pipe = new ChildPipe(Thread.Loop, ours, interest, () => Guard(onReady));
            return Errno.None;
        }

        CloseOf(ours);
        return failed;
    }

    private static void CloseOf(int fd)
    {
        if (fd >= 0)
            _ = ChildCalls.Close(fd);
    }

    /// <summary>Whatever the loop calls goes through here: what it writes leaves in one send, and what throws ends this request and nothing else.</summary>
    private void Guard(Action work)
    {
        if (_isOver || Connection.IsClosed)
            return;

        bool entered = Connection.EnterService();
        try
        {
            work();
        }
        catch (Exception exception)
        {
            Stop(isWanted: false);
            Role.Fail(exception);
        }

        Connection.LeaveService(entered);
    }

    /// <summary>
    /// The program's silence counts while it is its turn: not while the client has yet to send the body, and not while the client has yet to read.
    /// </summary>
    private void CountSilence()
    {
        bool isItsTurn = (_isBodyComplete || !_toProgram.IsEmpty) && _stdout is { IsWatched: true };
        if (isItsTurn && _mount.Mount.CgiTimeout != Timeout.InfiniteTimeSpan)
            Thread.Loop.Schedule(_silence!, _mount.Mount.CgiTimeout);
        else
            Thread.Loop.Cancel(_silence!);
    }

    private void OnSilence()
    {
        if (_hasOutputEnded)
            Complete();
        else
            Fail(504, "The program of this page did not answer in time.", $"it was silent for {_mount.Mount.CgiTimeout.TotalSeconds} s");
    }

    private void OnExited()
    {
        if (_hasOutputEnded)
            Complete();
    }

    /// <summary>The program has not done what it should: the client is told, as far as it still can be, and the program is ended.</summary>
    private void Fail(int status, string sentence, string reason)
    {
        Connection.Context.Log.ProgramFailed(Connection.Id, Program, _child!.Id, reason);
        Stop(isWanted: false);
        if (Role.HasStarted)
            Role.BreakOff("the program failed");
        else
            Role.Answer(status, sentence, MountFields);
    }

    /// <summary>Lets go of the program: to end by itself when it has given its answer, or to be ended.</summary>
    private void Stop(bool isWanted)
    {
        if (_isOver)
            return;

        _isOver = true;
        if (_silence is not null)
            Thread.Loop.Cancel(_silence);
        DrainStderr();
        ClosePipes();
        _toProgram.Clear();
        if (isWanted)
            _child?.Leave();
        else
            _child?.End();

        // Nobody takes the rest of the body here any more; what is left of it is read past.
        Role.ResumeBody();
    }

    private void ClosePipes()
    {
        _stdin?.Close();
        _stdout?.Close();
        _stderr?.Close();
    }
}
