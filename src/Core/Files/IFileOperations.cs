namespace EventLoops;

/// <summary>What a file is opened for.</summary>
public enum FileUse
{
    /// <summary>To be read. Mounts use nothing else.</summary>
    Read,

    /// <summary>To be written from its beginning: made if it is not there, emptied if it is.</summary>
    Create,

    /// <summary>To be written at its end: made if it is not there.</summary>
    Append,
}

/// <summary>
/// How files are reached: the original's <c>lws_plat_file_ops</c>. A context has one, <see cref="LoopContext.FileOperations"/>, which can be read, wrapped and replaced
/// at any time; <see cref="MountOrigin.Files"/> takes another one for its mount alone. <see cref="SystemFileOperations"/> is the file system and
/// <see cref="ZipFileOperations"/> the inside of an archive.
/// </summary>
/// <remarks>
/// Called on the loop's thread. Opening and reading may block for as long as a disk takes; the library asks for bounded pieces, one a turn. Nothing that is
/// thrown reaches the loop: it ends the request.
/// </remarks>
public interface IFileOperations
{
    /// <summary>Opens a file below a folder.</summary>
    /// <param name="folder">The folder, as it was given to <see cref="MountOrigin.Files"/>.</param>
    /// <param name="path">
    /// Where the file lies in it, with slashes, as it comes out of a request: it has no empty segment and none of dots alone, but may have any other
    /// character. Empty for the folder itself. Whatever is opened must lie inside of the folder.
    /// </param>
    /// <param name="use">What for.</param>
    /// <param name="file">The file, which is the caller's to dispose; null when it was not opened.</param>
    /// <returns>
    /// <see cref="Errno.None"/>, or why not: <see cref="Errno.ENOENT"/> for what is not there or is no file, <see cref="Errno.EISDIR"/> for a folder,
    /// <see cref="Errno.EACCES"/> for what may not be read.
    /// </returns>
    Errno Open(string folder, string path, FileUse use, out OpenFile? file);
}

/// <summary>An open file: the original's <c>lws_filefd_type</c> with what is done to it. It is used by one caller, on the loop's thread.</summary>
public abstract class OpenFile : IDisposable
{
    /// <summary>How many bytes it had when it was opened.</summary>
    public abstract long Length { get; }

    /// <summary>When it was modified last; null, the default, when that is not known. It becomes <c>Last-Modified</c>.</summary>
    public virtual DateTimeOffset? LastModified => null;

    /// <summary>
    /// A text without quotes that is never the same for two different contents of one path; null, the default, for none. It becomes the entity tag
    /// (RFC 9110 8.8.3): letters, digits and dashes.
    /// </summary>
    public virtual string? Version => null;

    /// <summary>
    /// The descriptor of a regular file from which the kernel may send the same bytes by itself; -1, the default, when there is none: then they are read.
    /// </summary>
    public virtual int Fd => -1;

    /// <summary>Whether the content is another one than when it was opened. Asked before each further piece of an answer. Default false.</summary>
    public virtual bool HasChanged => false;

    /// <summary>Where the next read or write happens.</summary>
    public abstract long Position { get; }

    /// <summary>Moves <see cref="Position"/>.</summary>
    /// <param name="position">From the beginning, not negative.</param>
    /// <returns><see cref="Errno.None"/>, or why it stays where it was.</returns>
    public abstract Errno Seek(long position);

    /// <summary>Reads at <see cref="Position"/>, which moves on.</summary>
    /// <param name="buffer">Where to; as much as is there at once, and 0 bytes only at the end.</param>
    /// <returns>How many bytes; <see cref="Errno.EAGAIN"/> asks to be called again in the next turn of the loop, for what takes long.</returns>
    public abstract IoResult Read(Span<byte> buffer);

    /// <summary>Writes at <see cref="Position"/>, which moves on. The default refuses with <see cref="Errno.EROFS"/>.</summary>
    /// <param name="bytes">What; it may be taken in part.</param>
    public virtual IoResult Write(ReadOnlySpan<byte> bytes) => IoResult.Failed(Errno.EROFS);

    /// <summary>Closes it. Twice is once.</summary>
    public void Dispose()
    {
        Close();
        GC.SuppressFinalize(this);
    }

    /// <summary>Gives back what the file holds.</summary>
    protected abstract void Close();
}
