using System.Collections.Frozen;

namespace EventLoops;

/// <summary>
/// Content types by the extension of a file's name, letters compared without regard to case: a mount's own before the built-in ones. Text is said to be
/// UTF-8, which it is nowadays; a mount that has other text says so in <see cref="Mount.ExtraMimeTypes"/>.
/// </summary>
internal sealed class MimeTypes
{
    /// <summary>What is known to nobody: bytes (RFC 2046 4.5.1), which a browser saves and does not run.</summary>
    internal const string Unknown = "application/octet-stream";

    private static readonly FrozenDictionary<string, string> BuiltIn = new Dictionary<string, string>(StringComparer.OrdinalIgnoreCase)
    {
        [".7z"] = "application/x-7z-compressed",
        [".aac"] = "audio/aac",
        [".apng"] = "image/apng",
        [".avif"] = "image/avif",
        [".bmp"] = "image/bmp",
        [".bz2"] = "application/x-bzip2",
        [".css"] = "text/css; charset=utf-8",
        [".csv"] = "text/csv; charset=utf-8",
        [".eot"] = "application/vnd.ms-fontobject",
        [".epub"] = "application/epub+zip",
        [".flac"] = "audio/flac",
        [".gif"] = "image/gif",
        [".gz"] = "application/gzip",
        [".htm"] = "text/html; charset=utf-8",
        [".html"] = "text/html; charset=utf-8",
        [".ico"] = "image/x-icon",
        [".ics"] = "text/calendar; charset=utf-8",
        [".jpeg"] = "image/jpeg",
        [".jpg"] = "image/jpeg",
        [".js"] = "text/javascript; charset=utf-8",
        [".json"] = "application/json",
        [".jsonld"] = "application/ld+json",
        [".jxl"] = "image/jxl",
        [".m4a"] = "audio/mp4",
        [".map"] = "application/json",
        [".md"] = "text/markdown; charset=utf-8",
        [".mjs"] = "text/javascript; charset=utf-8",
        [".mp3"] = "audio/mpeg",
        [".mp4"] = "video/mp4",
        [".oga"] = "audio/ogg",
        [".ogg"] = "audio/ogg",
        [".ogv"] = "video/ogg",
        [".opus"] = "audio/ogg",
        [".otf"] = "font/otf",
        [".pdf"] = "application/pdf",
        [".png"] = "image/png",
        [".rtf"] = "application/rtf",
        [".svg"] = "image/svg+xml",
        [".tar"] = "application/x-tar",
        [".tif"] = "image/tiff",
        [".tiff"] = "image/tiff",
        [".ttf"] = "font/ttf",
        [".txt"] = "text/plain; charset=utf-8",
        [".vtt"] = "text/vtt; charset=utf-8",
        [".wasm"] = "application/wasm",
        [".wav"] = "audio/wav",
        [".weba"] = "audio/webm",
        [".webm"] = "video/webm",
        [".webmanifest"] = "application/manifest+json",
        [".webp"] = "image/webp",
        [".woff"] = "font/woff",
        [".woff2"] = "font/woff2",
        [".xhtml"] = "application/xhtml+xml",
        [".xml"] = "application/xml",
        [".xz"] = "application/x-xz",
        [".yaml"] = "application/yaml",
        [".yml"] = "application/yaml",
        [".zip"] = "application/zip",
        [".zst"] = "application/zstd",
    }.ToFrozenDictionary(StringComparer.OrdinalIgnoreCase);

    private readonly FrozenDictionary<string, string> _own;
    private readonly string _otherwise;

    public MimeTypes(IReadOnlyDictionary<string, string> own)
    {
        _own = own.Where(pair => pair.Key != "*")
            .ToFrozenDictionary(pair => '.' + pair.Key.TrimStart('.'), pair => pair.Value, StringComparer.OrdinalIgnoreCase);
        _otherwise = own.GetValueOrDefault("*", Unknown);
    }

    /// <summary>The content type of a file.</summary>
    public string Of(string path)
    {
        string extension = Path.GetExtension(path);
        return _own.GetValueOrDefault(extension) ?? BuiltIn.GetValueOrDefault(extension) ?? _otherwise;
    }

    /// <summary>Whether content of a type becomes smaller by compression, so that a compressed neighbour is worth looking for.</summary>
    public static bool IsCompressible(string type) =>
        type.StartsWith("text/", StringComparison.Ordinal) || type.Contains("json", StringComparison.Ordinal) || type.Contains("xml", StringComparison.Ordinal)
        || type.Contains("javascript", StringComparison.Ordinal) || type.Contains("wasm", StringComparison.Ordinal) || type.Contains("yaml", StringComparison.Ordinal)
        || type is "application/rtf" or "font/otf" or "font/ttf" or "application/vnd.ms-fontobject" or "image/x-icon" or "image/bmp" or "application/x-tar";
}
