using System.Runtime.InteropServices;

namespace EventLoops.OpenSsl;

/// <summary>Owns an SSL object and the memory in which its <see cref="EngineBio"/> lies: one that was forgotten is freed as well.</summary>
internal sealed unsafe class SslHandle : SafeHandle
{
    private static int live;

    /// <summary>Makes one; it holds a reference to the context.</summary>
    /// <exception cref="ObjectDisposedException">The context was disposed.</exception>
    /// <exception cref="InvalidOperationException">OpenSSL has no memory left for it.</exception>
    public SslHandle(TlsContext context)
        : base(invalidHandleValue: 0, ownsHandle: true)
    {
        nint ssl = context.NewSsl();
        if (ssl == 0)
            throw new InvalidOperationException($"SSL_new of OpenSSL failed: {OpenSslErrors.Take().Words}.");

        SetHandle(ssl);
        Interlocked.Increment(ref live);
        Ends = (EngineBio*)NativeMemory.AllocZeroed((nuint)sizeof(EngineBio));
        nint bio = EngineBio.New(Ends);
        if (bio == 0)
        {
            Dispose();
            throw new InvalidOperationException($"BIO_new of OpenSSL failed: {OpenSslErrors.Take().Words}.");
        }

        // One for both directions: the SSL object takes over the one reference that there is.
        LibSsl.Instance.SslSetBio(ssl, bio, bio);
    }

    /// <summary>How many there are in the process.</summary>
    public static int Live => Volatile.Read(ref live);

    public override bool IsInvalid => handle == 0;

    /// <summary>Where it reads and writes.</summary>
    public EngineBio* Ends { get; }

    protected override bool ReleaseHandle()
    {
        LibSsl.Instance.SslFree(handle);
        NativeMemory.Free(Ends);
        Interlocked.Decrement(ref live);
        return true;
    }
}
