using System.Text;

namespace EventLoops;

/// <summary>What the options of servers and clients must be alike, as far as it can be said without OpenSSL.</summary>
internal static class TlsChecks
{
    /// <summary>What is wrong with a member of the options that are called <c>Tls</c> on both sides.</summary>
    public static ArgumentException Wrong(string member, string what) => new($"Tls.{member} {what}", member);

    public static void Versions(TlsVersion min, TlsVersion max)
    {
        if (!Enum.IsDefined(min))
            throw Wrong(nameof(TlsOptions.MinVersion), "is TLS 1.2 or 1.3.");
        if (!Enum.IsDefined(max))
            throw Wrong(nameof(TlsOptions.MaxVersion), "is TLS 1.2 or 1.3.");
        if (min > max)
            throw Wrong(nameof(TlsOptions.MinVersion), $"is newer than {nameof(TlsOptions.MaxVersion)}.");
    }

    /// <summary>RFC 7301 3.1: names of 1 to 255 bytes, in a list of at most 65,535.</summary>
    public static void Alpn(IReadOnlyList<string> protocols)
    {
        if (protocols is null || protocols.Any(protocol => string.IsNullOrEmpty(protocol) || protocol.Length > byte.MaxValue || !Ascii.IsValid(protocol)))
            throw Wrong(nameof(TlsOptions.AlpnProtocols), "is a list of names of 1 to 255 ASCII characters (RFC 7301 3.1).");
        if (protocols.Sum(protocol => protocol.Length + 1) > ushort.MaxValue)
            throw Wrong(nameof(TlsOptions.AlpnProtocols), "is longer than 65,535 bytes (RFC 7301 3.1).");
    }

    /// <summary>The list as it goes over the wire: each name behind its length.</summary>
    public static byte[] AlpnBytes(IReadOnlyList<string> protocols)
    {
        byte[] bytes = new byte[protocols.Sum(protocol => protocol.Length + 1)];
        int at = 0;
        foreach (string protocol in protocols)
        {
            bytes[at++] = (byte)protocol.Length;
            at += Encoding.ASCII.GetBytes(protocol, bytes.AsSpan(at));
        }

        return bytes;
    }
}
