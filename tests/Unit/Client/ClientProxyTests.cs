using Xunit;

namespace EventLoops.Tests.Client;

/// <summary>Which proxy the environment names for which target, and which targets it excepts.</summary>
public sealed class ClientProxyTests
{
    private static readonly ClientTarget Plain = new(new Uri("http://example.com/"));
    private static readonly ClientTarget Tls = new(new Uri("https://example.com/"));

    [Theory]
    [InlineData("http://example.com/", "http_proxy=http://proxy:3128", "proxy:3128")]
    [InlineData("ws://example.com/", "http_proxy=http://proxy:3128", "proxy:3128")]
    [InlineData("https://example.com/", "https_proxy=http://proxy:3128", "proxy:3128")]
    [InlineData("wss://example.com/", "HTTPS_PROXY=http://proxy:3128", "proxy:3128")]
    [InlineData("https://example.com/", "HTTPS_PROXY=http://capitals;https_proxy=http://small", "small:80")]
    [InlineData("https://example.com/", "HTTPS_PROXY=http://capitals;https_proxy=", "capitals:80")]
    [InlineData("http://example.com/", "https_proxy=http://proxy:3128", null)]
    [InlineData("https://example.com/", "http_proxy=http://proxy:3128", null)]
    [InlineData("http://example.com/", "http_proxy=", null)]
    [InlineData("http://example.com/", "", null)]
    public void The_variable_of_the_scheme_names_the_proxy(string target, string environment, string? expected)
    {
        Assert.True(ClientProxy.TryFind(new ClientTarget(new Uri(target)), In(environment), out ClientProxy? proxy, out string? mistake));

        Assert.Equal(expected, proxy?.Target.Authority);
        Assert.Null(mistake);
    }

    [Fact]
    public void Http_proxy_in_capitals_is_not_read()
    {
        List<string> asked = [];

        Assert.True(ClientProxy.TryFind(Plain, name => { asked.Add(name); return name == "HTTP_PROXY" ? "http://stranger" : null; }, out ClientProxy? proxy, out _));

        Assert.Null(proxy);
        Assert.DoesNotContain("HTTP_PROXY", asked, StringComparer.Ordinal);
    }

    [Theory]
    [InlineData("no_proxy=example.com", false)]
    [InlineData("NO_PROXY=example.com", false)]
    [InlineData("no_proxy=other.test;NO_PROXY=example.com", true)]
    [InlineData("no_proxy=;NO_PROXY=example.com", false)]
    public void No_proxy_is_read_in_small_letters_and_then_in_capitals(string environment, bool isThroughProxy)
    {
        Assert.True(ClientProxy.TryFind(Plain, In("http_proxy=http://proxy;" + environment), out ClientProxy? proxy, out _));

        Assert.Equal(isThroughProxy, proxy is not null);
    }

    [Theory]
    [InlineData("socks5://proxy:1080")]
    [InlineData("https://proxy:3128")]
    [InlineData("http://proxy:3128/path")]
    [InlineData("http://proxy:3128/#part")]
    [InlineData("http://proxy:0")]
    [InlineData("http://proxy:70000")]
    [InlineData("http://")]
    [InlineData("two words")]
    public void A_value_that_is_no_proxy_is_a_mistake_that_names_the_variable(string value)
    {
        Assert.False(ClientProxy.TryFind(Tls, name => name == "https_proxy" ? value : null, out ClientProxy? proxy, out string? mistake));

        Assert.Null(proxy);
        Assert.Equal("https_proxy is not of the form http://[name:password@]host:port", mistake);
    }

    [Fact]
    public void A_target_that_is_excepted_does_not_care_for_a_mistake() =>
        Assert.True(ClientProxy.TryFind(Plain, In("http_proxy=socks5://proxy;no_proxy=*"), out _, out _));

    [Theory]
    [InlineData("proxy", "proxy:80", null)]
    [InlineData("proxy:3128", "proxy:3128", null)]
    [InlineData("http://[::1]:3128/", "[::1]:3128", null)]
    [InlineData("http://me:secret@proxy:3128", "proxy:3128", "Basic bWU6c2VjcmV0")]
    [InlineData("me:a%20secret@proxy:3128", "proxy:3128", "Basic bWU6YSBzZWNyZXQ=")]
    public void A_proxy_is_read_with_and_without_scheme_port_and_credentials(string text, string authority, string? credentials)
    {
        Assert.True(ClientProxy.TryParse(text, out ClientProxy? proxy));

        Assert.Equal((authority, credentials), (proxy.Target.Authority, proxy.Credentials));
    }

    [Theory]
    [InlineData("http://example.com/", "*")]
    [InlineData("http://10.1.2.3/", "*")]
    [InlineData("http://example.com/", "example.com")]
    [InlineData("http://EXAMPLE.com/", "Example.COM")]
    [InlineData("http://www.example.com/", "example.com")]
    [InlineData("http://www.example.com/", ".example.com")]
    [InlineData("http://example.com/", ".example.com")]
    [InlineData("http://example.com/", "example.com.")]
    [InlineData("http://example.com/", "other.test, ,example.com")]
    [InlineData("http://example.com:8080/", "example.com:8080")]
    [InlineData("wss://example.com/", "example.com:443")]
    [InlineData("http://10.1.2.3/", "10.1.2.3")]
    [InlineData("http://10.1.2.3:81/", "10.1.2.3:81")]
    [InlineData("http://10.1.2.3/", "10.0.0.0/8")]
    [InlineData("http://[::1]/", "::1")]
    [InlineData("http://[::1]/", "0:0::1")]
    [InlineData("http://[::1]/", "[::1]")]
    [InlineData("http://[::1]:81/", "[::1]:81")]
    [InlineData("http://[fd00::7]/", "fd00::/8")]
    public void What_no_proxy_lists_is_excepted(string target, string list) =>
        Assert.True(ClientProxy.IsExcepted(new ClientTarget(new Uri(target)), list));

    [Theory]
    [InlineData("http://example.com/", "")]
    [InlineData("http://example.com/", " , ,")]
    [InlineData("http://example.com/", "ample.com")]
    [InlineData("http://example.com/", ".")]
    [InlineData("http://example.com/", "www.example.com")]
    [InlineData("http://example.com/", "example.com:8080")]
    [InlineData("http://example.com:8080/", "example.com:80")]
    [InlineData("http://example.com/", "*.com")]
    [InlineData("http://10.1.2.3/", "10.1.2.30")]
    [InlineData("http://10.1.2.3/", "2.3")]
    [InlineData("http://11.1.2.3/", "10.0.0.0/8")]
    [InlineData("http://10.1.2.3/", "10.1.2.3:81")]
    [InlineData("http://example.com/", "10.0.0.0/8")]
    [InlineData("http://[::1]/", "[::1]:81")]
    [InlineData("http://[::1]/", "[::2]")]
    [InlineData("http://example.com/", "[::1]")]
    [InlineData("http://[fe00::7]/", "fd00::/8")]
    public void What_no_proxy_does_not_list_is_not_excepted(string target, string list) =>
        Assert.False(ClientProxy.IsExcepted(new ClientTarget(new Uri(target)), list));

    /// <summary>An environment of <c>NAME=VALUE</c> with semicolons between.</summary>
    private static Func<string, string?> In(string environment)
    {
        Dictionary<string, string> variables = environment.Split(';', StringSplitOptions.RemoveEmptyEntries)
            .Select(pair => pair.Split('=', 2)).ToDictionary(pair => pair[0], pair => pair[1], StringComparer.Ordinal);
        return name => variables.GetValueOrDefault(name);
    }
}
