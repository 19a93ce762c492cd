using System.Net;
using Microsoft.Extensions.Logging;

namespace EventLoops.Hosting;

/// <summary>Makes the options of the context from what configuration says and what the services hold.</summary>
internal sealed class ContextFactory(IEnumerable<Protocol> protocols, IEnumerable<VirtualHostSource> furtherHosts, ILoggerFactory loggers)
{
    private readonly Protocol[] _protocols = [.. protocols];

    public LoopContextOptions Describe(EventLoopsOptions options)
    {
        ConnectionLimits limits = new();
        WebSocketKeepAlive keepAlive = new();
        LoopContextOptions standard = new();
        return new LoopContextOptions
        {
            Flags = LoopFlags.Names[options.Loop],
            Logger = loggers.CreateLogger(EventLoopsOptions.SectionName),
            ServiceThreadCount = options.ServiceThreadCount,
            MaxConnections = options.MaxConnections,
            BusyPoll = options.BusyPoll ?? standard.BusyPoll,
            StallThreshold = options.StallThreshold ?? standard.StallThreshold,
            MaxConnectionsPerAddress = options.MaxConnectionsPerAddress,
            Limits = new ConnectionLimits
            {
                MaxMessageSize = options.MaxMessageSize ?? limits.MaxMessageSize,
                MaxRequestBody = options.MaxRequestBody ?? limits.MaxRequestBody,
            },
            WebSocketKeepAlive = new WebSocketKeepAlive
            {
                PingAfter = options.PingAfter ?? keepAlive.PingAfter,
                GiveUpAfter = options.GiveUpAfter ?? keepAlive.GiveUpAfter,
            },
            VirtualHosts = [.. options.VirtualHosts.Select(Describe), .. furtherHosts.Select(source => source.Make())],
        };
    }

    private VirtualHostOptions Describe(VirtualHostSettings host) => new()
    {
        Name = host.Name,
        Endpoints = [.. host.Endpoints.Select(text => VirtualHostSettings.ReadEndPoint(text)!)],
        Protocols = host.Protocols.Count == 0
            ? _protocols
            : [.. host.Protocols.Select(name => Array.Find(_protocols, protocol => protocol.Name == name)!)],
        DefaultProtocol = host.DefaultProtocol,
        Origin = host.Origin,
        AllowedOrigins = [.. host.AllowedOrigins],
        Extensions = host.Compression ? [new PermessageDeflate()] : [],
        ProxyProtocol = host.ProxyNetworks.Count == 0
            ? null
            : new ProxyProtocolOptions { TrustedNetworks = [.. host.ProxyNetworks.Select(IPNetwork.Parse)] },
        Mounts = [.. host.Folders.Select(folder => new Mount { MountPoint = folder.Key, Origin = MountOrigin.Files(folder.Value) })],
    };
}

/// <summary>A virtual host that code describes.</summary>
internal sealed record VirtualHostSource(Func<VirtualHostOptions> Make);
