namespace EventLoops;

/// <summary>The body, on its way to the program's standard input.</summary>
internal sealed partial class CgiResponder
{
    // At most one part of the body: the next one is not read from the client before it has left.
    private ByteQueue _toProgram;
    private bool _isBodyComplete;

    public override void OnBody(ReadOnlySpan<byte> part)
    {
        // A program may answer without reading all that it is sent, and closes its input then.
        if (_isOver || _stdin is not { IsOpen: true })
            return;

        int taken = _toProgram.IsEmpty ? WriteSome(part) : 0;
        if (taken < 0 || taken == part.Length)
        {
            CountSilence();
            return;
        }

        _toProgram.Append(part[taken..]);
        Role.PauseBody();
        _stdin.Watch();
        CountSilence();
    }

    public override void OnBodyEnd()
    {
        _isBodyComplete = true;
        if (_isOver)
            return;

        if (_toProgram.IsEmpty)
            _stdin?.Close();
        CountSilence();
    }

    private void OnStdinReady()
    {
        int taken = WriteSome(_toProgram.Span);
        if (taken > 0)
            _toProgram.Consume(taken);
        if (taken >= 0 && !_toProgram.IsEmpty)
        {
            CountSilence();
            return;
        }

        _toProgram.Clear();
        _stdin!.Unwatch();
        if (_isBodyComplete)
            _stdin.Close();
        CountSilence();
        Role.ResumeBody();
    }

    /// <summary>Gives the pipe what it takes. Returns how much that was; -1 when the program does not read any more.</summary>
    private int WriteSome(ReadOnlySpan<byte> bytes)
    {
        IoResult written = _stdin!.Write(bytes);
        if (!written.IsError)
            return written.Value;
        if (written.WouldBlock)
            return 0;

        // EPIPE, mostly: that is the program's right.
        _stdin.Close();
        return -1;
    }
}
