using System.Runtime.InteropServices;
using System.Text;

namespace EventLoops.OpenSsl;

/// <summary>What can be read of OpenSSL's X509.</summary>
internal static unsafe class TlsPeerCertificate
{
    private static readonly LibCrypto Crypto = LibCrypto.Instance;

    // x509.h, XN_FLAG_RFC2253 without ASN1_STRFLGS_ESC_MSB: names beyond ASCII are readable UTF-8.
    private const nuint Rfc2253 = 0x1110317 & ~0x4u;

    /// <summary>The certificate in DER (RFC 5280 4.1); empty for none.</summary>
    public static byte[] Der(nint certificate)
    {
        int length = certificate == 0 ? 0 : Crypto.X509ToDer(certificate, null);
        if (length <= 0)
            return [];

        byte[] der = new byte[length];
        fixed (byte* start = der)
        {
            byte* end = start;
            _ = Crypto.X509ToDer(certificate, &end);
        }

        return der;
    }

    /// <summary>The subject as RFC 2253 writes it; empty for none.</summary>
    public static string Subject(nint certificate)
    {
        if (certificate == 0)
            return "";

        nint bio = Crypto.BioNew(Crypto.BioMemory());
        try
        {
            _ = Crypto.X509NamePrint(bio, Crypto.X509GetSubjectName(certificate), 0, Rfc2253);

            // A subject of more than 4 KiB is cut off: it is for people to read.
            byte* text = stackalloc byte[4096];
            int length = Crypto.BioReadBytes(bio, text, 4096);
            return length <= 0 ? "" : Encoding.UTF8.GetString(text, length);
        }
        finally
        {
            _ = Crypto.BioFree(bio);
        }
    }

    /// <summary>The subject of a certificate in DER; empty when it cannot be read.</summary>
    public static string Subject(byte[] der)
    {
        fixed (byte* start = der)
        {
            byte* end = start;
            nint certificate = Crypto.X509FromDer(0, &end, der.Length);
            string subject = Subject(certificate);
            Crypto.X509Free(certificate);
            return subject;
        }
    }

    /// <summary>What a result of verification means (X509_verify_cert_error_string(3)).</summary>
    public static string Words(int error) => Marshal.PtrToStringUTF8((nint)Crypto.X509VerifyCertErrorString(error)) ?? $"error {error}";
}
