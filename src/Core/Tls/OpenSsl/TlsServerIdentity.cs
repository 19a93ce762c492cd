using System.Net;
using System.Runtime.InteropServices;
using System.Text;

namespace EventLoops.OpenSsl;

/// <summary>Whom a client wants to reach: told to the server (RFC 6066 3), demanded of its certificate, and the name under which its sessions are kept.</summary>
internal static unsafe class TlsServerIdentity
{
    private static readonly LibSsl Ssl = LibSsl.Instance;

    /// <summary>Prepares a connection that has not begun.</summary>
    /// <param name="ssl">The SSL object.</param>
    /// <param name="policy">What its context says.</param>
    /// <param name="host">The host of the address: a name in ASCII, or an IP address.</param>
    /// <param name="port">Its port.</param>
    /// <param name="isGivenHost">Whether it is the one that the program has named.</param>
    public static void Demand(nint ssl, TlsContextPolicy policy, string host, int port, bool isGivenHost)
    {
        string name = (isGivenHost ? policy.ServerName : null) ?? host;

        // RFC 6066 3: without the dot of the root, which certificates have not either.
        if (name.Length > 1 && name[^1] == '.')
            name = name[..^1];

        if (IPAddress.TryParse(name, out IPAddress? address))
            DemandAddress(ssl, address);
        else
            DemandName(ssl, name);

        if (policy.Sessions is { } sessions)
            Resume(ssl, sessions, $"{name} {host}:{port}");
    }

    private static void DemandName(nint ssl, string name)
    {
        fixed (byte* bytes = Encoding.UTF8.GetBytes(name + '\0'))
        {
            _ = Ssl.SslCtrl(ssl, LibSsl.CtrlSetServerName, 0, bytes);
            Ssl.SslSetHostFlags(ssl, LibSsl.HostNoPartialWildcards | LibSsl.HostNeverSubject);
            if (Ssl.SslSet1Host(ssl, bytes) != 1)
                throw new InvalidOperationException("SSL_set1_host of OpenSSL failed: it found no memory.");
        }
    }

    /// <summary>RFC 6066 3: an address is no name and is not sent. The certificate has to list it all the same (RFC 9110 4.3.5).</summary>
    private static void DemandAddress(nint ssl, IPAddress address)
    {
        // The zone of a link-local address belongs to this machine, and no certificate can know it (RFC 6874 4).
        string text = new IPAddress(address.GetAddressBytes()).ToString();
        fixed (byte* bytes = Encoding.ASCII.GetBytes(text + '\0'))
        {
            if (LibCrypto.Instance.X509ParametersSetAddress(Ssl.SslGetParameters(ssl), bytes) != 1)
                throw new InvalidOperationException("X509_VERIFY_PARAM_set1_ip_asc of OpenSSL failed: it found no memory.");
        }
    }

    private static void Resume(nint ssl, TlsSessionCache sessions, string key)
    {
        nint handle = GCHandle.ToIntPtr(GCHandle.Alloc(key));
        if (Ssl.SslSetExData(ssl, TlsCallbacks.SessionKeyIndex, handle) != 1)
        {
            GCHandle.FromIntPtr(handle).Free();
            return;
        }

        if (sessions.Take(key) is not (not 0 and var session))
            return;

        _ = Ssl.SslSetSession(ssl, session);
        Ssl.SessionFree(session);
    }
}
