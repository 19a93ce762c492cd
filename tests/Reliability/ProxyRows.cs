using System.Buffers.Binary;
using System.Net;
using System.Text;
using Xunit;

namespace EventLoops.Tests.Reliability;

/// <summary>X01 to X04: a proxy in front says whom it speaks for, by the PROXY protocol.</summary>
public abstract class ProxyRows : ReliabilityRows
{
    private const string Request = "GET / HTTP/1.1\r\nHost: a\r\n\r\n";
    private const string Line = "PROXY TCP4 192.0.2.1 198.51.100.7 56324 443\r\n";

    private static readonly byte[] s_signature = [0x0D, 0x0A, 0x0D, 0x0A, 0x00, 0x0D, 0x0A, 0x51, 0x55, 0x49, 0x54, 0x0A];
    private static readonly byte[] s_v4 = [192, 0, 2, 1, 198, 51, 100, 7, 0xDC, 0x04, 0x01, 0xBB];

    private readonly List<(string Remote, string Local)> _served = [];

    protected ProxyRows(LoopFactory factory)
        : base(factory)
    {
        ProxyProtocol = new ProxyProtocolOptions { TrustedNetworks = [IPNetwork.Parse("127.0.0.0/8")] };
        Protocol.On(CallbackReason.Http, connection =>
        {
            _served.Add(($"{connection.RemoteEndPoint}", $"{connection.LocalEndPoint}"));
            connection.Respond(200, null, default);
        });
    }

    public static TheoryData<string, ProtocolFault> BadLines => new()
    {
        { "PROXY TCP4 192.0.2.1 198.51.100.7 56324 443" + new string(' ', 80) + "\r\n", ProtocolFault.ProxyHeaderTooLong },
        { "PROXY UNKNOWN " + new string('x', 93), ProtocolFault.ProxyHeaderTooLong },
        { "PROXY TCP5 192.0.2.1 198.51.100.7 56324 443\r\n", ProtocolFault.ProxyFamilyInvalid },
        { "PROXY tcp4 192.0.2.1 198.51.100.7 56324 443\r\n", ProtocolFault.ProxyFamilyInvalid },
        { "PROXY \r\n", ProtocolFault.ProxyFamilyInvalid },
        { "PROXY  TCP4 192.0.2.1 198.51.100.7 56324 443\r\n", ProtocolFault.ProxyFamilyInvalid },
        { "PROXY TCP4 192.0.2.256 198.51.100.7 56324 443\r\n", ProtocolFault.ProxyAddressInvalid },
        { "PROXY TCP4 192.0.2 198.51.100.7 56324 443\r\n", ProtocolFault.ProxyAddressInvalid },
        { "PROXY TCP4 192.0.02.1 198.51.100.7 56324 443\r\n", ProtocolFault.ProxyAddressInvalid },
        { "PROXY TCP4 0xC0.0.2.1 198.51.100.7 56324 443\r\n", ProtocolFault.ProxyAddressInvalid },
        { "PROXY TCP4 2001:db8::1 198.51.100.7 56324 443\r\n", ProtocolFault.ProxyAddressInvalid },
        { "PROXY TCP6 192.0.2.1 198.51.100.7 56324 443\r\n", ProtocolFault.ProxyAddressInvalid },
        { "PROXY TCP6 2001:db8::1%1 2001:db8::2 56324 443\r\n", ProtocolFault.ProxyAddressInvalid },
        { "PROXY TCP6 [2001:db8::1] 2001:db8::2 56324 443\r\n", ProtocolFault.ProxyAddressInvalid },
        { "PROXY TCP4 192.0.2.1 198.51.100.7 65536 443\r\n", ProtocolFault.ProxyAddressInvalid },
        { "PROXY TCP4 192.0.2.1 198.51.100.7 56324 -1\r\n", ProtocolFault.ProxyAddressInvalid },
        { "PROXY TCP4 192.0.2.1 198.51.100.7 056324 443\r\n", ProtocolFault.ProxyAddressInvalid },
        { "PROXY TCP4 192.0.2.1 198.51.100.7 56324\r\n", ProtocolFault.ProxyAddressInvalid },
        { "PROXY TCP4 192.0.2.1 198.51.100.7 56324 443 1\r\n", ProtocolFault.ProxyAddressInvalid },
        { "PROXY TCP4 192.0.2.1 198.51.100.7 56324 443 \r\n", ProtocolFault.ProxyAddressInvalid },
        { "PROXY TCP4 192.0.2.1 198.51.100.7 56324  443\r\n", ProtocolFault.ProxyAddressInvalid },
        { "PROXY TCP4 192.0.2.1\n198.51.100.7 56324 443\r\n", ProtocolFault.ProxyAddressInvalid },
    };

    public static TheoryData<byte[], ProtocolFault> BadBlocks => new()
    {
        { Block(0x31, 0x11, s_v4), ProtocolFault.ProxyVersionUnknown },
        { Block(0x11, 0x11, s_v4), ProtocolFault.ProxyVersionUnknown },
        { Block(0x22, 0x11, s_v4), ProtocolFault.ProxyCommandUnknown },
        { Block(0x21, 0x12, s_v4), ProtocolFault.ProxyFamilyInvalid },
        { Block(0x21, 0x41, s_v4), ProtocolFault.ProxyFamilyInvalid },
        { Block(0x21, 0x10, s_v4), ProtocolFault.ProxyFamilyInvalid },
        { Block(0x21, 0x11, s_v4[..11]), ProtocolFault.ProxyAddressInvalid },
        { Block(0x21, 0x21, new byte[35]), ProtocolFault.ProxyAddressInvalid },
        { Block(0x21, 0x31, new byte[215]), ProtocolFault.ProxyAddressInvalid },
        { [.. s_signature, 0x21, 0x11, 0x08, 0x01], ProtocolFault.ProxyHeaderTooLong },
        { [.. s_signature, 0x20, 0x00, 0xFF, 0xFF], ProtocolFault.ProxyHeaderTooLong },
        { Block(0x21, 0x11, [.. s_v4, 0x04]), ProtocolFault.ProxyExtensionMalformed },
        { Block(0x21, 0x11, [.. s_v4, 0x04, 0x00, 0x02, 0x00]), ProtocolFault.ProxyExtensionMalformed },
        { Block(0x21, 0x00, [0x04, 0xFF, 0xFF]), ProtocolFault.ProxyExtensionMalformed },
    };

    [Fact]
    public void X01_a_header_from_a_source_that_is_not_listed_is_not_even_read()
    {
        ProxyProtocol = new ProxyProtocolOptions { TrustedNetworks = [IPNetwork.Parse("192.0.2.0/24"), IPNetwork.Parse("::/0")] };
        RawPeer peer = Connect();
        peer.Send(Line + Request);

        peer.WaitUntil(() => peer.IsOver);

        Assert.Equal(0, peer.Received.Length);
        Assert.Equal(0, CountOf(CallbackReason.ServerNewClientInstantiated));
        Assert.Equal(1, Context.Statistics.TurnedAway);
        Assert.Equal(1, Log.CountContaining("none of the trusted proxies"));
    }

    [Theory]
    [InlineData("GET / HTTP/1.1\r\nHost: a\r\n\r\n")]
    [InlineData("PROXX TCP4")]
    [InlineData("PROXY")]
    [InlineData("\r\n\r\nGET / HTTP/1.1\r\n")]
    [InlineData("\u0016\u0003\u0001")]
    public void X01_a_listed_source_without_a_header_is_dropped(string words)
    {
        RawPeer peer = Connect();
        peer.Send(words);
        if (words == "PROXY") peer.Send("X");

        AssertDropped(peer, ProtocolFault.ProxyHeaderMissing);
    }

    [Theory]
    [MemberData(nameof(BadLines))]
    public void X02_a_line_that_is_malformed_is_dropped(string line, ProtocolFault fault)
    {
        RawPeer peer = Connect();
        peer.Send(line + Request);

        AssertDropped(peer, fault);
    }

    [Theory]
    [MemberData(nameof(BadBlocks))]
    public void X03_a_block_that_is_malformed_is_dropped(byte[] block, ProtocolFault fault)
    {
        RawPeer peer = Connect();
        peer.Send(block);
        peer.Send(Request);

        AssertDropped(peer, fault);
    }

    [Theory]
    [InlineData("PROXY UNKNOWN\r\n")]
    [InlineData("PROXY UNKNOWN ff:ff whatever it is\r\n")]
    [InlineData("20 00")]
    [InlineData("20 FF 01 02 03")]
    [InlineData("20 11 C0 00 02 01 C6 33 64 07 DC 04 01 BB")]
    [InlineData("21 00")]
    [InlineData("21 00 04 00 01 00")]
    public void X03_a_proxy_that_speaks_for_itself_or_for_nobody_keeps_the_sockets_addresses(string header)
    {
        RawPeer peer = Connect();
        peer.Send(header.StartsWith("PROXY", StringComparison.Ordinal)
            ? Encoding.ASCII.GetBytes(header)
            : Block(Convert.FromHexString(header.Replace(" ", "", StringComparison.Ordinal))));
        peer.Send(Request);

        Assert.StartsWith("HTTP/1.1 200 ", peer.ReadHead(), StringComparison.Ordinal);
        (string remote, string local) = Assert.Single(_served);
        Assert.StartsWith("127.0.0.1:", remote, StringComparison.Ordinal);
        Assert.Equal($"{EndPoint}", local);
    }

    [Theory]
    [InlineData(0)]
    [InlineData(1)]
    [InlineData(2)]
    [InlineData(3)]
    public void X04_a_header_is_understood_wherever_it_is_cut(int kind)
    {
        (byte[] header, string remote, string local) = kind switch
        {
            0 => (Encoding.ASCII.GetBytes(Line), "192.0.2.1:56324", "198.51.100.7:443"),
            1 => (Encoding.ASCII.GetBytes("PROXY TCP6 2001:db8::1 ::ffff:192.0.2.9 0 65535\r\n"), "[2001:db8::1]:0", "[::ffff:192.0.2.9]:65535"),
            2 => (Block(0x21, 0x11, [.. s_v4, 0x03, 0, 4, 1, 2, 3, 4, 0x04, 0, 0]), "192.0.2.1:56324", "198.51.100.7:443"),
            _ => (Block(0x21, 0x31, [.. Path("/run/client"), .. Path("\0name")]), "/run/client", "@name"),
        };
        byte[] all = [.. header, .. Encoding.ASCII.GetBytes(Request)];
        for (int cut = 0; cut <= header.Length; cut++)
        {
            RawPeer peer = Connect();
            peer.Send(all.AsSpan(0, cut));
            Harness.Settle();
            Assert.Equal(cut, _served.Count);

            peer.Send(all.AsSpan(cut));

            Assert.StartsWith("HTTP/1.1 200 ", peer.ReadHead(), StringComparison.Ordinal);
            Assert.Equal((remote, local), _served[^1]);
            peer.Close();
        }
    }

    [Fact]
    public void X04_a_header_that_comes_byte_by_byte_is_understood()
    {
        RawPeer peer = Connect();
        foreach (byte one in Encoding.ASCII.GetBytes(Line + Request))
        {
            peer.Send([one]);
            Harness.Settle();
        }

        Assert.StartsWith("HTTP/1.1 200 ", peer.ReadHead(), StringComparison.Ordinal);
        Assert.Equal("192.0.2.1:56324", Assert.Single(_served).Remote);
    }

    [Fact]
    public void X04_a_second_header_is_a_bad_request()
    {
        RawPeer peer = Connect();
        peer.Send(Line + Line + Request);

        Assert.StartsWith("HTTP/1.1 400 ", peer.ReadToEnd(), StringComparison.Ordinal);
        Assert.Empty(_served);
    }

    [Fact]
    public void X04_a_header_that_does_not_come_to_its_end_is_dropped_in_time()
    {
        RawPeer peer = Connect();
        peer.Send(Line[..20]);
        Advance(Timeouts.FirstByte * 0.6);
        peer.Send(Line[20..21]);

        Advance(Timeouts.FirstByte * 0.6);

        peer.WaitUntil(() => peer.IsOver);
        Assert.Equal(0, peer.Received.Length);
    }

    [Fact]
    public void X04_a_client_behind_a_proxy_counts_by_its_own_address()
    {
        MaxConnectionsPerAddress = 1;
        RawPeer first = Connect();
        first.Send(Line + Request);
        Assert.StartsWith("HTTP/1.1 200 ", first.ReadHead(), StringComparison.Ordinal);
        RawPeer other = Connect();
        other.Send(Line.Replace("192.0.2.1", "192.0.2.2", StringComparison.Ordinal) + Request);
        Assert.StartsWith("HTTP/1.1 200 ", other.ReadHead(), StringComparison.Ordinal);

        RawPeer second = Connect();
        second.Send(Line + Request);

        second.WaitUntil(() => second.IsOver);
        Assert.Equal(0, second.Received.Length);
        Assert.Equal(2, _served.Count);
    }

    [Fact]
    public void X04_a_WebSocket_has_the_address_of_its_client()
    {
        RawPeer peer = Connect();
        peer.Send(Line);
        peer.Upgrade();
        AssertEchoes(peer);

        Assert.Equal("192.0.2.1:56324", $"{Opened!.RemoteEndPoint}");
    }

    private void AssertDropped(RawPeer peer, ProtocolFault fault)
    {
        peer.WaitUntil(() => peer.IsOver);
        Assert.Equal(0, peer.Received.Length);
        Harness.RunUntil(() => CountOf(CallbackReason.WsiDestroy) == 1);
        Assert.Equal(1, Log.CountContaining(fault.Describe()));
        Assert.Equal(1, Context.Statistics.Refused);
        Assert.Empty(_served);
    }

    private static byte[] Block(byte versionAndCommand, byte family, byte[] rest) => Block([versionAndCommand, family, .. rest]);

    /// <summary>A block of version 2: the two bytes behind the signature, then the rest, whose length is put between.</summary>
    private static byte[] Block(byte[] parts)
    {
        byte[] length = new byte[2];
        BinaryPrimitives.WriteUInt16BigEndian(length, (ushort)(parts.Length - 2));
        return [.. s_signature, .. parts[..2], .. length, .. parts[2..]];
    }

    private static byte[] Path(string text)
    {
        byte[] path = new byte[108];
        Encoding.ASCII.GetBytes(text, path);
        return path;
    }
}
