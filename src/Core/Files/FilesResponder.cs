using System.Text;
using EventLoops.Protocols.Http;

namespace EventLoops;

/// <summary>
/// Answers GET and HEAD from the files of a mount. This file finds the file; <c>FilesResponder.Answer.cs</c> decides what is sent of it, and
/// <c>FilesResponder.Sending.cs</c> sends it as fast as the client takes it.
/// </summary>
internal sealed partial class FilesResponder(HttpServerRole role) : Responder(role)
{
    private OpenFile? _file;

    public override void Begin(in MountRequest request)
    {
        ReadOnlySpan<byte> rest = request.Rest;
        if (rest.IsEmpty)
        {
            RedirectToFolder(request);
            return;
        }

        // The first slash separates the mount point from the path. Two slashes in a row have an empty name between them, and no file has that.
        string path = Encoding.UTF8.GetString(rest[1..]);
        if (path.StartsWith('/') || path.Contains("//", StringComparison.Ordinal))
        {
            NotFound(request);
            return;
        }

        bool isFolder = path.Length == 0 || path.EndsWith('/');
        if (isFolder)
            path += request.Mount.Mount.DefaultFile;

        IFileOperations operations = request.Mount.Origin.FileOperations ?? Connection.Context.FileOperations;
        string folder = request.Mount.Origin.Target;
        Errno failed = operations.Open(folder, path, FileUse.Read, out OpenFile? file);
        if (failed == Errno.EISDIR && !isFolder)
        {
            RedirectToFolder(request);
            return;
        }

        if (failed != Errno.None || file is null)
        {
            Refuse(request, path, failed);
            return;
        }

        _file = file;
        string type = request.Mount.Types.Of(path);
        bool mayBeCompressed = MimeTypes.IsCompressible(type);
        ContentCoding coding = mayBeCompressed ? ChooseNeighbour(operations, folder, path, request.Head.Fields) : ContentCoding.Identity;
        Answer(request, type, coding, mayBeCompressed);
    }

    public override void OnWritable() => Continue();

    public override void Release() => CloseFile();

    private void CloseFile()
    {
        _file?.Dispose();
        _file = null;
    }

    /// <summary>
    /// A page's own links are relative to the folder only when its path ends with a slash. The path is written anew from what was understood: one
    /// that begins with two slashes would lead to another host (RFC 3986 4.2).
    /// </summary>
    private void RedirectToFolder(in MountRequest request)
    {
        string query = request.Query.IsEmpty ? "" : '?' + Encoding.Latin1.GetString(request.Query);
        Role.Redirect(301, UriPath.Encode(request.Path) + '/' + query, request.Mount.Mount.Fields);
    }

    private void NotFound(in MountRequest request) => Role.Answer(404, "There is nothing here.", request.Mount.Mount.Fields);

    private void Refuse(in MountRequest request, string path, Errno errno)
    {
        if (errno is Errno.None or Errno.ENOENT or Errno.EISDIR or Errno.ENOTDIR)
        {
            NotFound(request);
            return;
        }

        Connection.Context.Log.FileRefused(Connection.Id, path, errno.Describe());
        if (errno is Errno.EACCES or Errno.EPERM)
            Role.Answer(403, "This may not be read.", request.Mount.Mount.Fields);
        else if (errno is Errno.EMFILE or Errno.ENFILE or Errno.ENOMEM)
            Role.Answer(503, "The server is busy; try again.", request.Mount.Mount.Fields);
        else
            Role.Answer(500, "The file cannot be read.", request.Mount.Mount.Fields);
    }

    /// <summary>
    /// Takes the compressed file beside the wanted one in its place, if there is one that the client understands. One that is older than the
    /// original is left alone: it was made of another content.
    /// </summary>
    private ContentCoding ChooseNeighbour(IFileOperations operations, string folder, string path, HeaderCollection fields)
    {
        (int identity, int gzip, int brotli) = ContentCodings.Weights(fields);
        bool brotliFirst = brotli >= gzip;
        if (brotliFirst && brotli >= identity && TryTakeNeighbour(operations, folder, path + ".br", brotli))
            return ContentCoding.Brotli;
        if (gzip >= identity && TryTakeNeighbour(operations, folder, path + ".gz", gzip))
            return ContentCoding.Gzip;
        if (!brotliFirst && brotli >= identity && TryTakeNeighbour(operations, folder, path + ".br", brotli))
            return ContentCoding.Brotli;
        return ContentCoding.Identity;
    }

    private bool TryTakeNeighbour(IFileOperations operations, string folder, string path, int weight)
    {
        if (weight == 0 || operations.Open(folder, path, FileUse.Read, out OpenFile? neighbour) != Errno.None || neighbour is null)
            return false;
        if (neighbour.LastModified < _file!.LastModified)
        {
            neighbour.Dispose();
            return false;
        }

        _file.Dispose();
        _file = neighbour;
        return true;
    }
}
