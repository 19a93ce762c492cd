using System.Text;
using EventLoops.Protocols.WebSocket;
using Xunit;

namespace EventLoops.Tests.WebSocket;

public sealed class WebSocketHandshakeTests
{
    [Fact]
    public void The_example_of_RFC_6455_has_its_answer()
    {
        byte[] accept = new byte[WebSocketHandshake.AcceptLength];

        WebSocketHandshake.ComputeAccept("dGhlIHNhbXBsZSBub25jZQ=="u8, accept);

        Assert.Equal("s3pPLMBiTxaQ9kYGzzhZRbK+xOo=", Encoding.ASCII.GetString(accept));
    }

    [Fact]
    public void A_new_key_is_valid_and_never_the_same()
    {
        byte[] one = new byte[WebSocketHandshake.KeyLength];
        byte[] other = new byte[WebSocketHandshake.KeyLength];

        WebSocketHandshake.CreateKey(one);
        WebSocketHandshake.CreateKey(other);

        Assert.True(WebSocketHandshake.IsValidKey(one));
        Assert.Equal(16, Convert.FromBase64String(Encoding.ASCII.GetString(one)).Length);
        Assert.NotEqual(one, other);
    }

    [Theory]
    [InlineData("dGhlIHNhbXBsZSBub25jZQ==", true)]
    [InlineData("AAAAAAAAAAAAAAAAAAAAAA==", true)]
    [InlineData("+/+/+/+/+/+/+/+/+/+/+w==", true)]
    [InlineData("", false)]
    [InlineData("dGhlIHNhbXBsZSBub25jZQ", false)]
    [InlineData("dGhlIHNhbXBsZSBub25jZQ=", false)]
    [InlineData("dGhlIHNhbXBsZSBub25jZQ===", false)]
    [InlineData("dGhlIHNhbXBsZSBub25jZR==", false)]
    [InlineData("dGhlIHNhbXBsZSBub25jZSE=", false)]
    [InlineData("dGhlIHNhbXBsZSBub25jZSEh", false)]
    [InlineData("dGhlIHNhbXBsZSBu 25jZQ==", false)]
    [InlineData("dGhlIHNhbXBsZSBu-_5jZQ==", false)]
    [InlineData("dGhlIHNhbX=sZSBub25jZQ==", false)]
    public void U03_A_key_is_sixteen_bytes_in_canonical_base64(string key, bool valid) =>
        Assert.Equal(valid, WebSocketHandshake.IsValidKey(Encoding.Latin1.GetBytes(key)));

    [Fact]
    public void An_answer_allocates_nothing()
    {
        byte[] key = new byte[WebSocketHandshake.KeyLength];
        byte[] accept = new byte[WebSocketHandshake.AcceptLength];
        bool valid = false;

        long allocated = Allocation.Of(() =>
        {
            WebSocketHandshake.CreateKey(key);
            valid = WebSocketHandshake.IsValidKey(key);
            WebSocketHandshake.ComputeAccept(key, accept);
        });

        Assert.Equal(0, allocated);
        Assert.True(valid);
    }

    [Fact]
    public void A_key_or_an_answer_of_the_wrong_size_is_the_callers_mistake()
    {
        Assert.Throws<ArgumentException>("key", () => WebSocketHandshake.ComputeAccept(new byte[23], new byte[28]));
        Assert.Throws<ArgumentException>("accept", () => WebSocketHandshake.ComputeAccept(new byte[24], new byte[27]));
        Assert.Throws<ArgumentException>("key", () => WebSocketHandshake.CreateKey(new byte[23]));
    }
}
