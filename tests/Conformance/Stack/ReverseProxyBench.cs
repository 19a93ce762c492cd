using System.Net;
using Xunit;

namespace EventLoops.Tests.Conformance;

/// <summary>A front server with a reverse proxy mount at <c>/app</c>, a raw listener that plays its origin, and raw peers that play its clients.</summary>
public abstract class ReverseProxyBench(LoopFactory factory) : LoopBench(factory)
{
    /// <summary>Where the origin listens.</summary>
    protected RawListener Origin => field ??= Listen();

    /// <summary>What is spoken on both sides of the proxy.</summary>
    protected string Scheme => Address("http://test").Scheme;

    /// <summary>An origin that is spoken to as the bench speaks.</summary>
    protected MountOrigin OriginAt(string place, ReverseProxyOptions? options = null) =>
        Scheme == "http" ? MountOrigin.Http(place, options) : MountOrigin.Https(place, options);

    /// <summary>The mount point and what is behind it, with options for both.</summary>
    protected LoopContext Proxy(
        string basePath = "", ReverseProxyOptions? options = null, Func<MountOrigin, Mount>? mount = null, OriginPolicy policy = OriginPolicy.Any,
        ConnectionTimeouts? timeouts = null)
    {
        MountOrigin origin = OriginAt(Origin.EndPoint + basePath, options);
        return Serve(
            new VirtualHostOptions
            {
                Endpoints = [new IPEndPoint(IPAddress.Loopback, 0)],
                Protocols = [NewProtocol("zero").On(CallbackReason.Http, (connection, ref _, in _) =>
                {
                    connection.Respond(200, "text/plain", "zero"u8);
                    return CallbackResult.Continue;
                })],
                Origin = policy,
                Mounts = [mount?.Invoke(origin) ?? new Mount { MountPoint = "/app", Origin = origin }],
            },
            timeouts: timeouts);
    }

    /// <summary>Sends a request through the proxy and has the origin accept it.</summary>
    protected (RawPeer Client, RawPeer Server) Begin(LoopContext context, string request, int receiveBuffer = 0)
    {
        RawPeer client = Connect(context, receiveBuffer);
        client.Send(request);
        return (client, Origin.Accept());
    }

    /// <summary>What the client is answered when the origin says this to a GET.</summary>
    protected HttpAnswer Relay(string reply, string method = "GET", bool ends = false, LoopContext? context = null)
    {
        (RawPeer client, RawPeer server) = Begin(context ?? Proxy(), $"{method} /app/x HTTP/1.1\r\nHost: front.test\r\n\r\n");
        server.ReadHead();
        server.Send(reply);
        if (ends) server.EndStream();
        return HttpAnswer.Read(client, hasBody: method != "HEAD");
    }

    /// <summary>The head that the origin gets for this request.</summary>
    protected string Forward(string request, LoopContext? context = null) => Begin(context ?? Proxy(), request).Server.ReadHead();

    /// <summary>The same for a GET with further fields.</summary>
    protected string ForwardGet(string fields, LoopContext? context = null) => Forward($"GET /app/x HTTP/1.1\r\nHost: front.test\r\n{fields}\r\n", context);

    /// <summary>The values of a field, in their order.</summary>
    protected static string[] ValuesOf(string head, string name) =>
        [.. head.Split("\r\n").Where(line => line.StartsWith(name + ": ", StringComparison.OrdinalIgnoreCase)).Select(line => line[(name.Length + 2)..])];

    /// <summary>The names of the fields, sorted.</summary>
    protected static string[] NamesOf(string head) =>
        [.. head.Split("\r\n").Skip(1).Where(line => line.Length > 0).Select(line => line[..line.IndexOf(':', StringComparison.Ordinal)]).Order(StringComparer.Ordinal)];

    /// <summary>Another client is served meanwhile.</summary>
    protected void ServesOthers(LoopContext context)
    {
        RawPeer other = Connect(context);
        other.Send("GET /other HTTP/1.1\r\nHost: test\r\n\r\n");
        Assert.Equal("zero", HttpAnswer.Read(other).Text);
    }
}
