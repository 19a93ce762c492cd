using System.Text.Json.Serialization;

namespace TestServer.Config;

/// <summary>
/// The file of <c>--config</c>, member by member as it is written; docs/test-server.md explains it. Members with a default have a setter: the reader that the
/// compiler makes would set those with <c>init</c> to nothing when the file does not name them.
/// </summary>
internal sealed class SiteConfig
{
    /// <summary>How many service threads there are; null for what the command line says.</summary>
    public int? Threads { get; set; }

    public required IReadOnlyList<HostConfig> Hosts { get; init; }
}

/// <summary>A virtual host.</summary>
internal sealed class HostConfig
{
    /// <summary>The name that clients ask for.</summary>
    public string Name { get; set; } = "default";

    /// <summary>Addresses with ports, and paths of Unix sockets behind <c>unix:</c>.</summary>
    public required IReadOnlyList<string> Listen { get; init; }

    /// <summary>The names of the WebSocket protocols; null for all of them.</summary>
    public IReadOnlyList<string>? Protocols { get; set; }

    /// <summary>Who asks for no protocol gets this one; null for the first.</summary>
    public string? DefaultProtocol { get; set; }

    /// <summary><c>same</c> or <c>any</c>.</summary>
    public string Origin { get; set; } = "same";

    public IReadOnlyList<MountConfig> Mounts { get; set; } = [];

    /// <summary>Null for none.</summary>
    public TlsConfig? Tls { get; set; }
}

/// <summary>A mount.</summary>
internal sealed class MountConfig
{
    public required string MountPoint { get; init; }

    /// <summary>As <see cref="OriginText"/> reads it.</summary>
    public required string Origin { get; init; }

    public string DefaultFile { get; set; } = "index.html";

    /// <summary>In seconds.</summary>
    public long CacheMaxAge { get; set; }

    public bool CacheReusable { get; set; }

    public bool CacheRevalidate { get; set; }

    public bool CacheIntermediaries { get; set; }

    public IReadOnlyDictionary<string, string> MimeTypes { get; set; } = new Dictionary<string, string>(StringComparer.Ordinal);

    public IReadOnlyDictionary<string, string> Fields { get; set; } = new Dictionary<string, string>(StringComparer.Ordinal);

    public IReadOnlyDictionary<string, string> CgiEnvironment { get; set; } = new Dictionary<string, string>(StringComparer.Ordinal);

    /// <summary>In seconds.</summary>
    public double CgiTimeout { get; set; } = 60;

    public ReverseProxyConfig? ReverseProxy { get; set; }

    public AuthenticationConfig? Authentication { get; set; }
}

/// <summary>How a mount speaks to the server behind it.</summary>
internal sealed class ReverseProxyConfig
{
    /// <summary>The path of a Unix socket; null for the host of the origin.</summary>
    public string? Socket { get; set; }

    public bool KeepsHost { get; set; }

    public bool ExtendsForwarded { get; set; }

    /// <summary>In seconds.</summary>
    public double ConnectTimeout { get; set; } = 5;

    /// <summary>In seconds.</summary>
    public double Timeout { get; set; } = 60;

    public int KeptSockets { get; set; } = 32;
}

/// <summary>Who may come in to a mount.</summary>
internal sealed class AuthenticationConfig
{
    /// <summary>What browsers show.</summary>
    public required string Realm { get; init; }

    /// <summary>A file of users, as <see cref="EventLoops.PasswordFile"/> reads it.</summary>
    public required string Passwords { get; init; }
}

/// <summary>Reads the file without reflection. A member that nobody knows is a mistake, and so is null.</summary>
[JsonSourceGenerationOptions(
    PropertyNamingPolicy = JsonKnownNamingPolicy.CamelCase,
    UnmappedMemberHandling = JsonUnmappedMemberHandling.Disallow,
    ReadCommentHandling = System.Text.Json.JsonCommentHandling.Skip,
    AllowTrailingCommas = true,
    RespectNullableAnnotations = true)]
[JsonSerializable(typeof(SiteConfig))]
internal sealed partial class SiteConfigJson : JsonSerializerContext;
