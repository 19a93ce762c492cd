namespace EventLoops.OpenSsl;

/// <summary>
/// The functions of libcrypto, each under the name that its manual page has: the ends of the byte stream that an engine reads and writes, and what went wrong.
/// What contexts need beside that is in <c>LibCrypto.Context.cs</c>.
/// </summary>
internal sealed unsafe partial class LibCrypto
{
    // BIO_set_flags(3): the other side is to be asked again, after there is something to read or room to write.
    public const int BioShouldRetry = 8;
    public const int BioRead = 1;
    public const int BioWrite = 2;
    public const int BioRetryFlags = 0xF;

    // BIO_ctrl(3), and BIO_TYPE_SOURCE_SINK of BIO_get_new_index(3).
    public const int BioCtrlFlush = 11;
    public const int BioTypeSourceSink = 0x400;

    private static readonly Lazy<LibCrypto> Loaded = new(() => new LibCrypto(OpenSslLoader.Crypto));

    private LibCrypto(NativeExports library)
    {
        BioGetNewIndex = (delegate* unmanaged[Cdecl]<int>)library.Get("BIO_get_new_index");
        BioMethNew = (delegate* unmanaged[Cdecl]<int, byte*, nint>)library.Get("BIO_meth_new");
        BioMethSetRead = (delegate* unmanaged[Cdecl]<nint, delegate* unmanaged[Cdecl]<nint, byte*, int, int>, int>)library.Get("BIO_meth_set_read");
        BioMethSetWrite = (delegate* unmanaged[Cdecl]<nint, delegate* unmanaged[Cdecl]<nint, byte*, int, int>, int>)library.Get("BIO_meth_set_write");
        BioMethSetCtrl = (delegate* unmanaged[Cdecl]<nint, delegate* unmanaged[Cdecl]<nint, int, nint, void*, nint>, int>)library.Get("BIO_meth_set_ctrl");
        BioNew = (delegate* unmanaged[Cdecl]<nint, nint>)library.Get("BIO_new");
        BioSetInit = (delegate* unmanaged[Cdecl]<nint, int, void>)library.Get("BIO_set_init");
        BioSetData = (delegate* unmanaged[Cdecl]<nint, void*, void>)library.Get("BIO_set_data");
        BioGetData = (delegate* unmanaged[Cdecl, SuppressGCTransition]<nint, void*>)library.Get("BIO_get_data");
        BioSetFlags = (delegate* unmanaged[Cdecl, SuppressGCTransition]<nint, int, void>)library.Get("BIO_set_flags");
        BioClearFlags = (delegate* unmanaged[Cdecl, SuppressGCTransition]<nint, int, void>)library.Get("BIO_clear_flags");
        ErrClearError = (delegate* unmanaged[Cdecl]<void>)library.Get("ERR_clear_error");
        ErrGetError = (delegate* unmanaged[Cdecl]<nuint>)library.Get("ERR_get_error");
        ErrReasonErrorString = (delegate* unmanaged[Cdecl]<nuint, byte*>)library.Get("ERR_reason_error_string");
        X509Free = (delegate* unmanaged[Cdecl]<nint, void>)library.Get("X509_free");
        X509ToDer = (delegate* unmanaged[Cdecl]<nint, byte**, int>)library.Get("i2d_X509");
        X509VerifyCertErrorString = (delegate* unmanaged[Cdecl]<nint, byte*>)library.Get("X509_verify_cert_error_string");
        OpenSslVersionNumber = (delegate* unmanaged[Cdecl]<nuint>)library.Get("OpenSSL_version_num");
        BindContext(library);
    }

    /// <summary>The library.</summary>
    /// <exception cref="PlatformNotSupportedException">There is no OpenSSL on this system.</exception>
    public static LibCrypto Instance => Loaded.Value;

    public delegate* unmanaged[Cdecl]<int> BioGetNewIndex { get; }

    public delegate* unmanaged[Cdecl]<int, byte*, nint> BioMethNew { get; }

    public delegate* unmanaged[Cdecl]<nint, delegate* unmanaged[Cdecl]<nint, byte*, int, int>, int> BioMethSetRead { get; }

    public delegate* unmanaged[Cdecl]<nint, delegate* unmanaged[Cdecl]<nint, byte*, int, int>, int> BioMethSetWrite { get; }

    public delegate* unmanaged[Cdecl]<nint, delegate* unmanaged[Cdecl]<nint, int, nint, void*, nint>, int> BioMethSetCtrl { get; }

    public delegate* unmanaged[Cdecl]<nint, nint> BioNew { get; }

    public delegate* unmanaged[Cdecl]<nint, int, void> BioSetInit { get; }

    public delegate* unmanaged[Cdecl]<nint, void*, void> BioSetData { get; }

    // The next three only read or write a field: a step into native code and back would cost more than what they do.
    public delegate* unmanaged[Cdecl, SuppressGCTransition]<nint, void*> BioGetData { get; }

    public delegate* unmanaged[Cdecl, SuppressGCTransition]<nint, int, void> BioSetFlags { get; }

    public delegate* unmanaged[Cdecl, SuppressGCTransition]<nint, int, void> BioClearFlags { get; }

    public delegate* unmanaged[Cdecl]<void> ErrClearError { get; }

    public delegate* unmanaged[Cdecl]<nuint> ErrGetError { get; }

    public delegate* unmanaged[Cdecl]<nuint, byte*> ErrReasonErrorString { get; }

    public delegate* unmanaged[Cdecl]<nint, void> X509Free { get; }

    /// <summary><c>i2d_X509</c>: writes the certificate as DER and moves the pointer behind it; with a null pointer it says only how long it is.</summary>
    public delegate* unmanaged[Cdecl]<nint, byte**, int> X509ToDer { get; }

    public delegate* unmanaged[Cdecl]<nint, byte*> X509VerifyCertErrorString { get; }

    public delegate* unmanaged[Cdecl]<nuint> OpenSslVersionNumber { get; }

    partial void BindContext(NativeExports library);
}
