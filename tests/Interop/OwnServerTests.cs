using System.Net;
using System.Net.Sockets;
using Xunit;

namespace EventLoops.Tests.Interop;

/// <summary>Our client against our server.</summary>
public abstract class OwnServerTests(EndPoint endPoint) : ClientTests, IAsyncLifetime
{
    private LoopThread? _server;

    public async ValueTask InitializeAsync() => _server = await LoopThread.StartAsync(endPoint, new InteropProtocol());

    public async ValueTask DisposeAsync()
    {
        GC.SuppressFinalize(this);
        await _server!.DisposeAsync();
    }

    private protected override ClientConnectOptions Options(Conversation user, params Protocol[] protocols) => new()
    {
        Uri = new Uri("ws://localhost/"),
        EndPoint = _server!.EndPoint,
        Protocols = protocols,
        UserData = user,
        ConnectTimeout = Waiting.Limit,
        HandshakeTimeout = Waiting.Limit,
    };
}

public sealed class OwnServerOverIPv4Tests() : OwnServerTests(new IPEndPoint(IPAddress.Loopback, 0));

public sealed class OwnServerOverIPv6Tests() : OwnServerTests(new IPEndPoint(IPAddress.IPv6Loopback, 0));

public sealed class OwnServerOverUnixTests()
    : OwnServerTests(new UnixDomainSocketEndPoint(Path.Combine(Path.GetTempPath(), $"el-{Guid.NewGuid():N}.sock")));
