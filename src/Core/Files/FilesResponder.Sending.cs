namespace EventLoops;

/// <summary>How a file leaves: piece by piece, at most <see cref="MostPerTurn"/> a turn, and no piece before the kernel has room for it.</summary>
internal sealed partial class FilesResponder
{
    // A client that reads as fast as the disk would keep everybody else waiting; a disk that is slow does so for no longer than this much takes.
    private const int MostPerTurn = 512 * 1024;

    // Up to here a copy beside the head in one send is cheaper than a send and a sendfile.
    private const int CopiedSize = 32 * 1024;

    // How much of a file is read at once that the kernel cannot send by itself.
    private const int ReadSize = 64 * 1024;

    private List<Part> _parts = [];
    private int _part;
    private long _sentOfPart;
    private bool _isPartBegun;
    private bool _hasPaused;
    private bool _isFileBusy;

    private void Continue()
    {
        if (_file is null)
            return;

        // What was sent belongs to the file as it was. Mixed with what it is now it would be neither, and the client could not tell (RFC 9112 8).
        if (_hasPaused && _file.HasChanged)
        {
            BreakOff("the file was changed while it was sent");
            return;
        }

        long budget = MostPerTurn;
        while (_part < _parts.Count)
        {
            if (Connection.IsChoked)
            {
                _hasPaused = true;
                return;
            }

            if (budget <= 0 || _isFileBusy)
            {
                _isFileBusy = false;
                _hasPaused = true;
                Connection.RequestWritable();
                return;
            }

            int sent = SendSome(_parts[_part], budget);
            if (sent < 0)
                return;
            budget -= sent;
        }

        CloseFile();
        Role.EndResponse();
    }

    /// <summary>Sends the head of a part, or some of its piece of the file. Returns how much of the file was sent; -1 when it is over.</summary>
    private int SendSome(in Part part, long budget)
    {
        if (!_isPartBegun)
        {
            _isPartBegun = true;
            _sentOfPart = 0;
            if (part.Head is not null)
                Role.WriteBody(part.Head);
            if (_file!.Fd < 0 && part.Length > 0 && _file.Seek(part.Start) is not Errno.None and Errno failed)
                return BreakOff($"the file cannot be read: {failed.Describe()}");
        }

        long left = part.Length - _sentOfPart;
        if (left == 0)
        {
            _part++;
            _isPartBegun = false;
            return 0;
        }

        int sent = _file!.Fd >= 0 && left > CopiedSize
            ? Role.WriteBodyFrom(_file.Fd, part.Start + _sentOfPart, (int)Math.Min(left, budget))
            : Copy(part.Start + _sentOfPart, (int)Math.Min(left, Math.Min(budget, ReadSize)));
        if (sent < 0)
            return Connection.IsClosed ? -1 : BreakOff("the file was cut while it was sent");

        _sentOfPart += sent;
        return sent;
    }

    /// <summary>Sends a piece by way of a buffer. Returns what <see cref="HttpServerRole.WriteBodyFrom"/> does.</summary>
    private int Copy(long start, int count)
    {
        byte[] buffer = BufferPool.Rent(count);
        try
        {
            Span<byte> piece = buffer.AsSpan(0, count);
            if (_file!.Fd >= 0 && _file.Position != start)
                _file.Seek(start);
            IoResult read = _file.Read(piece);
            _isFileBusy = read.WouldBlock;
            if (_isFileBusy)
                return 0;
            if (read.IsError || read.Value == 0)
                return -1;

            Role.WriteBody(piece[..read.Value]);
            return read.Value;
        }
        finally
        {
            BufferPool.Return(buffer);
        }
    }

    private int BreakOff(string reason)
    {
        CloseFile();
        Role.BreakOff(reason);
        return -1;
    }
}
