using System.Text;
using EventLoops.OpenSsl;
using Xunit;

namespace EventLoops.Tests.Unit.Tls;

/// <summary>Whom a client believes, what each option forgives, and whom a server lets in.</summary>
public sealed class TlsVerificationTests : IDisposable
{
    private readonly TestAuthority _authority = new();
    private readonly List<IDisposable> _made = [];

    [Theory]
    [InlineData(TestKey.Ecdsa)]
    [InlineData(TestKey.Rsa)]
    public void A_certificate_of_a_trusted_authority_is_good(TestKey key) => Good(_authority.Server(key, "a.test"), Trusting());

    [Fact]
    public void A_chain_over_an_intermediate_authority_is_good()
    {
        TestAuthority middle = Keep(_authority.Intermediate());
        Good(middle.Server("a.test"), Trusting());
    }

    [Fact]
    public void An_intermediate_authority_may_be_the_one_that_is_trusted()
    {
        TestAuthority middle = Keep(_authority.Intermediate());
        Good(middle.Server("a.test"), new ClientTlsOptions { UseSystemStore = false, CaPem = middle.Pem });
    }

    [Fact]
    public void A_chain_whose_intermediate_is_not_sent_is_refused()
    {
        TestAuthority middle = Keep(_authority.Intermediate());
        IssuedCertificate server = Keep(middle.Server("a.test"));
        Bad("unable to get local issuer certificate", TlsCertificate.FromPem(server.Certificate.ExportCertificatePem(), server.KeyPem), Trusting());
    }

    [Fact]
    public void An_authority_that_nobody_trusts_is_refused_and_not_forgiven_as_self_signed()
    {
        using TestAuthority stranger = new("stranger");
        Bad("unable to get local issuer certificate", stranger.Server("a.test"), new ClientTlsOptions { UseSystemStore = false, CaPem = _authority.Pem, AllowSelfSigned = true });
    }

    [Fact]
    public void Each_thing_that_is_wrong_is_forgiven_by_its_own_option_and_by_no_other()
    {
        (IssuedCertificate Certificate, string Words, int Option)[] wrongs =
        [
            (TestAuthority.SelfSigned(["a.test"]), "self", 0),
            (_authority.Expired("a.test"), "certificate has expired", 1),
            (_authority.NotYetValid("a.test"), "certificate is not yet valid", 1),
            (_authority.Server("b.test"), "hostname mismatch", 2),
        ];
        foreach ((IssuedCertificate certificate, string words, int option) in wrongs)
        {
            Keep(certificate);
            for (int forgiven = 0; forgiven < 3; forgiven++)
            {
                ClientTlsOptions options = Trusting(allowSelfSigned: forgiven == 0, allowExpired: forgiven == 1, allowWrongHost: forgiven == 2);
                if (forgiven == option)
                    Good(certificate, options);
                else
                    Bad(words, certificate.Tls, options);
            }
        }
    }

    [Fact]
    public void Two_things_that_are_wrong_need_both_options()
    {
        IssuedCertificate both = Keep(_authority.Expired("b.test"));
        Bad("hostname mismatch", both.Tls, Trusting(allowExpired: true));
        Bad("certificate has expired", both.Tls, Trusting(allowWrongHost: true));
        Good(both, Trusting(allowExpired: true, allowWrongHost: true));
    }

    [Fact]
    public void A_client_that_does_not_verify_takes_anything() => Good(TestAuthority.SelfSigned(["x.test"]), new ClientTlsOptions { VerifyServer = false });

    [Theory]
    [InlineData("*.a.test", "b.a.test", true)]
    [InlineData("*.a.test", "c.b.a.test", false)]
    [InlineData("b*.a.test", "bc.a.test", false)]
    [InlineData("a.test", "A.TEST", true)]
    [InlineData("a.test", "a.test.", true)]
    [InlineData("127.0.0.1", "127.0.0.1", true)]
    [InlineData("127.0.0.1", "127.0.0.2", false)]
    [InlineData("::1", "::1", true)]
    [InlineData("a.test", "127.0.0.1", false)]
    public void Names_and_addresses_are_matched_as_certificates_mean_them(string certified, string host, bool isGood)
    {
        IssuedCertificate certificate = Keep(_authority.Server(certified));
        using EngineHandshake handshake = Shake(certificate.Tls, Trusting(), host);
        Assert.True(isGood == handshake.HasSucceeded, handshake.Faults);
        if (!isGood)
            Assert.Contains("mismatch", handshake.Client.FaultReason, StringComparison.Ordinal);
    }

    [Fact]
    public void A_name_is_sent_and_an_address_is_not()
    {
        IssuedCertificate certificate = Keep(_authority.Server("a.test", "127.0.0.1"));
        using EngineHandshake byName = Shake(certificate.Tls, Trusting());
        using EngineHandshake byAddress = Shake(certificate.Tls, Trusting(), "127.0.0.1");

        Assert.Equal("a.test", byName.Server.Agreement.ServerName);
        Assert.True(byAddress.HasSucceeded, byAddress.Faults);
        Assert.Null(byAddress.Server.Agreement.ServerName);
    }

    [Fact]
    public void A_client_may_demand_another_name_than_its_address_has()
    {
        IssuedCertificate certificate = Keep(_authority.Server("a.test"));
        ClientTlsOptions options = new() { UseSystemStore = false, CaPem = _authority.Pem, ServerName = "a.test" };
        using EngineHandshake handshake = Shake(certificate.Tls, options, "127.0.0.1");

        Assert.True(handshake.HasSucceeded, handshake.Faults);
        Assert.Equal("a.test", handshake.Server.Agreement.ServerName);
    }

    [Fact]
    public void A_look_of_ones_own_can_turn_a_trusted_server_away_and_cannot_let_another_in()
    {
        int asked = 0;
        string subject = "";
        byte[] seen = [];
        TlsPeerCallback look = (in check) =>
        {
            asked++;
            subject = check.Subject;
            seen = check.Certificate.ToArray();
            return false;
        };
        IssuedCertificate certificate = Keep(_authority.Server("a.test"));
        ClientTlsOptions options = new() { UseSystemStore = false, CaPem = _authority.Pem, VerifyPeer = look };
        Bad("application verification failure", certificate.Tls, options);
        Assert.Equal(1, asked);
        Assert.Equal("CN=a.test", subject);
        Assert.Equal(certificate.Certificate.RawData, seen);

        // Nobody who is not trusted gets as far as the callback, which would have said yes.
        ClientTlsOptions generous = new() { UseSystemStore = false, CaPem = _authority.Pem, VerifyPeer = (in _) => true };
        Bad("hostname mismatch", Keep(_authority.Server("b.test")).Tls, generous);
    }

    [Fact]
    public void A_look_that_throws_counts_as_no()
    {
        ClientTlsOptions options = new() { UseSystemStore = false, CaPem = _authority.Pem, VerifyPeer = (in _) => throw new InvalidOperationException("no") };
        Bad("application verification failure", Keep(_authority.Server("a.test")).Tls, options);
    }

    [Fact]
    public void A_server_asks_for_client_certificates_only_when_it_is_told_to()
    {
        using EngineHandshake handshake = ShakeWithClient(ClientCertificateMode.None, Keep(_authority.Client("device 7")));
        Assert.True(handshake.HasSucceeded, handshake.Faults);
        Assert.Null(handshake.Server.GetPeerCertificate());
    }

    [Theory]
    [InlineData(ClientCertificateMode.Request)]
    [InlineData(ClientCertificateMode.Require)]
    public void A_client_certificate_that_is_good_is_known_to_the_server(ClientCertificateMode mode)
    {
        using EngineHandshake handshake = ShakeWithClient(mode, Keep(_authority.Client("device 7")));
        Assert.True(handshake.HasSucceeded, handshake.Faults);
        Assert.Equal("CN=device 7, O=Example", EngineHandshake.SubjectOf(handshake.Server));
    }

    [Fact]
    public void A_client_without_a_certificate_is_let_in_where_one_is_requested_and_turned_away_where_one_is_required()
    {
        using EngineHandshake requested = ShakeWithClient(ClientCertificateMode.Request, null);
        using EngineHandshake required = ShakeWithClient(ClientCertificateMode.Require, null);

        Assert.True(requested.HasSucceeded, requested.Faults);
        Assert.False(required.HasSucceeded);
        Assert.Contains("peer did not return a certificate", required.Server.FaultReason, StringComparison.Ordinal);
    }

    [Theory]
    [InlineData(ClientCertificateMode.Request)]
    [InlineData(ClientCertificateMode.Require)]
    public void A_client_certificate_that_is_bad_is_turned_away(ClientCertificateMode mode)
    {
        using TestAuthority stranger = new("stranger");
        using EngineHandshake expired = ShakeWithClient(mode, Keep(_authority.ExpiredClient("old")));
        using EngineHandshake unknown = ShakeWithClient(mode, Keep(stranger.Client("stranger")));
        using EngineHandshake forServers = ShakeWithClient(mode, Keep(_authority.Server("a.test")));

        Assert.Equal("certificate has expired", expired.Server.FaultReason);
        Assert.Contains("issuer certificate", unknown.Server.FaultReason, StringComparison.Ordinal);
        Assert.Contains("purpose", forServers.Server.FaultReason, StringComparison.Ordinal);
    }

    [Fact]
    public void A_server_s_own_look_only_tightens_unless_it_may_loosen()
    {
        using TestAuthority stranger = new("stranger");
        IssuedCertificate good = Keep(_authority.Client("device 7"));
        IssuedCertificate unknown = Keep(stranger.Client("device 8"));
        List<string> seen = [];
        TlsPeerCallback yes = (in check) =>
        {
            seen.Add($"{check.Subject} {check.IsTrusted} {check.Reason}");
            return true;
        };

        using EngineHandshake tight = ShakeWithClient(ClientCertificateMode.Require, good, (in _) => false);
        using EngineHandshake stillTight = ShakeWithClient(ClientCertificateMode.Require, unknown, yes);
        using EngineHandshake loose = ShakeWithClient(ClientCertificateMode.Require, unknown, yes, mayLoosen: true);

        Assert.Equal("application verification failure", tight.Server.FaultReason);
        Assert.False(stillTight.HasSucceeded);
        Assert.True(loose.HasSucceeded, loose.Faults);
        Assert.Equal(["CN=device 8,O=Example False unable to get local issuer certificate"], seen);
    }

    public void Dispose()
    {
        _made.ForEach(one => one.Dispose());
        _authority.Dispose();
    }

    private ClientTlsOptions Trusting(bool allowSelfSigned = false, bool allowExpired = false, bool allowWrongHost = false) => new()
    {
        UseSystemStore = false,
        CaPem = _authority.Pem,
        AllowSelfSigned = allowSelfSigned,
        AllowExpired = allowExpired,
        AllowWrongHost = allowWrongHost,
    };

    private void Good(IssuedCertificate certificate, ClientTlsOptions options)
    {
        using EngineHandshake handshake = Shake(Keep(certificate).Tls, options);
        Assert.True(handshake.HasSucceeded, handshake.Faults);
    }

    private void Bad(string words, IssuedCertificate certificate, ClientTlsOptions options) => Bad(words, Keep(certificate).Tls, options);

    private static void Bad(string words, TlsCertificate certificate, ClientTlsOptions options)
    {
        using EngineHandshake handshake = Shake(certificate, options);
        Assert.Equal(ProtocolFault.TlsCertificateRefused, handshake.Client.Fault);
        Assert.Contains(words, handshake.Client.FaultReason, StringComparison.Ordinal);
        Assert.Equal(ProtocolFault.TlsAlert, handshake.Server.Fault);
    }

    private static EngineHandshake Shake(TlsCertificate certificate, ClientTlsOptions options, string host = "a.test")
    {
        using TlsContext server = EngineHandshake.ForServer(new TlsOptions { Certificates = [certificate] });
        using TlsContext client = EngineHandshake.ForClient(options);
        return new EngineHandshake(server, client, host);
    }

    private EngineHandshake ShakeWithClient(ClientCertificateMode mode, IssuedCertificate? certificate, TlsPeerCallback? look = null, bool mayLoosen = false)
    {
        using TlsContext server = EngineHandshake.ForServer(new TlsOptions
        {
            Certificates = [Keep(_authority.Server("a.test")).Tls],
            ClientCertificates = mode,
            ClientCaPem = mode == ClientCertificateMode.None ? null : _authority.Pem,
            VerifyClient = look,
            VerifyClientMayLoosen = mayLoosen,
        });
        using TlsContext client = EngineHandshake.ForClient(new ClientTlsOptions { UseSystemStore = false, CaPem = _authority.Pem, Certificate = certificate?.Tls });
        return new EngineHandshake(server, client);
    }

    private T Keep<T>(T made)
        where T : IDisposable
    {
        _made.Add(made);
        return made;
    }
}
