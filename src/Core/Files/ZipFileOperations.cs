using System.Globalization;
using System.IO.Compression;

namespace EventLoops;

/// <summary>
/// The files inside of a zip archive, of which nothing is unpacked but what is asked for, while it is sent. The archive is read and held open at construction, its
/// table of contents kept in memory; a file that replaces it on the disk is not noticed. Any thread may use it: each that does reads through a descriptor of its own,
/// with a table of contents of its own, since reads move an archive's one position.
/// </summary>
/// <remarks>
/// Names are compared as they are, letter by letter, and none leads out of the archive: what has no entry is not there. A folder exists when something lies in
/// it. Compressed entries have no way to a place in their middle, so a range that begins far inside is reached by unpacking what lies before it, some of it in
/// each turn of the loop.
/// </remarks>
public sealed class ZipFileOperations : IFileOperations, IDisposable
{
    private readonly FileStream _file;
    private readonly ThreadLocal<Archive> _archives;

    /// <summary>Opens an archive.</summary>
    /// <param name="path">Where it is.</param>
    /// <exception cref="IOException">It cannot be read.</exception>
    /// <exception cref="UnauthorizedAccessException">It may not be read.</exception>
    /// <exception cref="InvalidDataException">It is not a zip archive.</exception>
    public ZipFileOperations(string path)
    {
        ArgumentException.ThrowIfNullOrEmpty(path);
        _file = File.OpenRead(path);
        _archives = new ThreadLocal<Archive>(OpenArchive, trackAllValues: true);
        try
        {
            // What is wrong with it is said here, and not at the first request.
            _ = _archives.Value;
        }
        catch
        {
            Dispose();
            throw;
        }
    }

    /// <inheritdoc/>
    public Errno Open(string folder, string path, FileUse use, out OpenFile? file)
    {
        ArgumentNullException.ThrowIfNull(folder);
        ArgumentNullException.ThrowIfNull(path);
        file = null;
        if (use != FileUse.Read)
            return Errno.EROFS;

        string inside = folder.Trim('/');
        string name = inside.Length == 0 ? path : path.Length == 0 ? inside : $"{inside}/{path}";
        Archive archive = _archives.Value!;
        if (!archive.Files.TryGetValue(name, out ZipArchiveEntry? entry))
            return archive.Folders.Contains(name) ? Errno.EISDIR : Errno.ENOENT;

        ZipEntryFile opened = new(entry);
        if (!opened.TryBegin())
            return Errno.EIO;

        file = opened;
        return Errno.None;
    }

    /// <summary>Closes the archive. No mount may use it any more.</summary>
    public void Dispose()
    {
        foreach (Archive archive in _archives.Values)
            archive.Dispose();
        _archives.Dispose();
        _file.Dispose();
    }

    /// <summary>The same file, whatever has taken its name since (proc(5), /proc/PID/fd): opened anew, so that its position is this thread's.</summary>
    private Archive OpenArchive() =>
        new(File.OpenRead(string.Create(CultureInfo.InvariantCulture, $"/proc/self/fd/{_file.SafeFileHandle.DangerousGetHandle()}")));

    /// <summary>The archive as one thread reads it.</summary>
    private sealed class Archive : IDisposable
    {
        private readonly ZipArchive _archive;

        public Archive(Stream stream)
        {
            try
            {
                _archive = new ZipArchive(stream, ZipArchiveMode.Read);
                foreach (ZipArchiveEntry entry in _archive.Entries)
                    Add(entry);
            }
            catch
            {
                stream.Dispose();
                throw;
            }
        }

        public Dictionary<string, ZipArchiveEntry> Files { get; } = new(StringComparer.Ordinal);

        public HashSet<string> Folders { get; } = new(StringComparer.Ordinal) { "" };

        public void Dispose() => _archive.Dispose();

        private void Add(ZipArchiveEntry entry)
        {
            string name = entry.FullName.TrimEnd('/');
            for (int slash = name.IndexOf('/', StringComparison.Ordinal); slash > 0; slash = name.IndexOf('/', slash + 1))
                Folders.Add(name[..slash]);

            // An entry for a folder itself ends with a slash and has no content. Of two entries with one name the last one counts, as for unpackers.
            if (entry.FullName.EndsWith('/'))
                Folders.Add(name);
            else
                Files[name] = entry;
        }
    }

    /// <summary>A file inside of the archive, unpacked while it is read.</summary>
    private sealed class ZipEntryFile(ZipArchiveEntry entry) : OpenFile
    {
        // What one read unpacks at most to get to where it is to begin.
        private const int MostSkipped = 512 * 1024;
        private const int SkipSize = 32 * 1024;

        private Stream? _stream;
        private long _unpacked;
        private long _position;

        public override long Length => entry.Length;

        public override DateTimeOffset? LastModified => entry.LastWriteTime;

        public override string? Version => string.Create(CultureInfo.InvariantCulture, $"{entry.Crc32:x8}-{entry.Length:x}");

        public override long Position => _position;

        public bool TryBegin()
        {
            try
            {
                _stream?.Dispose();
                _stream = entry.Open();
                _unpacked = 0;
                return true;
            }
            catch (Exception unreadable) when (unreadable is InvalidDataException or IOException or NotSupportedException)
            {
                _stream = null;
                return false;
            }
        }

        public override Errno Seek(long position)
        {
            ArgumentOutOfRangeException.ThrowIfNegative(position);
            _position = position;
            return position >= _unpacked || TryBegin() ? Errno.None : Errno.EIO;
        }

        public override IoResult Read(Span<byte> buffer)
        {
            if (_stream is null)
                return IoResult.Failed(Errno.EBADF);

            try
            {
                if (!TrySkip())
                    return IoResult.Failed(Errno.EAGAIN);

                int read = _stream.Read(buffer);
                _unpacked += read;
                _position = _unpacked;
                return IoResult.Ok(read);
            }
            catch (Exception broken) when (broken is InvalidDataException or IOException)
            {
                return IoResult.Failed(Errno.EIO);
            }
        }

        protected override void Close()
        {
            _stream?.Dispose();
            _stream = null;
        }

        /// <summary>Unpacks what lies before the position. False when there is still more to do.</summary>
        private bool TrySkip()
        {
            byte[] dropped = BufferPool.Rent(SkipSize);
            try
            {
                for (long left = MostSkipped; _unpacked < _position && left > 0;)
                {
                    int read = _stream!.Read(dropped.AsSpan(0, (int)Math.Min(SkipSize, _position - _unpacked)));
                    if (read == 0)
                        _position = _unpacked;
                    _unpacked += read;
                    left -= read;
                }

                return _unpacked >= _position;
            }
            finally
            {
                BufferPool.Return(dropped);
            }
        }
    }
}
