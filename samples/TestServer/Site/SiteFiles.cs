using Microsoft.Win32.SafeHandles;

namespace TestServer.Site;

/// <summary>
/// The files below a folder, by the paths of requests. Small ones are kept in memory until they change on the disk. Reading from the disk
/// blocks the loop for as long as the disk takes: right for a page and its parts, not for an archive.
/// </summary>
/// <param name="root">The folder.</param>
internal sealed class SiteFiles(string root)
{
    private const string DefaultFile = "index.html";
    private const string UnknownType = "application/octet-stream";
    private const int LargestKept = 256 * 1024;
    private const int MostKept = 256;

    private static readonly Dictionary<string, string> ContentTypes = new(StringComparer.OrdinalIgnoreCase)
    {
        [".css"] = "text/css; charset=utf-8",
        [".gif"] = "image/gif",
        [".html"] = "text/html; charset=utf-8",
        [".ico"] = "image/x-icon",
        [".jpg"] = "image/jpeg",
        [".js"] = "text/javascript; charset=utf-8",
        [".json"] = "application/json",
        [".mjs"] = "text/javascript; charset=utf-8",
        [".png"] = "image/png",
        [".svg"] = "image/svg+xml",
        [".txt"] = "text/plain; charset=utf-8",
        [".wasm"] = "application/wasm",
        [".webp"] = "image/webp",
        [".woff2"] = "font/woff2",
        [".xml"] = "application/xml",
    };

    private readonly Dictionary<string, KeptFile> _kept = new(StringComparer.Ordinal);
    private readonly string _root = Path.GetFullPath(root);
    private readonly string _inside = (RealPath.Of(root) ?? throw new DirectoryNotFoundException(root)).TrimEnd('/') + "/";

    /// <summary>Finds the file that a path stands for; a path that ends with a slash stands for the folder's page.</summary>
    /// <param name="path">The decoded path of a request.</param>
    /// <returns>Null when there is none that may be read. A handle in it is the caller's to dispose.</returns>
    public SiteFile? Open(string path)
    {
        // Where the file really is, all links followed, decides whether it may be seen.
        string? real = RealPath.Of(Path.Join(_root, path.EndsWith('/') ? path + DefaultFile : path));
        if (real is null || !real.StartsWith(_inside, StringComparison.Ordinal))
            return null;

        FileInfo info = new(real);
        if (!info.Exists)
            return null;

        try
        {
            string type = ContentTypes.GetValueOrDefault(info.Extension, UnknownType);
            return info.Length <= LargestKept
                ? new SiteFile(type, info.Length, Keep(info), null)
                : new SiteFile(type, info.Length, null, File.OpenHandle(real));
        }
        catch (Exception refused) when (refused is IOException or UnauthorizedAccessException)
        {
            return null;
        }
    }

    private byte[] Keep(FileInfo info)
    {
        if (_kept.TryGetValue(info.FullName, out KeptFile? kept) && kept.IsOf(info))
            return kept.Content;
        if (_kept.Count >= MostKept)
            _kept.Clear();

        // What has no length is not opened: it may be a pipe, and to open one waits for its other end.
        byte[] content = info.Length == 0 ? [] : File.ReadAllBytes(info.FullName);
        _kept[info.FullName] = new KeptFile(info.LastWriteTimeUtc, content);
        return content;
    }

    private sealed record KeptFile(DateTime Written, byte[] Content)
    {
        public bool IsOf(FileInfo info) => Written == info.LastWriteTimeUtc && Content.Length == info.Length;
    }
}

/// <summary>A file that may be sent.</summary>
/// <param name="ContentType">The value of <c>Content-Type</c>.</param>
/// <param name="Length">How many bytes it has.</param>
/// <param name="Content">All of them, if they are few.</param>
/// <param name="Handle">Otherwise where to read them.</param>
internal sealed record SiteFile(string ContentType, long Length, byte[]? Content, SafeFileHandle? Handle);
