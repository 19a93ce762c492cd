using System.Text;

namespace EventLoops;

/// <summary>What lies behind a mount: the original's <c>origin</c> and <c>origin_protocol</c> in one.</summary>
public sealed class MountOrigin
{
    private MountOrigin(MountKind kind, string target, IFileOperations? files = null, ReverseProxyOptions? proxy = null)
    {
        Kind = kind;
        Target = target;
        FileOperations = files;
        ReverseProxy = proxy;
    }

    internal MountKind Kind { get; }

    /// <summary>The folder, the program, the address, the host with its base path, or the name of the protocol.</summary>
    internal string Target { get; }

    /// <summary>How the files of this mount are reached; null for the context's way.</summary>
    internal IFileOperations? FileOperations { get; }

    /// <summary>How an origin server is spoken to.</summary>
    internal ReverseProxyOptions? ReverseProxy { get; }

    /// <summary>
    /// The files below a folder, answered to GET and HEAD with validators, ranges and precompressed neighbours. Nothing outside of the folder is
    /// ever served. The original's <c>LWSMPRO_FILE</c>.
    /// </summary>
    /// <param name="folder">The folder; a relative one is looked up from the current directory at construction of the context.</param>
    /// <param name="operations">
    /// How files are reached, instead of by <see cref="LoopContext.FileOperations"/>; <paramref name="folder"/> then means what they take it for.
    /// </param>
    public static MountOrigin Files(string folder, IFileOperations? operations = null)
    {
        ArgumentNullException.ThrowIfNull(folder);
        return new MountOrigin(MountKind.Files, folder, operations);
    }

    /// <summary>
    /// A program that is started for each request and speaks CGI (RFC 3875); it answers every method. The original's <c>LWSMPRO_CGI</c>.
    /// </summary>
    /// <param name="program">The path of an executable file; a relative one is looked up from the current directory at construction of the context.</param>
    public static MountOrigin Cgi(string program)
    {
        ArgumentException.ThrowIfNullOrEmpty(program);
        return new MountOrigin(MountKind.Cgi, program);
    }

    /// <summary>
    /// Another server, which is asked in the client's place: a reverse proxy. Every method goes there, and so do requests to become a WebSocket, whose frames are passed
    /// on as they are. What follows the mount point is asked for below the origin's path, with the query. The original's <c>LWSMPRO_HTTP</c>.
    /// </summary>
    /// <param name="to">
    /// The host, with a port and a path in front if wanted, as in <c>localhost:5000/app</c>; <c>http://</c> may stand before it.
    /// </param>
    /// <param name="options">How it is spoken to, such as by a Unix socket; null for the defaults.</param>
    public static MountOrigin Http(string to, ReverseProxyOptions? options = null)
    {
        ArgumentException.ThrowIfNullOrEmpty(to);
        return new MountOrigin(MountKind.Http, to, proxy: options ?? new ReverseProxyOptions());
    }

    /// <summary>As <see cref="Http"/>, by TLS. The original's <c>LWSMPRO_HTTPS</c>.</summary>
    /// <param name="to">
    /// The host, with a port and a path in front if wanted, as in <c>example.com/app</c>; <c>https://</c> may stand before it.
    /// </param>
    /// <param name="options">How it is spoken to; null for the defaults.</param>
    public static MountOrigin Https(string to, ReverseProxyOptions? options = null)
    {
        ArgumentException.ThrowIfNullOrEmpty(to);
        return new MountOrigin(MountKind.Https, to, proxy: options ?? new ReverseProxyOptions());
    }

    /// <summary>
    /// A redirect, 301 for GET and HEAD and 308 for methods that a client must repeat as they were (RFC 9110 15.4.9), to the same place on an
    /// <c>http</c> site: what follows the mount point and the query are kept. The original's <c>LWSMPRO_REDIR_HTTP</c>.
    /// </summary>
    /// <param name="to">The host, with a port and a path in front if wanted, as in <c>example.com:8080/new</c>; null for the host that was asked for.</param>
    public static MountOrigin RedirectHttp(string? to = null) => new(MountKind.RedirectHttp, to ?? "");

    /// <summary>As <see cref="RedirectHttp"/>, to an <c>https</c> site. The original's <c>LWSMPRO_REDIR_HTTPS</c>.</summary>
    /// <param name="to">The host, with a port and a path in front if wanted, as in <c>example.com/new</c>; null for the host that was asked for.</param>
    public static MountOrigin RedirectHttps(string? to = null) => new(MountKind.RedirectHttps, to ?? "");

    /// <summary>
    /// A protocol of the same virtual host, whose <c>OnHttp</c> answers the requests instead of protocol 0's, with session data that begins with the
    /// request and ends with <c>OnHttpDropped</c>. Named for protocol 0, it takes a path out of another mount and leaves all else as it is without mounts. The original's <c>LWSMPRO_CALLBACK</c> (since 2.1).
    /// </summary>
    /// <param name="protocolName">The name of the protocol.</param>
    public static MountOrigin Callback(string protocolName)
    {
        ArgumentNullException.ThrowIfNull(protocolName);
        return new MountOrigin(MountKind.Callback, protocolName);
    }

    /// <summary>The same with a folder or a program made absolute, since the current directory may change later; throws when there is none.</summary>
    internal MountOrigin Located() => Kind switch
    {
        MountKind.Files when FileOperations is null or SystemFileOperations => new MountOrigin(
            Kind,
            Directory.Exists(Target) ? Path.GetFullPath(Target) : throw new ArgumentException($"{nameof(Mount)}.{nameof(Mount.Origin)}: there is no folder '{Target}'."),
            FileOperations),
        MountKind.Cgi => new MountOrigin(Kind, File.Exists(Target)
            ? Path.GetFullPath(Target)
            : throw new ArgumentException($"{nameof(Mount)}.{nameof(Mount.Origin)}: there is no program '{Target}'.")),
        _ => this,
    };

    internal void Validate(IReadOnlyList<Protocol> protocols)
    {
        if (Kind == MountKind.Callback && protocols.All(protocol => protocol.Name != Target))
            throw new ArgumentException($"{nameof(Mount)}.{nameof(Mount.Origin)}: '{Target}' is none of the protocols of the virtual host.");
        if (Kind is MountKind.RedirectHttp or MountKind.RedirectHttps && Target.Length > 0 && !IsPlace(Target))
            throw new ArgumentException($"{nameof(Mount)}.{nameof(Mount.Origin)}: '{Target}' is no host, such as example.com:8080/path.");
        if (Kind is MountKind.Http or MountKind.Https)
            ValidateReverseProxy();
    }

    /// <summary>What is asked for below the mount point, for a reverse proxy; null for all other kinds.</summary>
    internal ReverseProxyOrigin? ToReverseProxy(ReadOnlySpan<byte> mountPoint) =>
        Kind is MountKind.Http or MountKind.Https && ReverseProxyOrigin.TryParse(Target, Kind == MountKind.Https, out Uri uri)
            ? new ReverseProxyOrigin(uri, ReverseProxy!, mountPoint)
            : null;

    private void ValidateReverseProxy()
    {
        string member = $"{nameof(Mount)}.{nameof(Mount.Origin)}";
        if (!ReverseProxyOrigin.TryParse(Target, Kind == MountKind.Https, out Uri uri))
            throw new ArgumentException($"{member}: '{Target}' is no host, such as localhost:5000/path.");

        ReverseProxy!.Validate();
        try
        {
            // What cannot be connected to is found out here, and not by the first client.
            new ClientConnectOptions { Uri = uri, Protocols = ReverseProxyProtocol.Only, EndPoint = ReverseProxy.EndPoint, Tls = ReverseProxy.Tls }.Validate();
        }
        catch (ArgumentException wrong)
        {
            throw new ArgumentException($"{member}: {wrong.Message}", wrong);
        }
    }

    /// <summary>Whether a text is a host with, perhaps, a port and a path (RFC 3986 3.2).</summary>
    private static bool IsPlace(string text)
    {
        int slash = text.IndexOf('/', StringComparison.Ordinal);
        string host = slash < 0 ? text : text[..slash];
        return text.All(character => character is > ' ' and < '\x7F' and not ('?' or '#' or '\\'))
            && Protocols.Http.HostName.IsValid(Encoding.ASCII.GetBytes(host)) && host.Length > 0;
    }
}

/// <summary>The kinds of <see cref="MountOrigin"/>.</summary>
internal enum MountKind : byte
{
    Files,
    Cgi,
    RedirectHttp,
    RedirectHttps,
    Http,
    Https,
    Callback,
}
