namespace EventLoops;

/// <summary>One access log on one service thread: lines that wait, and the file that takes them.</summary>
internal sealed class AccessLogWriter(AccessLog log, EventLoopsLog complaints)
{
    private const int MaxKept = 1024 * 1024;
    private const int FlushThreshold = 32 * 1024;

    private readonly byte[] _line = new byte[AccessLogLine.MaxLength];
    private ByteQueue _kept;
    private int _fd = -1;
    private int _generation = -1;
    private bool _isComplaining;

    /// <summary>Where a line is put together; see <see cref="Add"/>.</summary>
    public Span<byte> Line => _line;

    /// <summary>Takes the first bytes of <see cref="Line"/>, which end in a line end.</summary>
    public void Add(int length)
    {
        ReadOnlySpan<byte> line = _line.AsSpan(0, length);
        if (log.Emit is { } emit)
        {
            Give(emit, line[..^1]);
            return;
        }

        if (_kept.Length + length > MaxKept)
        {
            log.CountLost(1);
            return;
        }

        _kept.Append(line);
        if (_kept.Length >= FlushThreshold)
            Flush();
    }

    /// <summary>Writes what the file takes.</summary>
    public void Flush()
    {
        if (_kept.IsEmpty)
            return;

        Open();
        while (_fd >= 0 && !_kept.IsEmpty)
        {
            IoResult written = ChildCalls.Write(_fd, _kept.Span);

            // A pipe is full: the rest waits for the next turn that has something to say.
            if (written.WouldBlock)
                return;
            if (written.IsError)
            {
                Complain("write", written.Errno);
                break;
            }

            _isComplaining = false;
            _kept.Consume(written.Value);
        }

        if (_kept.IsEmpty)
            return;

        log.CountLost(_kept.Span.Count((byte)'\n'));
        _kept.Clear();
    }

    public void Close()
    {
        Flush();
        if (_fd >= 0)
            FileCalls.Close(_fd);
        _fd = -1;
        _kept.Clear();
    }

    private static void Give(Action<string> emit, ReadOnlySpan<byte> line)
    {
        try
        {
            emit(System.Text.Encoding.ASCII.GetString(line));
        }
        catch (Exception lost)
        {
            // A log must not end what it tells of.
            System.Diagnostics.Debug.WriteLine(lost);
        }
    }

    private void Open()
    {
        if (log.Generation == _generation)
            return;

        IoResult file = log.Duplicate(out _generation);
        if (file.IsError)
        {
            Complain("dup", file.Errno);
            return;
        }

        if (_fd >= 0)
            FileCalls.Close(_fd);
        _fd = file.Value;
    }

    private void Complain(string call, Errno errno)
    {
        // A full disk is full for many lines.
        if (!_isComplaining)
            complaints.AccessLogFailed(log.Path!, call, errno.Describe());
        _isComplaining = true;
    }
}

/// <summary>The access logs of one service thread.</summary>
internal sealed class AccessLogs(LoopContext context)
{
    private readonly List<(AccessLog Log, AccessLogWriter Writer)> _writers = [];

    public AccessLogWriter this[AccessLog log]
    {
        get
        {
            foreach ((AccessLog known, AccessLogWriter writer) in _writers)
            {
                if (ReferenceEquals(known, log))
                    return writer;
            }

            AccessLogWriter made = new(log, context.Log);
            _writers.Add((log, made));
            return made;
        }
    }

    public void Flush()
    {
        foreach ((_, AccessLogWriter writer) in _writers)
            writer.Flush();
    }

    public void Close()
    {
        foreach ((_, AccessLogWriter writer) in _writers)
            writer.Close();
        _writers.Clear();
    }
}
