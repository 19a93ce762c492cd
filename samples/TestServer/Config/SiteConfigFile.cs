using System.Globalization;
using System.Net;
using System.Net.Sockets;
using System.Text.Json;
using EventLoops;

namespace TestServer.Config;

/// <summary>A file of <c>--config</c> is wrong; the message says where and why.</summary>
internal sealed class SiteConfigException(string message) : Exception(message);

/// <summary>What a file describes.</summary>
/// <param name="Hosts">The virtual hosts.</param>
/// <param name="Threads">How many service threads serve them; null when it does not say.</param>
internal sealed record SiteDescription(IReadOnlyList<VirtualHostOptions> Hosts, int? Threads);

/// <summary>Makes virtual hosts of a file. Every mistake is one sentence with the file, the line and the member.</summary>
internal sealed class SiteConfigFile
{
    private const string UnixPrefix = "unix:";

    private static readonly Dictionary<string, OriginPolicy> Origins = new(StringComparer.Ordinal)
    {
        ["same"] = OriginPolicy.SameHost,
        ["any"] = OriginPolicy.Any,
    };

    private readonly string _path;
    private readonly byte[] _text;
    private readonly string _folder;
    private readonly IReadOnlyList<WebSocketExtension> _extensions;

    private SiteConfigFile(string path, IReadOnlyList<WebSocketExtension> extensions)
    {
        _path = path;
        _extensions = extensions;
        _folder = Path.GetDirectoryName(Path.GetFullPath(path)) ?? "/";
        try
        {
            _text = File.ReadAllBytes(path);
        }
        catch (Exception unreadable) when (unreadable is IOException or UnauthorizedAccessException)
        {
            throw new SiteConfigException($"--config takes a file that can be read, not '{path}'.");
        }
    }

    /// <summary>What a file describes.</summary>
    /// <param name="path">The file.</param>
    /// <param name="extensions">What clients of each of them may agree on.</param>
    /// <exception cref="SiteConfigException">The file cannot be read, or something in it is wrong.</exception>
    public static SiteDescription Read(string path, IReadOnlyList<WebSocketExtension> extensions) => new SiteConfigFile(path, extensions).Read();

    private SiteDescription Read()
    {
        SiteConfig config;
        try
        {
            config = JsonSerializer.Deserialize(_text, SiteConfigJson.Default.SiteConfig) ?? throw Wrong("$", "there is nothing in it.");
        }
        catch (JsonException wrong)
        {
            // The sentence ends where the framework begins to tell the place, which is told before it here.
            string sentence = wrong.Message.Split(" Path: ")[0].Split(" LineNumber: ")[0];
            throw new SiteConfigException(string.Create(CultureInfo.InvariantCulture, $"{_path}, line {(wrong.LineNumber ?? 0) + 1}, {wrong.Path ?? "$"}: {sentence}"));
        }

        if (config.Hosts.Count == 0)
            throw Wrong("$.hosts", "at least one host is needed.");
        if (config.Threads is < 1 or > 32)
            throw Wrong("$.threads", $"{config.Threads} is not a number from 1 to 32.");
        return new SiteDescription([.. config.Hosts.Select((host, index) => ReadHost(host, string.Create(CultureInfo.InvariantCulture, $"$.hosts[{index}]")))], config.Threads);
    }

    private VirtualHostOptions ReadHost(HostConfig host, string at)
    {
        if (host.Listen.Count == 0)
            throw Wrong($"{at}.listen", "at least one address is needed.");
        if (!Origins.TryGetValue(host.Origin, out OriginPolicy origin))
            throw Wrong($"{at}.origin", $"'{host.Origin}' is neither 'same' nor 'any'.");

        Protocol[] protocols = ReadProtocols(host, at);
        if (host.DefaultProtocol is not null && protocols.All(protocol => protocol.Name != host.DefaultProtocol))
            throw Wrong($"{at}.defaultProtocol", $"'{host.DefaultProtocol}' is none of the protocols.");
        return new VirtualHostOptions
        {
            Name = host.Name,
            Endpoints = [.. host.Listen.Select((text, index) => ReadEndPoint(text, Item(at, "listen", index)))],
            Protocols = protocols,

            // Without a name a client would get protocol 0, which knows nothing of WebSockets.
            DefaultProtocol = host.DefaultProtocol ?? protocols.ElementAtOrDefault(1)?.Name,
            Origin = origin,
            Extensions = _extensions,
            Tls = host.Tls?.ToOptions(_folder, (member, sentence) => Wrong($"{at}.tls.{member}", sentence)),
            Mounts = [.. host.Mounts.Select((mount, index) => ReadMount(mount, protocols, Item(at, "mounts", index)))],
        };
    }

    private Protocol[] ReadProtocols(HostConfig host, string at)
    {
        IReadOnlyList<Protocol> all = Server.NewProtocols();
        if (host.Protocols is null)
            return [.. all];

        List<Protocol> chosen = [all[0]];
        for (int i = 0; i < host.Protocols.Count; i++)
        {
            string name = host.Protocols[i];
            Protocol protocol = all.Skip(1).FirstOrDefault(known => known.Name == name)
                ?? throw Wrong(Item(at, "protocols", i), $"'{name}' is none of {string.Join(", ", all.Skip(1).Select(known => known.Name))}.");
            if (chosen.Contains(protocol))
                throw Wrong(Item(at, "protocols", i), $"'{name}' is there twice.");
            chosen.Add(protocol);
        }

        return [.. chosen];
    }

    private EndPoint ReadEndPoint(string text, string at)
    {
        if (text.StartsWith(UnixPrefix, StringComparison.Ordinal) && text.Length > UnixPrefix.Length)
            return new UnixDomainSocketEndPoint(Path.Combine(_folder, text[UnixPrefix.Length..]));

        // An address without a port would mean port 0 to the framework, and a free port to nobody.
        bool hasPort = text.LastIndexOf(':') > text.LastIndexOf(']') && text.Contains('.', StringComparison.Ordinal) | text.Contains(']', StringComparison.Ordinal);
        if (hasPort && IPEndPoint.TryParse(text, out IPEndPoint? endPoint))
            return endPoint;
        throw Wrong(at, $"'{text}' is no address with a port, such as 127.0.0.1:7681 or [::]:80, and no unix:PATH.");
    }

    private Mount ReadMount(MountConfig config, Protocol[] protocols, string at)
    {
        MountOrigin origin = OriginText.Read(config.Origin, _folder, ReadReverseProxy(config.ReverseProxy, config.Origin, at))
            ?? throw Wrong($"{at}.origin", $"'{config.Origin}' is no origin, or it is not there ({OriginText.Forms}).");
        try
        {
            Mount mount = new()
            {
                MountPoint = config.MountPoint,
                Origin = origin,
                DefaultFile = config.DefaultFile,
                CacheMaxAge = TimeSpan.FromSeconds(config.CacheMaxAge),
                CacheReusable = config.CacheReusable,
                CacheRevalidate = config.CacheRevalidate,
                CacheIntermediaries = config.CacheIntermediaries,
                ExtraMimeTypes = config.MimeTypes,
                Fields = [.. config.Fields.Select(field => new HttpField(field.Key, field.Value))],
                CgiEnvironment = config.CgiEnvironment,
                CgiTimeout = TimeSpan.FromSeconds(config.CgiTimeout),
                Authentication = ReadAuthentication(config.Authentication, at),
            };
            mount.Validate(protocols);
            return mount;
        }
        catch (ArgumentException wrong)
        {
            throw Wrong($"{at}.{MemberOf(wrong)}", wrong.Message.Split(" (Parameter ")[0].Split('\n')[0]);
        }
        catch (OverflowException)
        {
            throw Wrong(at, "a time is longer than anybody can wait.");
        }
    }

    private ReverseProxyOptions? ReadReverseProxy(ReverseProxyConfig? config, string origin, string at)
    {
        if (config is null)
            return null;
        if (!origin.StartsWith("http://", StringComparison.Ordinal) && !origin.StartsWith("https://", StringComparison.Ordinal))
            throw Wrong($"{at}.reverseProxy", $"'{origin}' is no http://HOST or https://HOST.");

        try
        {
            return new ReverseProxyOptions
            {
                EndPoint = config.Socket is null ? null : new UnixDomainSocketEndPoint(Path.Combine(_folder, config.Socket)),
                KeepsHost = config.KeepsHost,
                ExtendsForwarded = config.ExtendsForwarded,
                ConnectTimeout = TimeSpan.FromSeconds(config.ConnectTimeout),
                Timeout = TimeSpan.FromSeconds(config.Timeout),
                KeptSockets = config.KeptSockets,
            };
        }
        catch (ArgumentException wrong)
        {
            throw Wrong($"{at}.reverseProxy.socket", wrong.Message.Split(" (Parameter ")[0]);
        }
        catch (OverflowException)
        {
            throw Wrong($"{at}.reverseProxy", "a time is longer than anybody can wait.");
        }
    }

    private BasicAuthentication? ReadAuthentication(AuthenticationConfig? config, string at)
    {
        if (config is null)
            return null;

        try
        {
            return new BasicAuthentication(config.Realm, PasswordFile.Load(Path.Combine(_folder, config.Passwords)));
        }
        catch (ArgumentException wrong)
        {
            throw Wrong($"{at}.authentication.realm", wrong.Message.Split(" (Parameter ")[0]);
        }
        catch (Exception wrong) when (wrong is IOException or UnauthorizedAccessException or FormatException)
        {
            throw Wrong($"{at}.authentication.passwords", wrong.Message);
        }
    }

    /// <summary>The exception names the option; in the file its first letter is small, and one has a shorter name.</summary>
    private static string MemberOf(ArgumentException wrong)
    {
        string member = wrong.ParamName?.Split('.')[^1] ?? "origin";
        string inside = wrong.ParamName?.StartsWith(nameof(ReverseProxyOptions), StringComparison.Ordinal) == true ? "reverseProxy." : "";
        return inside + (member == nameof(Mount.ExtraMimeTypes) ? "mimeTypes" : char.ToLowerInvariant(member[0]) + member[1..]);
    }

    private static string Item(string at, string list, int index) => string.Create(CultureInfo.InvariantCulture, $"{at}.{list}[{index}]");

    private SiteConfigException Wrong(string at, string sentence)
    {
        int line = JsonPlace.LineOf(_text, at);
        if (line == 0)
            line = JsonPlace.LineOf(_text, at[..at.LastIndexOf('.')]);
        return new SiteConfigException(string.Create(CultureInfo.InvariantCulture, $"{_path}, line {line}, {at}: {sentence}"));
    }
}
