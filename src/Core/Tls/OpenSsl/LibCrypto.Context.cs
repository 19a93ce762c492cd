namespace EventLoops.OpenSsl;

/// <summary>What certificates and keys are read and looked at with.</summary>
internal sealed unsafe partial class LibCrypto
{
    // CRYPTO_get_ex_new_index(3).
    public const int ExDataOfSsl = 0;
    public const int ExDataOfContext = 1;

    /// <summary>X509_V_FLAG_PARTIAL_CHAIN: an authority that is trusted need not be a root.</summary>
    public const int PartialChain = 0x80000;

    /// <summary><c>BIO_new_mem_buf</c>.</summary>
    public delegate* unmanaged[Cdecl]<void*, int, nint> BioNewMemoryBuffer { get; private set; }

    /// <summary><c>BIO_s_mem</c>.</summary>
    public delegate* unmanaged[Cdecl]<nint> BioMemory { get; private set; }

    /// <summary><c>BIO_free</c>.</summary>
    public delegate* unmanaged[Cdecl]<nint, int> BioFree { get; private set; }

    /// <summary><c>BIO_read</c>.</summary>
    public delegate* unmanaged[Cdecl]<nint, byte*, int, int> BioReadBytes { get; private set; }

    /// <summary><c>PEM_read_bio_X509</c>.</summary>
    public delegate* unmanaged[Cdecl]<nint, nint, nint, nint, nint> PemReadX509 { get; private set; }

    /// <summary><c>PEM_read_bio_PrivateKey</c>.</summary>
    public delegate* unmanaged[Cdecl]<nint, nint, nint, byte*, nint> PemReadPrivateKey { get; private set; }

    /// <summary><c>EVP_PKEY_free</c>.</summary>
    public delegate* unmanaged[Cdecl]<nint, void> PrivateKeyFree { get; private set; }

    /// <summary><c>X509_check_private_key</c>.</summary>
    public delegate* unmanaged[Cdecl]<nint, nint, int> X509CheckPrivateKey { get; private set; }

    /// <summary><c>d2i_X509</c>.</summary>
    public delegate* unmanaged[Cdecl]<nint, byte**, nint, nint> X509FromDer { get; private set; }

    /// <summary><c>X509_get_subject_name</c>.</summary>
    public delegate* unmanaged[Cdecl]<nint, nint> X509GetSubjectName { get; private set; }

    /// <summary><c>X509_NAME_print_ex</c>.</summary>
    public delegate* unmanaged[Cdecl]<nint, nint, int, nuint, int> X509NamePrint { get; private set; }

    /// <summary><c>X509_STORE_add_cert</c>.</summary>
    public delegate* unmanaged[Cdecl]<nint, nint, int> X509StoreAddCertificate { get; private set; }

    /// <summary><c>X509_STORE_set_flags</c>.</summary>
    public delegate* unmanaged[Cdecl]<nint, nuint, int> X509StoreSetFlags { get; private set; }

    /// <summary><c>X509_verify_cert</c>.</summary>
    public delegate* unmanaged[Cdecl]<nint, int> X509VerifyCertificate { get; private set; }

    /// <summary><c>X509_STORE_CTX_get_error</c>.</summary>
    public delegate* unmanaged[Cdecl]<nint, int> X509StoreContextGetError { get; private set; }

    /// <summary><c>X509_STORE_CTX_set_error</c>.</summary>
    public delegate* unmanaged[Cdecl]<nint, int, void> X509StoreContextSetError { get; private set; }

    /// <summary><c>X509_STORE_CTX_get0_cert</c>.</summary>
    public delegate* unmanaged[Cdecl]<nint, nint> X509StoreContextGetCertificate { get; private set; }

    /// <summary><c>X509_STORE_CTX_get_ex_data</c>.</summary>
    public delegate* unmanaged[Cdecl]<nint, int, nint> X509StoreContextGetExData { get; private set; }

    /// <summary><c>X509_VERIFY_PARAM_set1_ip_asc</c>.</summary>
    public delegate* unmanaged[Cdecl]<nint, byte*, int> X509ParametersSetAddress { get; private set; }

    /// <summary><c>CRYPTO_get_ex_new_index</c>.</summary>
    public delegate* unmanaged[Cdecl]<int, nint, nint, void*, void*, delegate* unmanaged[Cdecl]<nint, nint, nint, int, nint, nint, void>, int> CryptoGetExNewIndex { get; private set; }

    partial void BindContext(NativeExports library)
    {
        BioNewMemoryBuffer = (delegate* unmanaged[Cdecl]<void*, int, nint>)library.Get("BIO_new_mem_buf");
        BioMemory = (delegate* unmanaged[Cdecl]<nint>)library.Get("BIO_s_mem");
        BioFree = (delegate* unmanaged[Cdecl]<nint, int>)library.Get("BIO_free");
        BioReadBytes = (delegate* unmanaged[Cdecl]<nint, byte*, int, int>)library.Get("BIO_read");
        PemReadX509 = (delegate* unmanaged[Cdecl]<nint, nint, nint, nint, nint>)library.Get("PEM_read_bio_X509");
        PemReadPrivateKey = (delegate* unmanaged[Cdecl]<nint, nint, nint, byte*, nint>)library.Get("PEM_read_bio_PrivateKey");
        PrivateKeyFree = (delegate* unmanaged[Cdecl]<nint, void>)library.Get("EVP_PKEY_free");
        X509CheckPrivateKey = (delegate* unmanaged[Cdecl]<nint, nint, int>)library.Get("X509_check_private_key");
        X509FromDer = (delegate* unmanaged[Cdecl]<nint, byte**, nint, nint>)library.Get("d2i_X509");
        X509GetSubjectName = (delegate* unmanaged[Cdecl]<nint, nint>)library.Get("X509_get_subject_name");
        X509NamePrint = (delegate* unmanaged[Cdecl]<nint, nint, int, nuint, int>)library.Get("X509_NAME_print_ex");
        X509StoreAddCertificate = (delegate* unmanaged[Cdecl]<nint, nint, int>)library.Get("X509_STORE_add_cert");
        X509StoreSetFlags = (delegate* unmanaged[Cdecl]<nint, nuint, int>)library.Get("X509_STORE_set_flags");
        X509VerifyCertificate = (delegate* unmanaged[Cdecl]<nint, int>)library.Get("X509_verify_cert");
        X509StoreContextGetError = (delegate* unmanaged[Cdecl]<nint, int>)library.Get("X509_STORE_CTX_get_error");
        X509StoreContextSetError = (delegate* unmanaged[Cdecl]<nint, int, void>)library.Get("X509_STORE_CTX_set_error");
        X509StoreContextGetCertificate = (delegate* unmanaged[Cdecl]<nint, nint>)library.Get("X509_STORE_CTX_get0_cert");
        X509StoreContextGetExData = (delegate* unmanaged[Cdecl]<nint, int, nint>)library.Get("X509_STORE_CTX_get_ex_data");
        X509ParametersSetAddress = (delegate* unmanaged[Cdecl]<nint, byte*, int>)library.Get("X509_VERIFY_PARAM_set1_ip_asc");
        CryptoGetExNewIndex = (delegate* unmanaged[Cdecl]<int, nint, nint, void*, void*, delegate* unmanaged[Cdecl]<nint, nint, nint, int, nint, nint, void>, int>)library.Get("CRYPTO_get_ex_new_index");
    }
}
