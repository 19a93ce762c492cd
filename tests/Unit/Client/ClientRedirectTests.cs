using System.Text;
using Xunit;

namespace EventLoops.Tests.Client;

/// <summary>Where a redirect leads, what is asked there, and which fields go along (RFC 9110 15.4).</summary>
public sealed class ClientRedirectTests
{
    [Theory]
    [InlineData("https://a.test/", "http://a.test/")]
    [InlineData("https://a.test/", "http://b.test:443/")]
    [InlineData("wss://a.test/", "ws://a.test/")]
    [InlineData("wss://a.test/", "http://a.test/")]
    public void From_TLS_to_none_is_never_followed(string from, string location) =>
        Assert.Equal(ProtocolFault.RedirectToPlain, Resolve(from, location, out _));

    [Theory]
    [InlineData("https://a.test/", "https://b.test/x", "https://b.test/x")]
    [InlineData("https://a.test/old/page?q", "new", "https://a.test/old/new")]
    [InlineData("https://a.test/", "//b.test/x", "https://b.test/x")]
    [InlineData("http://a.test/", "https://a.test/", "https://a.test/")]
    [InlineData("http://a.test:8080/old", "/new?q=1", "http://a.test:8080/new?q=1")]
    [InlineData("wss://a.test/", "https://b.test/", "wss://b.test/")]
    [InlineData("wss://a.test/", "https://b.test:8443/", "wss://b.test:8443/")]
    [InlineData("ws://a.test/", "http://b.test/", "ws://b.test/")]
    [InlineData("ws://a.test/", "https://b.test/", "wss://b.test/")]
    [InlineData("ws://a.test/chat", "/other", "ws://a.test/other")]
    public void Other_redirects_lead_where_they_say(string from, string location, string to)
    {
        Assert.Equal(ProtocolFault.None, Resolve(from, location, out ClientTarget? target));

        Assert.Equal(new Uri(to), target!.Uri);
    }

    [Theory]
    [InlineData("http://a.test/", "")]
    [InlineData("http://a.test/", "ws://a.test/")]
    [InlineData("http://a.test/", "ftp://a.test/")]
    [InlineData("http://a.test/", "file:///etc/passwd")]
    [InlineData("http://a.test/", "javascript:alert(1)")]
    [InlineData("http://a.test/", "http://b.test:0/")]
    [InlineData("http://a.test/", "http://b.test:70000/")]
    [InlineData("http://a.test/", "http:///x")]
    [InlineData("ws://a.test/", "ftp://a.test/")]
    public void A_redirect_that_leads_nowhere_is_a_fault(string from, string location) =>
        Assert.Equal(ProtocolFault.InvalidRedirect, Resolve(from, location, out _));

    [Fact]
    public void A_redirect_to_more_than_is_ever_asked_for_is_a_fault()
    {
        Assert.Equal(ProtocolFault.None, Resolve("http://a.test/", "/" + new string('x', ClientTarget.MaxLength - 1), out _));
        Assert.Equal(ProtocolFault.InvalidRedirect, Resolve("http://a.test/", "/" + new string('x', ClientTarget.MaxLength), out _));
    }

    [Theory]
    [InlineData(301, "POST", "GET", false)]
    [InlineData(302, "POST", "GET", false)]
    [InlineData(303, "POST", "GET", false)]
    [InlineData(307, "POST", "POST", true)]
    [InlineData(308, "POST", "POST", true)]
    [InlineData(301, "PUT", "PUT", true)]
    [InlineData(302, "HEAD", "HEAD", true)]
    [InlineData(303, "PUT", "GET", false)]
    [InlineData(303, "HEAD", "HEAD", false)]
    [InlineData(303, "GET", "GET", false)]
    public void The_status_decides_on_the_method_and_the_body(int status, string method, string next, bool keepsBody) =>
        Assert.Equal((next, keepsBody), (ClientRedirect.MethodAfter(status, method), ClientRedirect.KeepsBody(status, method)));

    [Theory]
    [InlineData(true, true, "Authorization,Cookie,X-Key,accept,Content-Type")]
    [InlineData(true, false, "Authorization,Cookie,X-Key,accept")]
    [InlineData(false, true, "accept,Content-Type")]
    [InlineData(false, false, "accept")]
    public void To_another_origin_only_harmless_fields_go_along(bool isFirstOrigin, bool hasBody, string expected)
    {
        HttpField[] fields = [new("Authorization", "Basic eDp5"), new("Cookie", "a=b"), new("X-Key", "1"), new("accept", "*/*"), new("Content-Type", "text/plain")];

        Assert.Equal(expected, string.Join(',', ClientRedirect.FieldsFor(fields, isFirstOrigin, hasBody).Select(field => field.Name)));
    }

    private static ProtocolFault Resolve(string from, string location, out ClientTarget? to) =>
        ClientRedirect.Resolve(new ClientTarget(new Uri(from)), Encoding.UTF8.GetBytes(location), out to);
}
