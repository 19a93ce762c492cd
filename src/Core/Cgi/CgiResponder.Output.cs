using EventLoops.Protocols.Http;

namespace EventLoops;

/// <summary>What the program writes, on its way to the client or to the log.</summary>
internal sealed partial class CgiResponder
{
    // A pipe holds 64 KiB unless it is told otherwise (pipe(7)).
    private const int ReadSize = 64 * 1024;

    // Complaints are read to their end when the program is let go of; one that complains without end has to stop somewhere.
    private const int MostDrained = 16;

    private CgiHead _head = null!;
    private long _bodyLeft = long.MaxValue;
    private bool _isHeadComplete;
    private bool _hasOutputEnded;
    private bool _wasCut;

    /// <summary>One read a turn, so that a program which writes without end does not keep everybody else waiting.</summary>
    private void OnStdoutReady()
    {
        byte[] buffer = BufferPool.Rent(ReadSize);
        try
        {
            IoResult read = _stdout!.Read(buffer.AsSpan(0, ReadSize));
            if (read.WouldBlock)
                return;
            if (read.IsError || read.Value == 0)
                OnOutputEnd();
            else
                OnOutput(buffer.AsSpan(0, read.Value));
        }
        finally
        {
            BufferPool.Return(buffer);
        }
    }

    private void OnOutput(ReadOnlySpan<byte> bytes)
    {
        if (!_isHeadComplete)
        {
            switch (_head.Feed(bytes, out int consumed))
            {
                case HeadStatus.NeedMore:
                    CountSilence();
                    return;
                case HeadStatus.Fault:
                    Fail(502, "The program of this page answered with a malformed head.", _head.Fault.Describe());
                    return;
            }

            _isHeadComplete = true;
            bytes = bytes[consumed..];
            if (_head.IsLocalRedirect)
            {
                AnswerFromElsewhere(_head.Location!);
                return;
            }

            StartAnswer();
        }

        Pass(bytes);
        if (Connection.IsClosed)
            return;
        if (Connection.IsChoked)
            _stdout!.Unwatch();
        CountSilence();
    }

    private void AnswerFromElsewhere(string location)
    {
        Stop(isWanted: true);
        Role.RedirectInside(System.Text.Encoding.Latin1.GetBytes(location));
    }

    private void StartAnswer()
    {
        List<HttpField> fields = [];
        if (_head.Location is not null)
            fields.Add(new HttpField("Location", _head.Location));
        foreach ((string name, string value) in _head.Fields)
            fields.Add(new HttpField(name, value));
        fields.AddRange(MountFields);

        int status = _head.AnswerStatus;

        // RFC 3875 6.2.3: a program that only redirects sends no document, and often says nothing of its length.
        long length = _head is { Status: 0, Location: not null, ContentLength: < 0, ContentType: null } ? 0 : _head.ContentLength;
        _bodyLeft = status is 204 or 304 ? 0 : length < 0 ? long.MaxValue : length;
        Role.StartResponse(status, _head.ContentType, length, [.. fields]);
    }

    /// <summary>Passes on a part of the body, and nothing beyond the length that was announced: the client would take it for the next answer.</summary>
    private void Pass(ReadOnlySpan<byte> part)
    {
        if (part.Length > _bodyLeft)
        {
            _wasCut = true;
            part = part[..(int)_bodyLeft];
        }

        if (_bodyLeft != long.MaxValue)
            _bodyLeft -= part.Length;
        if (!part.IsEmpty)
            Role.WriteBody(part);
    }

    private void OnOutputEnd()
    {
        _hasOutputEnded = true;
        _stdout!.Close();
        if (_child!.HasExited || (_isHeadComplete && _bodyLeft != long.MaxValue))
        {
            Complete();
            return;
        }

        // Whether an answer without a length is whole, only the program's own end tells.
        Thread.Loop.Schedule(_silence!, VerdictPatience);
    }

    /// <summary>The program has said everything.</summary>
    private void Complete()
    {
        if (!_isHeadComplete)
        {
            Fail(502, "The program of this page ended without an answer.", $"it ended before its head was complete: {_child!.Describe()}");
            return;
        }

        if (_bodyLeft is > 0 and < long.MaxValue && Role.SendsBody)
        {
            Fail(502, "", $"{_bodyLeft} bytes of the length that it announced are missing: {_child!.Describe()}");
            return;
        }

        if (_bodyLeft == long.MaxValue && _child!.HasExited)
        {
            string how = _child.Describe();
            if (_child.WasKilled)
            {
                Fail(502, "", $"it was cut off: {how}");
                return;
            }
        }

        if (_wasCut && Role.SendsBody)
            Connection.Context.Log.ProgramFailed(Connection.Id, Program, _child!.Id, "it wrote more than the length that it announced; the rest was dropped");
        Stop(isWanted: true);
        Role.EndResponse();
    }

    private void OnStderrReady()
    {
        byte[] buffer = BufferPool.Rent(ReadSize);
        IoResult read = _stderr!.Read(buffer.AsSpan(0, ReadSize));
        if (!read.IsError && read.Value > 0)
            _errors!.Add(buffer.AsSpan(0, read.Value));
        BufferPool.Return(buffer);
        if (!read.WouldBlock && (read.IsError || read.Value == 0))
        {
            _errors!.End();
            _stderr.Close();
        }
    }

    /// <summary>The last complaint is often why there is nothing else.</summary>
    private void DrainStderr()
    {
        for (int i = 0; i < MostDrained && _stderr is { IsOpen: true }; i++)
        {
            byte[] buffer = BufferPool.Rent(ReadSize);
            IoResult read = _stderr.Read(buffer.AsSpan(0, ReadSize));
            if (read.Value > 0)
                _errors!.Add(buffer.AsSpan(0, read.Value));
            BufferPool.Return(buffer);
            if (read.IsError || read.Value == 0)
                break;
        }

        _errors?.End();
    }
}
