using System.Net.Sockets;
using EventLoops;

namespace TestServer.Config;

/// <summary>Origins of mounts as text, in the way of libwebsockets' own server: a scheme says what lies behind a path.</summary>
internal static class OriginText
{
    /// <summary>What there is, for people.</summary>
    public const string Forms =
        "file://FOLDER, zip://ARCHIVE, cgi://PROGRAM, http://HOST, https://HOST, http+unix://SOCKET, >http://HOST, >https://HOST, callback://PROTOCOL";

    /// <summary>How the one protocol is called here that has no name.</summary>
    private const string ProtocolZero = "site";

    /// <summary>Reads an origin.</summary>
    /// <param name="text">As in <see cref="Forms"/>.</param>
    /// <param name="folder">Where relative paths begin.</param>
    /// <param name="proxy">How a server behind it is spoken to; null for the defaults.</param>
    /// <returns>Null for what is none, or what is not there.</returns>
    public static MountOrigin? Read(string text, string folder, ReverseProxyOptions? proxy = null)
    {
        int colon = text.IndexOf("://", StringComparison.Ordinal);
        if (colon < 0)
            return null;

        string target = text[(colon + 3)..];
        return text[..colon] switch
        {
            "file" when Directory.Exists(Path.Combine(folder, target)) => MountOrigin.Files(Path.Combine(folder, target)),
            "zip" => ReadZip(Path.Combine(folder, target)),
            "cgi" when File.Exists(Path.Combine(folder, target)) => MountOrigin.Cgi(Path.Combine(folder, target)),
            "http" when target.Length > 0 => MountOrigin.Http(target, proxy),
            "https" when target.Length > 0 => MountOrigin.Https(target, proxy),
            "http+unix" when target.Length > 0 && proxy is null => MountOrigin.Http("localhost", ReverseProxyAt(Path.Combine(folder, target))),
            ">http" => MountOrigin.RedirectHttp(target),
            ">https" => MountOrigin.RedirectHttps(target),
            "callback" => MountOrigin.Callback(target == ProtocolZero ? "" : target),
            _ => null,
        };
    }

    private static ReverseProxyOptions ReverseProxyAt(string socket) => new() { EndPoint = new UnixDomainSocketEndPoint(socket) };

    private static MountOrigin? ReadZip(string archive)
    {
        try
        {
            return MountOrigin.Files("", new ZipFileOperations(archive));
        }
        catch (Exception unreadable) when (unreadable is IOException or UnauthorizedAccessException or InvalidDataException)
        {
            return null;
        }
    }
}
