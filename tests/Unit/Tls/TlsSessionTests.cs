using EventLoops.OpenSsl;
using Xunit;

namespace EventLoops.Tests.Unit.Tls;

/// <summary>Coming back without a full handshake, and not to another host than before; and what the name that a client asks for decides.</summary>
public sealed class TlsSessionTests : IDisposable
{
    private readonly TestAuthority _authority = new();
    private readonly IssuedCertificate _a;
    private readonly IssuedCertificate _b;

    public TlsSessionTests()
    {
        _a = _authority.Server("a.test");
        _b = _authority.Server("b.test");
    }

    [Theory]
    [InlineData(TlsVersion.Tls12, true)]
    [InlineData(TlsVersion.Tls12, false)]
    [InlineData(TlsVersion.Tls13, true)]
    [InlineData(TlsVersion.Tls13, false)]
    public void A_client_comes_back_by_ticket_or_by_number(TlsVersion version, bool tickets)
    {
        using TlsContext server = EngineHandshake.ForServer(new TlsOptions { Certificates = [_a.Tls], MaxVersion = version, SessionTickets = tickets });
        using TlsContext client = EngineHandshake.ForClient(Trusting());
        AssertResumed(server, client, false, true, true, true);
    }

    [Theory]
    [InlineData(TlsVersion.Tls12)]
    [InlineData(TlsVersion.Tls13)]
    public void A_server_without_tickets_and_numbers_does_not_know_anybody_again(TlsVersion version)
    {
        using TlsContext server = EngineHandshake.ForServer(new TlsOptions { Certificates = [_a.Tls], MaxVersion = version, SessionTickets = false, SessionCacheSize = 0 });
        using TlsContext client = EngineHandshake.ForClient(Trusting());
        AssertResumed(server, client, false, false);
    }

    [Theory]
    [InlineData(TlsVersion.Tls12)]
    [InlineData(TlsVersion.Tls13)]
    public void Keys_of_tickets_are_made_anew_every_day_and_an_older_ticket_costs_one_full_handshake(TlsVersion version)
    {
        using TlsContext server = EngineHandshake.ForServer(new TlsOptions { Certificates = [_a.Tls], MaxVersion = version, SessionLifetime = TimeSpan.FromDays(7) });
        using TlsContext client = EngineHandshake.ForClient(Trusting());
        const long Day = TlsContext.TicketKeyLifetime;
        List<bool> resumed = [];
        foreach (long now in (long[])[5, Day - 5, Day + 4, Day + 6, Day + 7, (2 * Day) + 5, (2 * Day) + 6, (2 * Day) + 7])
        {
            using EngineHandshake handshake = new(server, client, now: now);
            Assert.True(handshake.HasSucceeded, handshake.Faults);
            resumed.Add(handshake.Client.Agreement.IsResumed);
        }

        Assert.Equal([false, true, true, false, true, true, false, true], resumed);
    }

    [Fact]
    public void A_client_that_keeps_no_sessions_begins_anew()
    {
        using TlsContext server = EngineHandshake.ForServer(new TlsOptions { Certificates = [_a.Tls] });
        using TlsContext client = EngineHandshake.ForClient(new ClientTlsOptions { UseSystemStore = false, CaPem = _authority.Pem, SessionCacheSize = 0 });
        AssertResumed(server, client, false, false);
    }

    [Fact]
    public void A_client_remembers_no_more_servers_than_it_may()
    {
        using TlsContext server = EngineHandshake.ForServer(new TlsOptions { Certificates = [_a.Tls] });
        using TlsContext client = EngineHandshake.ForClient(new ClientTlsOptions { VerifyServer = false, SessionCacheSize = 2 });
        foreach (string host in (string[])["1.test", "2.test", "3.test"])
        {
            using EngineHandshake handshake = new(server, client, host);
            Assert.True(handshake.HasSucceeded, handshake.Faults);
        }

        Assert.Equal(2, TlsCallbacks.PolicyOf(client.SslContext)!.Sessions!.Count);
        using EngineHandshake forgotten = new(server, client, "1.test");
        using EngineHandshake known = new(server, client, "3.test");
        Assert.False(forgotten.Client.Agreement.IsResumed);
        Assert.True(known.Client.Agreement.IsResumed);
    }

    [Fact]
    public void The_name_that_a_client_asks_for_decides_which_certificate_it_is_shown()
    {
        using TlsContext a = EngineHandshake.ForServer(new TlsOptions { Certificates = [_a.Tls] });
        using TlsContext b = EngineHandshake.ForServer(new TlsOptions { Certificates = [_b.Tls] });
        using TlsContext client = EngineHandshake.ForClient(Trusting());
        using EngineHandshake toA = new(a, client, "a.test", new Names(b));
        using EngineHandshake toB = new(a, client, "b.test", new Names(b));

        Assert.True(toA.HasSucceeded, toA.Faults);
        Assert.True(toB.HasSucceeded, toB.Faults);
        Assert.Equal("CN=a.test", EngineHandshake.SubjectOf(toA.Client));
        Assert.Equal("CN=b.test", EngineHandshake.SubjectOf(toB.Client));
    }

    [Fact]
    public void Whom_a_name_leads_to_another_host_gets_everything_that_this_host_demands()
    {
        using TlsContext a = EngineHandshake.ForServer(new TlsOptions { Certificates = [_a.Tls] });
        using TlsContext b = EngineHandshake.ForServer(new TlsOptions
        {
            Certificates = [_b.Tls],
            MaxVersion = TlsVersion.Tls12,
            CipherList = "ECDHE-ECDSA-CHACHA20-POLY1305",
            AlpnProtocols = ["mine"],
            ClientCertificates = ClientCertificateMode.Request,
            ClientCaPem = _authority.Pem,
        });
        using IssuedCertificate device = _authority.Client("device 7");
        using TlsContext client = EngineHandshake.ForClient(new ClientTlsOptions
        {
            UseSystemStore = false,
            CaPem = _authority.Pem,
            Certificate = device.Tls,
            AlpnProtocols = ["http/1.1", "mine"],
        });
        using EngineHandshake handshake = new(a, client, "b.test", new Names(b));

        Assert.True(handshake.HasSucceeded, handshake.Faults);
        TlsAgreement agreed = handshake.Client.Agreement;
        Assert.Equal(("TLSv1.2", "ECDHE-ECDSA-CHACHA20-POLY1305", "mine"), (agreed.Version, agreed.CipherSuite, agreed.ApplicationProtocol));
        Assert.Equal("CN=device 7, O=Example", EngineHandshake.SubjectOf(handshake.Server));
    }

    [Theory]
    [InlineData(TlsVersion.Tls12)]
    [InlineData(TlsVersion.Tls13)]
    public void A_session_of_one_host_opens_no_door_of_another(TlsVersion version)
    {
        // The host without client certificates came first, so its keys make the tickets; a ticket from there must not be worth a certificate here.
        using TlsContext a = EngineHandshake.ForServer(new TlsOptions { Certificates = [_a.Tls], MaxVersion = version });
        using TlsContext b = EngineHandshake.ForServer(new TlsOptions
        {
            Certificates = [_b.Tls],
            MaxVersion = version,
            ClientCertificates = ClientCertificateMode.Require,
            ClientCaPem = _authority.Pem,
        });

        // One key for all names: the client whose session is offered to the wrong host.
        using TlsContext client = EngineHandshake.ForClient(new ClientTlsOptions { VerifyServer = false });
        TlsSessionCache sessions = TlsCallbacks.PolicyOf(client.SslContext)!.Sessions!;
        using (EngineHandshake toA = new(a, client, "a.test", new Names(b)))
            Assert.True(toA.HasSucceeded, toA.Faults);

        nint session = sessions.Take("a.test a.test:443");
        Assert.NotEqual(0, session);
        sessions.Put("b.test b.test:443", session);
        using EngineHandshake toB = new(a, client, "b.test", new Names(b));
        Assert.False(toB.HasSucceeded);
        Assert.Contains("peer did not return a certificate", toB.Server.FaultReason, StringComparison.Ordinal);
    }

    [Fact]
    public void The_server_s_order_decides_about_protocols_and_a_client_without_a_common_one_is_refused()
    {
        using TlsContext server = EngineHandshake.ForServer(new TlsOptions { Certificates = [_a.Tls], AlpnProtocols = ["http/1.1", "second"] });
        Assert.Equal("http/1.1", Offering("second", "http/1.1").Client.Agreement.ApplicationProtocol);
        Assert.Equal("second", Offering("h2", "second").Client.Agreement.ApplicationProtocol);
        Assert.Null(Offering().Client.Agreement.ApplicationProtocol);

        EngineHandshake refused = Offering("h2", "http/1.10");
        Assert.Equal(ProtocolFault.TlsAlert, refused.Client.Fault);
        Assert.Contains("no application protocol", refused.Client.FaultReason, StringComparison.Ordinal);

        EngineHandshake Offering(params string[] protocols)
        {
            using TlsContext client = EngineHandshake.ForClient(new ClientTlsOptions { UseSystemStore = false, CaPem = _authority.Pem, AlpnProtocols = protocols });
            return new EngineHandshake(server, client);
        }
    }

    [Fact]
    public void A_server_takes_no_part_in_choosing_protocols_when_it_has_none()
    {
        using TlsContext server = EngineHandshake.ForServer(new TlsOptions { Certificates = [_a.Tls], AlpnProtocols = [] });
        using TlsContext client = EngineHandshake.ForClient(new ClientTlsOptions { UseSystemStore = false, CaPem = _authority.Pem, AlpnProtocols = ["h2"] });
        using EngineHandshake handshake = new(server, client);

        Assert.True(handshake.HasSucceeded, handshake.Faults);
        Assert.Null(handshake.Client.Agreement.ApplicationProtocol);
    }

    [Fact]
    public void A_server_with_two_kinds_of_keys_serves_each_client_with_what_it_knows()
    {
        using IssuedCertificate rsa = _authority.Server(TestKey.Rsa, "a.test");
        using TlsContext server = EngineHandshake.ForServer(new TlsOptions { Certificates = [_a.Tls, rsa.Tls], MaxVersion = TlsVersion.Tls12 });
        Assert.StartsWith("ECDHE-ECDSA-", With("ECDHE-ECDSA-AES128-GCM-SHA256"), StringComparison.Ordinal);
        Assert.StartsWith("ECDHE-RSA-", With("ECDHE-RSA-AES128-GCM-SHA256"), StringComparison.Ordinal);

        string With(string suites)
        {
            using TlsContext client = EngineHandshake.ForClient(new ClientTlsOptions { UseSystemStore = false, CaPem = _authority.Pem, CipherList = suites });
            using EngineHandshake handshake = new(server, client);
            Assert.True(handshake.HasSucceeded, handshake.Faults);
            return handshake.Client.Agreement.CipherSuite;
        }
    }

    [Theory]
    [InlineData("", "")]
    [InlineData("00", "")]
    [InlineData("0004000001", "")]
    [InlineData("0006000003612E62", "a.b")]
    [InlineData("0006010003612E62", "")]
    [InlineData("0006000004612E62", "")]
    public void The_name_in_a_client_s_first_message_is_found_or_left(string extension, string name) =>
        Assert.Equal(name, System.Text.Encoding.ASCII.GetString(TlsCallbacks.NameIn(Convert.FromHexString(extension))));

    public void Dispose()
    {
        _a.Dispose();
        _b.Dispose();
        _authority.Dispose();
    }

    private static void AssertResumed(TlsContext server, TlsContext client, params bool[] expected)
    {
        foreach (bool isResumed in expected)
        {
            using EngineHandshake handshake = new(server, client);
            Assert.True(handshake.HasSucceeded, handshake.Faults);
            Assert.Equal(isResumed, handshake.Client.Agreement.IsResumed);
            Assert.Equal(isResumed, handshake.Server.Agreement.IsResumed);
        }
    }

    private ClientTlsOptions Trusting() => new() { UseSystemStore = false, CaPem = _authority.Pem };

    private sealed class Names(TlsContext b) : TlsContext.IServerNames
    {
        public TlsContext? Choose(ReadOnlySpan<byte> serverName) => serverName.SequenceEqual("b.test"u8) ? b : null;
    }
}
