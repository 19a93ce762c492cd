using System.Runtime.InteropServices;
using System.Security.Cryptography;

namespace EventLoops.OpenSsl;

/// <summary>
/// Finds OpenSSL. The runtime has loaded one for its own cryptography, and the same major version is taken, so that a process has one OpenSSL and the
/// distribution's updates reach both. Its functions are bound one by one, so that nothing is needed to build.
/// </summary>
internal static class OpenSslLoader
{
    // The newest first; the one that the runtime uses comes before all of them.
    private static readonly string[] Versions = ["3", "4", "1.1"];

    private static readonly Lazy<(nint Ssl, nint Crypto)> Libraries = new(Load);

    /// <summary>The handle of libssl.</summary>
    /// <exception cref="PlatformNotSupportedException">There is no OpenSSL on this system.</exception>
    public static NativeExports Ssl => new(Libraries.Value.Ssl, "libssl");

    /// <summary>The handle of the libcrypto that belongs to it.</summary>
    /// <exception cref="PlatformNotSupportedException">There is no OpenSSL on this system.</exception>
    public static NativeExports Crypto => new(Libraries.Value.Crypto, "libcrypto");

    private static (nint Ssl, nint Crypto) Load()
    {
        foreach (string version in Preferred())
        {
            if (!NativeLibrary.TryLoad($"libssl.so.{version}", out nint ssl))
                continue;
            if (NativeLibrary.TryLoad($"libcrypto.so.{version}", out nint crypto))
                return (ssl, crypto);

            NativeLibrary.Free(ssl);
        }

        throw new PlatformNotSupportedException(
            "TLS needs OpenSSL 1.1.1 or later, and no libssl was found (libssl.so.3, libssl.so.4, libssl.so.1.1). Install it, for example by: apt-get install libssl3");
    }

    private static IEnumerable<string> Preferred()
    {
        // What the runtime itself reads, for systems that have several.
        if (Environment.GetEnvironmentVariable("CLR_OPENSSL_VERSION_OVERRIDE") is { Length: > 0 } forced)
            yield return forced;
        if (VersionOfRuntime() is { } version)
            yield return version;
        foreach (string other in Versions)
            yield return other;
    }

    /// <summary>The number with which the names of the runtime's libraries end; null when it has none.</summary>
    private static string? VersionOfRuntime()
    {
        if (!OperatingSystem.IsLinux())
            return null;

        try
        {
            // OPENSSL_VERSION_NUMBER(3): the major version is in the upper four bits; all that is left of the first one is called 1.1.
            long major = SafeEvpPKeyHandle.OpenSslVersion >> 28;
            return major == 1 ? "1.1" : $"{major}";
        }
        catch (Exception exception) when (exception is PlatformNotSupportedException or TypeInitializationException or DllNotFoundException or EntryPointNotFoundException)
        {
            return null;
        }
    }
}

/// <summary>The functions of a native library by their names.</summary>
internal readonly unsafe struct NativeExports(nint library, string name)
{
    /// <summary>A function that every supported version has.</summary>
    /// <exception cref="PlatformNotSupportedException">This one has not.</exception>
    public void* Get(string function) =>
        Find(function) is var found and not null
            ? found
            : throw new PlatformNotSupportedException($"TLS needs OpenSSL 1.1.1 or later; the {name} that was found has no {function}.");

    /// <summary>A function that only some versions have, or null.</summary>
    public void* Find(string function) => NativeLibrary.TryGetExport(library, function, out nint address) ? (void*)address : null;
}
