using System.Security.Cryptography.X509Certificates;
using EventLoops.OpenSsl;
using Microsoft.Extensions.Logging.Abstractions;
using Xunit;

namespace EventLoops.Tests.Unit.Tls;

/// <summary>What cannot be used is one exception that names the member and says why.</summary>
public sealed class TlsOptionsTests : IDisposable
{
    private readonly TestAuthority _authority = new();
    private readonly SiteFolder _folder = new();
    private readonly IssuedCertificate _certificate;

    public TlsOptionsTests() => _certificate = _authority.Server("a.test");

    private IReadOnlyList<TlsCertificate> Good => [_certificate.Tls];

    [Fact]
    public void What_is_left_as_it_is_can_be_used()
    {
        using TlsContext server = EngineHandshake.ForServer(new TlsOptions { Certificates = Good });
        using TlsContext client = EngineHandshake.ForClient(new ClientTlsOptions());

        Assert.True(server.IsServer);
        Assert.False(client.IsServer);
    }

    [Fact]
    public void A_cipher_list_of_which_nothing_is_known_is_named() =>
        Refused(nameof(TlsOptions.CipherList), "no cipher match", new TlsOptions { Certificates = Good, CipherList = "RC4-MD5:NONSENSE" });

    [Fact]
    public void The_list_of_the_original_is_taken_for_what_is_left_of_it()
    {
        TlsOptions options = new() { Certificates = Good, CipherList = "RC4-MD5:RC4-SHA:AES128-SHA:AES256-SHA:HIGH:!DSS:!aNULL" };
        using TlsContext context = EngineHandshake.ForServer(options);

        Assert.NotEqual(0, context.SslContext);
    }

    [Fact]
    public void An_empty_cipher_list_is_named() => Refused(nameof(TlsOptions.CipherList), "empty", new TlsOptions { Certificates = Good, CipherList = "" });

    [Fact]
    public void Cipher_suites_that_do_not_exist_are_named() =>
        Refused(nameof(TlsOptions.CipherSuites), "no cipher match", new TlsOptions { Certificates = Good, CipherSuites = "TLS_NONSENSE" });

    [Fact]
    public void Groups_that_do_not_exist_are_named() =>
        Refused(nameof(TlsOptions.EcdhGroups), "P-257", new TlsOptions { Certificates = Good, EcdhGroups = "P-257" });

    [Fact]
    public void A_list_without_certificates_is_named() => Refused(nameof(TlsOptions.Certificates), "at least one", new TlsOptions { Certificates = [] });

    [Fact]
    public void A_certificate_file_that_is_missing_is_named_with_its_path() =>
        Refused(nameof(TlsOptions.Certificates), _folder["none.pem"], new TlsOptions { Certificates = [TlsCertificate.FromFiles(_folder["none.pem"], _folder["none.pem"])] });

    [Fact]
    public void A_key_file_that_is_missing_is_named_with_its_path()
    {
        (string chain, _) = _certificate.WriteTo(_folder.Path);
        Refused(nameof(TlsOptions.Certificates), _folder["none.pem"], new TlsOptions { Certificates = [TlsCertificate.FromFiles(chain, _folder["none.pem"])] });
    }

    [Fact]
    public void A_key_of_another_certificate_is_found_out_and_its_place_is_said()
    {
        using IssuedCertificate other = _authority.Server("b.test");
        TlsOptions options = new() { Certificates = [_certificate.Tls, TlsCertificate.FromPem(_certificate.ChainPem, other.KeyPem)] };
        Refused(nameof(TlsOptions.Certificates), "Tls.Certificates[1]: the key does not belong to the certificate: key values mismatch", options);
    }

    [Fact]
    public void A_key_of_another_kind_is_found_out()
    {
        using IssuedCertificate other = _authority.Server(TestKey.Rsa, "b.test");
        Refused(nameof(TlsOptions.Certificates), "does not belong", new TlsOptions { Certificates = [TlsCertificate.FromPem(_certificate.ChainPem, other.KeyPem)] });
    }

    [Fact]
    public void An_encrypted_key_needs_its_password()
    {
        string key = _certificate.EncryptedKeyPem("sesame");
        Refused(nameof(TlsOptions.Certificates), "there is no password", new TlsOptions { Certificates = [TlsCertificate.FromPem(_certificate.ChainPem, key)] });
        Refused(nameof(TlsOptions.Certificates), "wrong password", new TlsOptions { Certificates = [TlsCertificate.FromPem(_certificate.ChainPem, key, "simsim")] });

        using TlsContext context = EngineHandshake.ForServer(new TlsOptions { Certificates = [TlsCertificate.FromPem(_certificate.ChainPem, key, "sesame")] });
        Assert.NotEqual(0, context.SslContext);
    }

    [Fact]
    public void Text_that_is_no_certificate_is_found_out() =>
        Refused(nameof(TlsOptions.Certificates), "no certificate in PEM", new TlsOptions { Certificates = [TlsCertificate.FromPem("hello", _certificate.KeyPem)] });

    [Fact]
    public void A_certificate_that_is_damaged_is_found_out_by_its_number()
    {
        string damaged = _certificate.ChainPem + "-----BEGIN CERTIFICATE-----\nAAAA\n-----END CERTIFICATE-----\n";
        Refused(nameof(TlsOptions.Certificates), "certificate 2 of 2", new TlsOptions { Certificates = [TlsCertificate.FromPem(damaged, _certificate.KeyPem)] });
    }

    [Fact]
    public void A_key_that_is_no_key_is_found_out() =>
        Refused(nameof(TlsOptions.Certificates), "the key cannot be read", new TlsOptions { Certificates = [TlsCertificate.FromPem(_certificate.ChainPem, "hello")] });

    [Theory]
    [InlineData(TestKey.Ecdsa)]
    [InlineData(TestKey.Rsa)]
    public void A_certificate_of_the_framework_is_taken_with_a_key_that_cannot_be_exported(TestKey key)
    {
        using IssuedCertificate issued = _authority.Server(key, "a.test");
        using X509Certificate2 own = X509CertificateLoader.LoadPkcs12(issued.Certificate.Export(X509ContentType.Pkcs12), null);
        using TlsContext server = EngineHandshake.ForServer(new TlsOptions { Certificates = [TlsCertificate.From(own, issued.Issuers)] });
        using TlsContext client = EngineHandshake.ForClient(new ClientTlsOptions { UseSystemStore = false, CaPem = _authority.Pem });
        using EngineHandshake handshake = new(server, client);

        Assert.True(handshake.HasSucceeded, handshake.Faults);
    }

    [Fact]
    public void A_certificate_of_the_framework_without_a_key_is_refused_at_once()
    {
        using X509Certificate2 bare = X509CertificateLoader.LoadCertificate(_certificate.Certificate.RawData);
        ArgumentException wrong = Assert.Throws<ArgumentException>(() => TlsCertificate.From(bare));
        Assert.Equal("certificate", wrong.ParamName);
    }

    [Fact]
    public void Versions_that_do_not_meet_are_named() => Refused(
        nameof(TlsOptions.MinVersion), "newer", new TlsOptions { Certificates = Good, MinVersion = TlsVersion.Tls13, MaxVersion = TlsVersion.Tls12 });

    [Fact]
    public void Versions_that_are_forbidden_are_named()
    {
        Refused(nameof(TlsOptions.MinVersion), "1.2 or 1.3", new TlsOptions { Certificates = Good, MinVersion = (TlsVersion)0x0302 });
        Refused(nameof(TlsOptions.MaxVersion), "1.2 or 1.3", new TlsOptions { Certificates = Good, MaxVersion = (TlsVersion)0x0305 });
    }

    [Fact]
    public void Numbers_out_of_their_range_are_named()
    {
        Refused(nameof(TlsOptions.TicketCount), "16", new TlsOptions { Certificates = Good, TicketCount = 17 });
        Refused(nameof(TlsOptions.SessionCacheSize), "negative", new TlsOptions { Certificates = Good, SessionCacheSize = -1 });
        Refused(nameof(TlsOptions.SessionLifetime), "7 days", new TlsOptions { Certificates = Good, SessionLifetime = TimeSpan.FromDays(8) });
    }

    [Theory]
    [InlineData("")]
    [InlineData("höhe")]
    public void Application_protocols_that_cannot_be_sent_are_named(string name) =>
        Refused(nameof(TlsOptions.AlpnProtocols), "RFC 7301", new TlsOptions { Certificates = Good, AlpnProtocols = [name] });

    [Fact]
    public void Client_certificates_need_somebody_who_vouches_for_them() =>
        Refused(nameof(TlsOptions.ClientCaFile), "whose client certificates", new TlsOptions { Certificates = Good, ClientCertificates = ClientCertificateMode.Require });

    [Fact]
    public void Authorities_for_clients_who_are_not_asked_are_a_mistake()
    {
        Refused(nameof(TlsOptions.ClientCertificates), "Request or Require", new TlsOptions { Certificates = Good, ClientCaPem = _authority.Pem });
        Refused(nameof(TlsOptions.ClientCertificates), "Request or Require", new TlsOptions { Certificates = Good, VerifyClient = (in _) => true });
    }

    [Fact]
    public void A_callback_that_may_loosen_has_to_be_there() => Refused(
        nameof(TlsOptions.VerifyClientMayLoosen),
        nameof(TlsOptions.VerifyClient),
        new TlsOptions { Certificates = Good, ClientCertificates = ClientCertificateMode.Require, ClientCaPem = _authority.Pem, VerifyClientMayLoosen = true });

    [Fact]
    public void A_file_of_authorities_that_is_missing_or_no_such_file_is_named()
    {
        Refused(nameof(TlsOptions.ClientCaFile), _folder["none.pem"], ClientsOf(_folder["none.pem"]));
        Refused(nameof(TlsOptions.ClientCaFile), "no certificate", ClientsOf(_folder.Write("ca.pem", "hello")));

        TlsOptions ClientsOf(string file) => new() { Certificates = Good, ClientCertificates = ClientCertificateMode.Require, ClientCaFile = file };
    }

    [Fact]
    public void A_client_whose_options_cannot_be_used_is_told_the_member_too()
    {
        Refused(nameof(ClientTlsOptions.CaFile), _folder["none.pem"], new ClientTlsOptions { CaFile = _folder["none.pem"] });
        Refused(nameof(ClientTlsOptions.CaPem), "no certificate", new ClientTlsOptions { CaPem = "hello" });
        Refused(nameof(ClientTlsOptions.CipherList), "no cipher match", new ClientTlsOptions { CipherList = "NONSENSE" });
        Refused(nameof(ClientTlsOptions.EcdhGroups), "P-257", new ClientTlsOptions { EcdhGroups = "P-257" });
        Refused(nameof(ClientTlsOptions.Certificate), "no certificate", new ClientTlsOptions { Certificate = TlsCertificate.FromPem("hello", "hello") });
        Refused(nameof(ClientTlsOptions.ServerName), "no host name", new ClientTlsOptions { ServerName = "a b" });
        Refused(nameof(ClientTlsOptions.UseSystemStore), "no server could be trusted", new ClientTlsOptions { UseSystemStore = false });
        Refused(nameof(ClientTlsOptions.VerifyServer), "nothing to forgive", new ClientTlsOptions { VerifyServer = false, AllowExpired = true });
        Refused(nameof(ClientTlsOptions.SessionCacheSize), "4096", new ClientTlsOptions { SessionCacheSize = 5000 });
        Refused(nameof(ClientTlsOptions.MinVersion), "newer", new ClientTlsOptions { MinVersion = TlsVersion.Tls13, MaxVersion = TlsVersion.Tls12 });
    }

    [Fact]
    public void A_context_is_not_made_with_options_that_cannot_be_used()
    {
        VirtualHostOptions host = new() { Protocols = [new NothingProtocol()], Tls = new TlsOptions { Certificates = [TlsCertificate.FromPem("hello", "hello")] } };
        ArgumentException wrong = Assert.Throws<ArgumentException>(() => new LoopContext(new LoopContextOptions { VirtualHosts = [host] }));
        Assert.Equal(nameof(TlsOptions.Certificates), wrong.ParamName);
    }

    public void Dispose()
    {
        _certificate.Dispose();
        _authority.Dispose();
        _folder.Dispose();
    }

    private static void Refused(string member, string words, TlsOptions options) => Refused(member, words, () => EngineHandshake.ForServer(options));

    private static void Refused(string member, string words, ClientTlsOptions options) => Refused(member, words, () => EngineHandshake.ForClient(options));

    private static void Refused(string member, string words, Func<object> make)
    {
        ArgumentException wrong = Assert.ThrowsAny<ArgumentException>(make);
        Assert.Equal(member, wrong.ParamName);
        Assert.Contains($"Tls.{member}", wrong.Message, StringComparison.Ordinal);
        Assert.Contains(words, wrong.Message, StringComparison.Ordinal);
    }

    private sealed class NothingProtocol() : Protocol<NoSession>("nothing");
}
