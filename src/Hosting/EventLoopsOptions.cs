using System.Net;
using System.Net.Sockets;

namespace EventLoops.Hosting;

/// <summary>What a section of the application's configuration says about its loop. Read and checked when the application starts.</summary>
public sealed class EventLoopsOptions
{
    /// <summary>The section that is read unless another one is named: <c>EventLoops</c>.</summary>
    public const string SectionName = "EventLoops";

    /// <summary>The loop: <c>auto</c>, the default, for the best there is; <c>poll</c>, <c>epoll</c>, <c>libuv</c>, <c>libev</c> or <c>io_uring</c>, as far as <see cref="LoopRegistry.Default"/> has it.</summary>
    public string Loop { get; set; } = "auto";

    /// <summary>The virtual hosts.</summary>
    public IList<VirtualHostSettings> VirtualHosts { get; } = [];

    /// <summary>The most connections; null, the default, for what the system allows. See <see cref="LoopContextOptions.MaxConnections"/>.</summary>
    public int? MaxConnections { get; set; }

    /// <summary>The most connections of one address; 0, the default, for no limit.</summary>
    public int MaxConnectionsPerAddress { get; set; }

    /// <summary>The largest message, in bytes; null, the default, for that of <see cref="ConnectionLimits.MaxMessageSize"/>.</summary>
    public long? MaxMessageSize { get; set; }

    /// <summary>The largest body of a request, in bytes; null, the default, for that of <see cref="ConnectionLimits.MaxRequestBody"/>.</summary>
    public long? MaxRequestBody { get; set; }

    /// <summary>Silence after which an open WebSocket is asked for a sign of life; null, the default, for never.</summary>
    public TimeSpan? PingAfter { get; set; }

    /// <summary>How long it may then still be silent before it is given up; null, the default, for that of <see cref="WebSocketKeepAlive"/>.</summary>
    public TimeSpan? GiveUpAfter { get; set; }

    /// <summary>How many service threads serve, 1 to 32. Default 1. See <see cref="LoopContextOptions.ServiceThreadCount"/>.</summary>
    public int ServiceThreadCount { get; set; } = 1;

    /// <summary>How long a loop without work looks for some before it sleeps; null, the default, for never. See <see cref="LoopContextOptions.BusyPoll"/>.</summary>
    public TimeSpan? BusyPoll { get; set; }

    /// <summary>From which duration on a callback is reported for holding up its loop; null, the default, for 1 s. See <see cref="LoopContextOptions.StallThreshold"/>.</summary>
    public TimeSpan? StallThreshold { get; set; }

    /// <summary>
    /// How long connections may take to end by themselves when the application stops: answers that are under way, and the closing handshakes of WebSockets. Default 5 s.
    /// </summary>
    public TimeSpan ShutdownGrace { get; set; } = TimeSpan.FromSeconds(5);

    /// <summary>Within which time a check of health must hear from the loop. Default 5 s.</summary>
    public TimeSpan HealthTimeout { get; set; } = TimeSpan.FromSeconds(5);
}

/// <summary>A virtual host, as configuration describes it.</summary>
public sealed class VirtualHostSettings
{
    /// <summary>Its name, as clients write it into the Host field. Default <c>default</c>.</summary>
    public string Name { get; set; } = "default";

    /// <summary>Where it listens: <c>127.0.0.1:7681</c>, <c>[::1]:7681</c>, or <c>unix:/run/app.sock</c>; port 0 takes a free one.</summary>
    public IList<string> Endpoints { get; } = [];

    /// <summary>The names of the protocols that it serves, protocol 0 first, of those that were added to the services; none for all of them.</summary>
    public IList<string> Protocols { get; } = [];

    /// <summary>The protocol for clients that ask for none; null, the default, for the first.</summary>
    public string? DefaultProtocol { get; set; }

    /// <summary>Which sites' pages may open a WebSocket. Default <see cref="OriginPolicy.SameHost"/>.</summary>
    public OriginPolicy Origin { get; set; }

    /// <summary>Further origins that may.</summary>
    public IList<string> AllowedOrigins { get; } = [];

    /// <summary>Whether messages are compressed for clients that offer it. Default false.</summary>
    public bool Compression { get; set; }

    /// <summary>The networks of the proxies that begin each connection by a header of the PROXY protocol, such as <c>10.0.0.0/8</c>; none, the default, without such.</summary>
    public IList<string> ProxyNetworks { get; } = [];

    /// <summary>The folders that are served, by path.</summary>
    public IDictionary<string, string> Folders { get; } = new Dictionary<string, string>(StringComparer.Ordinal);

    internal static EndPoint? ReadEndPoint(string text)
    {
        const string unix = "unix:";
        if (text.StartsWith(unix, StringComparison.Ordinal))
            return text.Length > unix.Length ? new UnixDomainSocketEndPoint(text[unix.Length..]) : null;

        // An address without a port would get the port 0, which is one to ask for by name.
        bool hasPort = text.LastIndexOf(':') > text.LastIndexOf(']') && (text.StartsWith('[') || text.Count(character => character == ':') == 1);
        return hasPort && IPEndPoint.TryParse(text, out IPEndPoint? endPoint) ? endPoint : null;
    }
}
