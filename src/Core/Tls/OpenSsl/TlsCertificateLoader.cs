using System.Security.Cryptography;
using System.Security.Cryptography.X509Certificates;
using System.Text;

namespace EventLoops.OpenSsl;

/// <summary>From what users give to what OpenSSL holds, with one sentence about whatever is wrong on the way.</summary>
internal static unsafe class TlsCertificateLoader
{
    private const int ClearChain = 0;

    private static readonly LibSsl Ssl = LibSsl.Instance;
    private static readonly LibCrypto Crypto = LibCrypto.Instance;

    /// <summary>Gives a context a certificate, its chain and its key.</summary>
    /// <param name="context">The SSL_CTX.</param>
    /// <param name="certificate">Where they are.</param>
    /// <param name="member">The option that the exception names, such as <c>Tls.Certificates[0]</c>.</param>
    public static void Use(nint context, TlsCertificate certificate, string member)
    {
        nint leaf = UseChain(context, certificate, member);
        try
        {
            UseKey(context, leaf, certificate, member);
        }
        finally
        {
            Crypto.X509Free(leaf);
        }
    }

    /// <summary>Adds authorities to those that a context trusts.</summary>
    /// <param name="context">The SSL_CTX.</param>
    /// <param name="pem">Their certificates.</param>
    /// <param name="member">The option that the exception names.</param>
    /// <param name="isAnnounced">Whether they are named to clients, who choose their certificate by it (RFC 8446 4.2.4).</param>
    public static void Trust(nint context, string pem, string member, bool isAnnounced) => Trust(context, pem, null, member, isAnnounced);

    /// <summary>Adds the authorities of a file to those that a context trusts.</summary>
    public static void TrustFile(nint context, string path, string member, bool isAnnounced) => Trust(context, ReadFile(path, member), path, member, isAnnounced);

    /// <summary>What OpenSSL has refused, in its own words.</summary>
    public static ArgumentException Wrong(string member, string what) => new($"{member}: {what}: {OpenSslErrors.Take().Words}.", NameOf(member));

    private static void Trust(nint context, string pem, string? path, string member, bool isAnnounced)
    {
        nint store = Ssl.CtxGetCertStore(context);
        List<nint> authorities = ReadCertificates(pem, path, member);
        try
        {
            foreach (nint authority in authorities)
            {
                // The same one twice is no mistake, and OpenSSL takes it as none since 1.1.1.
                if (Crypto.X509StoreAddCertificate(store, authority) != 1 || (isAnnounced && Ssl.CtxAddClientCa(context, authority) != 1))
                    throw Wrong(member, "an authority is not taken");
            }
        }
        finally
        {
            authorities.ForEach(authority => Crypto.X509Free(authority));
        }
    }

    /// <summary>Reads a file of text.</summary>
    private static string ReadFile(string path, string member)
    {
        try
        {
            return File.ReadAllText(path);
        }
        catch (Exception exception) when (exception is IOException or UnauthorizedAccessException or NotSupportedException)
        {
            throw new ArgumentException($"{member}: '{path}' cannot be read: {exception.Message}", NameOf(member), exception);
        }
    }

    /// <summary>The member alone: <c>Certificates</c> for <c>Tls.Certificates[0]</c>.</summary>
    private static string NameOf(string member)
    {
        string name = member[(member.LastIndexOf('.') + 1)..];
        int bracket = name.IndexOf('[', StringComparison.Ordinal);
        return bracket < 0 ? name : name[..bracket];
    }

    private static nint UseChain(nint context, TlsCertificate certificate, string member)
    {
        string pem = certificate.Certificate is { } own
            ? string.Join('\n', new[] { own }.Concat(certificate.Issuers).Select(one => one.ExportCertificatePem()))
            : certificate.ChainPem ?? ReadFile(certificate.ChainFile!, member);
        List<nint> chain = ReadCertificates(pem, certificate.ChainFile, member);
        int taken = 1;
        try
        {
            if (Ssl.CtxUseCertificate(context, chain[0]) != 1)
                throw Wrong(member, "the certificate is not taken");

            _ = Ssl.CtxCtrl(context, LibSsl.CtrlChain, ClearChain, null);
            for (; taken < chain.Count; taken++)
            {
                // The context takes the reference over.
                if (Ssl.CtxCtrl(context, LibSsl.CtrlChainCertificate, 0, (void*)chain[taken]) != 1)
                    throw Wrong(member, "an intermediate certificate is not taken");
            }

            return chain[0];
        }
        catch
        {
            Crypto.X509Free(chain[0]);
            for (; taken < chain.Count; taken++)
                Crypto.X509Free(chain[taken]);
            throw;
        }
    }

    private static void UseKey(nint context, nint leaf, TlsCertificate certificate, string member)
    {
        using SafeEvpPKeyHandle? handle = certificate.Certificate is { } own ? HandleOf(own, member) : null;
        nint key = handle?.DangerousGetHandle() ?? ReadKey(certificate, member);
        try
        {
            // Asked for first: with a key of another kind SSL_CTX_use_PrivateKey is content, and every handshake would fail.
            if (Crypto.X509CheckPrivateKey(leaf, key) != 1)
                throw Wrong(member, "the key does not belong to the certificate");
            if (Ssl.CtxUsePrivateKey(context, key) != 1)
                throw Wrong(member, "the key is not taken");
        }
        finally
        {
            if (handle is null)
                Crypto.PrivateKeyFree(key);
        }
    }

    /// <summary>The framework's key is one of OpenSSL, and of the same copy of it.</summary>
    private static SafeEvpPKeyHandle HandleOf(X509Certificate2 certificate, string member)
    {
        // Everything here runs on Linux only, which the analyzer cannot know.
#pragma warning disable CA1416
        using RSA? rsa = certificate.GetRSAPrivateKey();
        if (rsa is RSAOpenSsl rsaKey)
            return rsaKey.DuplicateKeyHandle();

        using ECDsa? ecdsa = certificate.GetECDsaPrivateKey();
        if (ecdsa is ECDsaOpenSsl ecdsaKey)
            return ecdsaKey.DuplicateKeyHandle();
#pragma warning restore CA1416

        throw new ArgumentException($"{member}: the key of '{certificate.Subject}' is neither RSA nor ECDSA; give it as PEM.", NameOf(member));
    }

    private static nint ReadKey(TlsCertificate certificate, string member)
    {
        string pem = certificate.KeyPem ?? ReadFile(certificate.KeyFile!, member);
        string place = certificate.KeyFile is { } path ? $"the key in '{path}'" : "the key";
        bool isEncrypted = pem.Contains("ENCRYPTED", StringComparison.Ordinal);
        if (isEncrypted && certificate.Password is null)
            throw new ArgumentException($"{member}: {place} is encrypted, and there is no password for it.", NameOf(member));

        byte[] text = Encoding.UTF8.GetBytes(pem);

        // With neither a callback nor a password OpenSSL would ask at the terminal.
        byte[] password = Encoding.UTF8.GetBytes((certificate.Password ?? "") + '\0');
        nint key;
        try
        {
            fixed (byte* bytes = text, secret = password)
            {
                nint bio = Crypto.BioNewMemoryBuffer(bytes, text.Length);
                key = Crypto.PemReadPrivateKey(bio, 0, 0, secret);
                _ = Crypto.BioFree(bio);
            }
        }
        finally
        {
            CryptographicOperations.ZeroMemory(text);
            CryptographicOperations.ZeroMemory(password);
        }

        return key != 0 ? key : throw Wrong(member, $"{place} cannot be read{(isEncrypted ? ", perhaps for a wrong password" : "")}");
    }

    /// <summary>Every certificate of a text, at least one; the caller owns them.</summary>
    private static List<nint> ReadCertificates(string pem, string? path, string member)
    {
        string place = path is null ? "" : $" in '{path}'";

        // Counted, so that a certificate that is damaged is not taken for the end of the list.
        int count = Count(pem, "-----BEGIN CERTIFICATE-----") + Count(pem, "-----BEGIN X509 CERTIFICATE-----");
        if (count == 0)
            throw new ArgumentException($"{member}: there is no certificate in PEM{place}: one begins with -----BEGIN CERTIFICATE-----.", NameOf(member));

        List<nint> certificates = [];
        byte[] text = Encoding.UTF8.GetBytes(pem);
        fixed (byte* bytes = text)
        {
            nint bio = Crypto.BioNewMemoryBuffer(bytes, text.Length);
            while (certificates.Count < count && Crypto.PemReadX509(bio, 0, 0, 0) is var certificate and not 0)
                certificates.Add(certificate);
            _ = Crypto.BioFree(bio);
        }

        if (certificates.Count == count)
            return certificates;

        ArgumentException wrong = Wrong(member, $"certificate {certificates.Count + 1} of {count}{place} cannot be read");
        certificates.ForEach(certificate => Crypto.X509Free(certificate));
        throw wrong;
    }

    private static int Count(string text, string part)
    {
        int count = 0;
        for (int at = text.IndexOf(part, StringComparison.Ordinal); at >= 0; at = text.IndexOf(part, at + part.Length, StringComparison.Ordinal))
            count++;
        return count;
    }
}
