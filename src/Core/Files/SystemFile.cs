using System.Globalization;

namespace EventLoops;

/// <summary>A regular file of the system.</summary>
internal sealed class SystemFile(int fd, FileCalls.FileStatus status, long position) : OpenFile
{
    private readonly FileCalls.FileStatus _status = status;
    private int _fd = fd;
    private long _position = position;

    public override long Length => (long)_status.Size;

    public override DateTimeOffset? LastModified =>
        DateTimeOffset.FromUnixTimeSeconds(_status.ModifiedSeconds).AddTicks(_status.ModifiedNanoseconds / TimeSpan.NanosecondsPerTick);

    // The node tells two files apart that were written in the same moment and have the same length, such as two releases of a page.
    public override string? Version => string.Create(
        CultureInfo.InvariantCulture, $"{_status.ModifiedSeconds:x}.{_status.ModifiedNanoseconds:x}-{_status.Size:x}-{_status.Node:x}");

    public override int Fd => _fd;

    public override bool HasChanged =>
        FileCalls.Status(_fd, out FileCalls.FileStatus now) != Errno.None || !now.IsSameContent(_status);

    public override long Position => _position;

    public override Errno Seek(long position)
    {
        ArgumentOutOfRangeException.ThrowIfNegative(position);
        _position = position;
        return Errno.None;
    }

    public override IoResult Read(Span<byte> buffer)
    {
        IoResult read = FileCalls.ReadAt(_fd, buffer, _position);
        _position += read.Value;
        return read;
    }

    public override IoResult Write(ReadOnlySpan<byte> bytes)
    {
        IoResult written = FileCalls.WriteAt(_fd, bytes, _position);
        _position += written.Value;
        return written;
    }

    protected override void Close()
    {
        if (_fd >= 0)
            _ = FileCalls.Close(_fd);
        _fd = -1;
    }
}
