namespace EventLoops.Tests;

/// <summary>
/// Descriptors for tests of readiness, and what happens at their other ends, wherever they live: on the kernel of this machine, or on one that is simulated. Whatever
/// is still open is closed by dispose.
/// </summary>
public abstract class DescriptorSource : IDisposable
{
    /// <summary>A descriptor to read from. Nothing has come yet, and somebody may still send.</summary>
    public abstract int OpenReader();

    /// <summary>A descriptor to write to, with room.</summary>
    public abstract int OpenWriter();

    /// <summary>A descriptor to read from and write to.</summary>
    public abstract int OpenBoth();

    /// <summary>A descriptor that can be read from at once, with a number that nobody else gets while <see cref="Replace"/> uses it again.</summary>
    public abstract int OpenReady();

    /// <summary>Has that many bytes come for a descriptor, or one event for one that counts events.</summary>
    public abstract void Send(int fd, int count = 1);

    /// <summary>Reads from a descriptor what has come. Returns how many bytes.</summary>
    public abstract int Drain(int fd);

    /// <summary>Writes to a descriptor until it takes no more.</summary>
    public abstract void Fill(int fd);

    /// <summary>Has the other side take all that was written to a descriptor.</summary>
    public abstract void MakeRoom(int fd);

    /// <summary>Has the other side of a descriptor to read from go, after what it has sent: nothing can come any more, in either direction.</summary>
    public abstract void HangUp(int fd);

    /// <summary>Has the other side of a descriptor to write to go so that nothing can be written any more.</summary>
    public abstract void Break(int fd);

    /// <summary>Closes a descriptor and has its number used again, for one that is not ready.</summary>
    public abstract void Replace(int fd);

    /// <inheritdoc/>
    public abstract void Dispose();
}

/// <summary>Pipes, socket pairs and eventfds of the kernel.</summary>
public sealed class KernelDescriptors : DescriptorSource
{
    private readonly Descriptors _files = new();
    private readonly Dictionary<int, int> _otherEnds = [];

    /// <inheritdoc/>
    public override int OpenReader()
    {
        (int read, int write) = _files.Pipe();
        _otherEnds[read] = write;
        return read;
    }

    /// <inheritdoc/>
    public override int OpenWriter()
    {
        (int read, int write) = _files.Pipe();
        _otherEnds[write] = read;
        return write;
    }

    /// <inheritdoc/>
    public override int OpenBoth()
    {
        (int near, int far) = _files.SocketPair();
        _otherEnds[near] = far;
        return near;
    }

    /// <inheritdoc/>
    public override int OpenReady() => _files.MoveTo(_files.EventFd(1), Descriptors.PrivateNumber());

    /// <inheritdoc/>
    public override void Send(int fd, int count = 1)
    {
        if (_otherEnds.TryGetValue(fd, out int other)) Descriptors.Write(other, new byte[count]);
        else Descriptors.Signal(fd);
    }

    /// <inheritdoc/>
    public override int Drain(int fd) => Descriptors.Drain(fd);

    /// <inheritdoc/>
    public override void Fill(int fd) => Descriptors.Fill(fd);

    /// <inheritdoc/>
    public override void MakeRoom(int fd) => Descriptors.Drain(_otherEnds[fd]);

    /// <inheritdoc/>
    public override void HangUp(int fd) => _files.Close(_otherEnds[fd]);

    /// <inheritdoc/>
    public override void Break(int fd) => _files.Close(_otherEnds[fd]);

    /// <inheritdoc/>
    public override void Replace(int fd)
    {
        _files.Close(fd);
        _files.MoveTo(_files.EventFd(), fd);
    }

    /// <inheritdoc/>
    public override void Dispose() => _files.Dispose();
}
