using System.Runtime.InteropServices;

namespace EventLoops.OpenSsl;

/// <summary>What OpenSSL has put into this thread's queue of errors, in its own words.</summary>
internal static unsafe class OpenSslErrors
{
    // ERR_LIB_SSL, and where SSL_R_* begins to stand for alerts: SSL_AD_REASON_OFFSET and the number of the alert (RFC 8446 6).
    private const int SslLibrary = 20;
    private const int FirstAlert = 1000;
    private const int CertificateVerifyFailed = 134;

    private static readonly bool IsVersion1 = (LibCrypto.Instance.OpenSslVersionNumber() >> 28) == 1;

    /// <summary>Forgets what earlier calls, ours or somebody else's on this thread, have left.</summary>
    public static void Clear() => LibCrypto.Instance.ErrClearError();

    /// <summary>
    /// Takes everything out of the queue. One call may leave several errors, the innermost first; the one that speaks of TLS says most, and the first one where
    /// there is none.
    /// </summary>
    public static OpenSslError Take()
    {
        LibCrypto crypto = LibCrypto.Instance;
        nuint chosen = 0;
        for (nuint error = crypto.ErrGetError(); error != 0; error = crypto.ErrGetError())
        {
            if (chosen == 0 || (LibraryOf(chosen) != SslLibrary && LibraryOf(error) == SslLibrary))
                chosen = error;
        }

        if (chosen == 0)
            return new OpenSslError("no reason was given", -1, false);

        int reason = LibraryOf(chosen) == SslLibrary ? ReasonOf(chosen) : 0;
        string words = Marshal.PtrToStringUTF8((nint)crypto.ErrReasonErrorString(chosen)) ?? $"error {chosen:x}";
        return new OpenSslError(words, reason >= FirstAlert ? reason - FirstAlert : -1, reason == CertificateVerifyFailed);
    }

    // ERR_GET_LIB and ERR_GET_REASON, which are macros; OpenSSL 3 has moved the bits.
    private static int LibraryOf(nuint error) => (int)((IsVersion1 ? error >> 24 : error >> 23) & 0xFF);

    private static int ReasonOf(nuint error) => (int)(error & (IsVersion1 ? (nuint)0xFFF : 0x7FFFFF));
}

/// <summary>One error of OpenSSL.</summary>
/// <param name="Words">Its reason, such as <c>no shared cipher</c>.</param>
/// <param name="Alert">The alert of the peer that it stands for (RFC 8446 6), or a negative number.</param>
/// <param name="IsVerification">Whether the peer's certificate was refused.</param>
internal readonly record struct OpenSslError(string Words, int Alert, bool IsVerification)
{
    /// <summary>Whether the peer has sent a fatal alert.</summary>
    public bool IsAlert => Alert >= 0;
}
