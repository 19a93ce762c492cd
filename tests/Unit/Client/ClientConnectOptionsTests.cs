using System.Net;
using System.Net.Sockets;
using Xunit;

namespace EventLoops.Tests.Unit.Client;

/// <summary>What a client cannot be asked for is one exception that names the member and says why.</summary>
public sealed class ClientConnectOptionsTests
{
    private static readonly TestProtocol s_protocol = new();

    /// <summary>By what is wrong: the options, the member that is named, and a part of the sentence.</summary>
    private static readonly Dictionary<string, (ClientConnectOptions Options, string Member, string Says)> s_wrong = new(StringComparer.Ordinal)
    {
        ["a scheme that is not ours"] = (To("ftp://a.test/"), nameof(ClientConnectOptions.Uri), "is not of the form"),
        ["a relative address"] = (new() { Uri = new Uri("/path", UriKind.Relative), Protocols = [s_protocol] }, nameof(ClientConnectOptions.Uri), "is not of the form"),
        ["a path that no request line holds"] = (To("ws://a.test/" + new string('a', 70_000)), nameof(ClientConnectOptions.Uri), "characters"),
        ["a WebSocket with a fragment"] = (To("ws://a.test/path#part"), nameof(ClientConnectOptions.Uri), "RFC 6455 3"),
        ["a WebSocket over TLS with a fragment"] = (To("wss://a.test/#part"), nameof(ClientConnectOptions.Uri), "%23"),
        ["no protocol"] = (new() { Uri = new Uri("ws://a.test/"), Protocols = [] }, nameof(ClientConnectOptions.Protocols), "at least one"),
        ["no redirect and yet a limit of them"] = (new() { Uri = new Uri("http://a.test/"), Protocols = [s_protocol], MaxRedirects = 0 }, nameof(ClientConnectOptions.MaxRedirects), "between 1 and"),
        ["a proxy beside an endpoint"] = (
            new() { Uri = new Uri("ws://a.test/"), Protocols = [s_protocol], Proxy = new Uri("http://b.test:1"), EndPoint = new IPEndPoint(IPAddress.Loopback, 1) },
            nameof(ClientConnectOptions.Proxy), "where to connect to"),
        ["a proxy that is no proxy"] = (new() { Uri = new Uri("ws://a.test/"), Protocols = [s_protocol], Proxy = new Uri("ftp://b.test") }, nameof(ClientConnectOptions.Proxy), "http://"),
        ["a method for a WebSocket"] = (new() { Uri = new Uri("ws://a.test/"), Protocols = [s_protocol], Method = "POST" }, nameof(ClientConnectOptions.Method), "GET"),
        ["a method that is no token"] = (new() { Uri = new Uri("http://a.test/"), Protocols = [s_protocol], Method = "GET /" }, nameof(ClientConnectOptions.Method), "token"),
        ["a tunnel asked for by hand"] = (new() { Uri = new Uri("http://a.test/"), Protocols = [s_protocol], Method = "CONNECT" }, nameof(ClientConnectOptions.Method), "tunnel"),
        ["a body for a WebSocket"] = (new() { Uri = new Uri("ws://a.test/"), Protocols = [s_protocol], Body = new byte[1] }, nameof(ClientConnectOptions.Body), "no body"),
        ["a body given twice"] = (new() { Uri = new Uri("http://a.test/"), Protocols = [s_protocol], Body = new byte[1], BodyLength = 1 }, nameof(ClientConnectOptions.BodyLength), "two ways"),
        ["a negative length"] = (new() { Uri = new Uri("http://a.test/"), Protocols = [s_protocol], BodyLength = -2 }, nameof(ClientConnectOptions.BodyLength), "number of bytes"),
        ["an endpoint of a kind that cannot be connected to"] = (new() { Uri = new Uri("ws://a.test/"), Protocols = [s_protocol], EndPoint = new DnsEndPoint("a.test", 1) }, nameof(ClientConnectOptions.EndPoint), "IPEndPoint"),
        ["two families of addresses"] = (
            new() { Uri = new Uri("ws://a.test/"), Protocols = [s_protocol], EndPoint = new IPEndPoint(IPAddress.Loopback, 1), LocalEndPoint = new IPEndPoint(IPAddress.IPv6Loopback, 0) },
            nameof(ClientConnectOptions.LocalEndPoint), "another address family"),
        ["an interface whose name is too long"] = (new() { Uri = new Uri("ws://a.test/"), Protocols = [s_protocol], Interface = new string('a', 16) }, nameof(ClientConnectOptions.Interface), "1 to 15"),
        ["addresses tried too fast"] = (new() { Uri = new Uri("ws://a.test/"), Protocols = [s_protocol], AddressDelay = TimeSpan.FromMilliseconds(1) }, nameof(ClientConnectOptions.AddressDelay), "RFC 8305 8"),
        ["no time to connect"] = (new() { Uri = new Uri("ws://a.test/"), Protocols = [s_protocol], ConnectTimeout = TimeSpan.Zero }, nameof(ClientConnectOptions.ConnectTimeout), ""),
    };

    public static TheoryData<string> Wrong => [.. s_wrong.Keys];

    [Theory]
    [MemberData(nameof(Wrong))]
    public void A_wrong_option_is_named_with_the_reason(string what)
    {
        (ClientConnectOptions options, string member, string says) = s_wrong[what];

        ArgumentException error = Assert.ThrowsAny<ArgumentException>(options.Validate);

        Assert.Equal(member, error.ParamName);
        Assert.Contains(says, error.Message, StringComparison.Ordinal);
    }

    [Theory]
    [InlineData("ws://a.test")]
    [InlineData("wss://a.test:1/path?query=%23")]
    [InlineData("http://a.test/page#part")]
    [InlineData("https://[::1]/")]
    public void An_address_of_the_four_schemes_can_be_used(string address) => To(address).Validate();

    [Fact]
    public void A_socket_with_a_path_can_be_used_as_endpoint() =>
        new ClientConnectOptions { Uri = new Uri("ws://a.test/"), Protocols = [s_protocol], EndPoint = new UnixDomainSocketEndPoint("/tmp/no-such-socket") }.Validate();

    private static ClientConnectOptions To(string address) => new() { Uri = new Uri(address), Protocols = [s_protocol] };
}
