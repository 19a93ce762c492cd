using EventLoops;
using TestServer.Tls;

namespace TestServer.Config;

/// <summary>TLS of a virtual host, as it is written in the file.</summary>
internal sealed class TlsConfig
{
    /// <summary>The file of the certificate and its chain; null with <see cref="SelfSigned"/>.</summary>
    public string? Certificate { get; set; }

    /// <summary>The file of the key; null for that of the certificate.</summary>
    public string? Key { get; set; }

    public bool SelfSigned { get; set; }

    /// <summary>The file of those whose client certificates are good.</summary>
    public string? ClientCa { get; set; }

    /// <summary><c>request</c> or <c>require</c>.</summary>
    public string? VerifyClient { get; set; }

    public string? Ciphers { get; set; }

    public string? CipherSuites { get; set; }

    public string? Groups { get; set; }

    public string MinVersion { get; set; } = "1.2";

    public bool RedirectHttp { get; set; }

    public bool AllowNonTls { get; set; }

    /// <summary>Makes the options of it.</summary>
    /// <param name="folder">Where relative paths begin.</param>
    /// <param name="wrong">Makes the exception for a member and a sentence.</param>
    public TlsOptions ToOptions(string folder, Func<string, string, Exception> wrong)
    {
        if (Certificate is not null == SelfSigned)
            throw wrong("certificate", "a host with TLS needs a certificate or \"selfSigned\": true, and not both.");
        if (!TlsArguments.Versions.TryGetValue(MinVersion, out TlsVersion minVersion))
            throw wrong("minVersion", $"'{MinVersion}' is none of {string.Join(" and ", TlsArguments.Versions.Keys)}.");
        if (ClientCa is null != VerifyClient is null)
            throw wrong("clientCa", "clientCa and verifyClient belong together.");

        ClientCertificateMode mode = ClientCertificateMode.None;
        if (VerifyClient is not null && !TlsArguments.Modes.TryGetValue(VerifyClient, out mode))
            throw wrong("verifyClient", $"'{VerifyClient}' is none of {string.Join(" and ", TlsArguments.Modes.Keys)}.");

        string? certificate = FileOf(Certificate, "certificate");
        return new TlsOptions
        {
            Certificates = [certificate is null ? TestServer.Tls.SelfSigned.New() : TlsCertificate.FromFiles(certificate, FileOf(Key, "key") ?? certificate)],
            ClientCaFile = FileOf(ClientCa, "clientCa"),
            ClientCertificates = mode,
            CipherList = Ciphers,
            CipherSuites = CipherSuites,
            EcdhGroups = Groups,
            MinVersion = minVersion,
            RedirectHttpToHttps = RedirectHttp,
            AllowNonTlsOnTlsPort = AllowNonTls,
        };

        string? FileOf(string? text, string member)
        {
            if (text is null)
                return null;

            string path = Path.Combine(folder, text);
            return File.Exists(path) ? path : throw wrong(member, $"there is no file '{path}'.");
        }
    }
}
