using System.Text;
using EventLoops.Protocols.Http;

namespace EventLoops;

/// <summary>
/// Where the cookies of an origin belong on this side of the proxy (RFC 6265 5.2.3 and 5.2.4). A path below the origin's place becomes one below the mount, or a browser would
/// never send the cookie back; one that covers the mount as it is, such as <c>/</c>, stays, since other mounts may want the cookie too.
/// </summary>
/// <param name="host">The origin's name, without a port.</param>
/// <param name="basePath">Its path, without a slash at the end.</param>
/// <param name="mountPoint">Where it is mounted, without a slash at the end.</param>
internal sealed class CookieScope(string host, ReadOnlyMemory<byte> basePath, ReadOnlyMemory<byte> mountPoint)
{
    /// <summary>What the client is told instead of a <c>Set-Cookie</c>; null when it stays as it is.</summary>
    /// <param name="cookie">The value of the field.</param>
    /// <param name="askedHost">The host that the client has asked for, perhaps with a port.</param>
    public string? Translate(ReadOnlySpan<byte> cookie, ReadOnlySpan<byte> askedHost)
    {
        int end = cookie.IndexOf((byte)';');

        // A name that begins so promises to the browser that the path is "/" and that there is no domain.
        if (end < 0 || HttpChars.Trim(cookie).StartsWith("__Host-"u8))
            return null;

        StringBuilder seen = new(Encoding.Latin1.GetString(cookie[..end]), cookie.Length + mountPoint.Length);
        bool isChanged = false;
        while (end < cookie.Length)
        {
            ReadOnlySpan<byte> rest = cookie[(end + 1)..];
            int length = rest.IndexOf((byte)';');
            ReadOnlySpan<byte> attribute = length < 0 ? rest : rest[..length];
            end = length < 0 ? cookie.Length : end + 1 + length;

            if (ValueOf(attribute, "path"u8, out ReadOnlySpan<byte> path) && PathHere(path) is { } pathHere)
            {
                seen.Append("; Path=").Append(pathHere);
                isChanged = true;
            }
            else if (ValueOf(attribute, "domain"u8, out ReadOnlySpan<byte> domain) && IsOriginsAlone(domain, askedHost))
            {
                // A browser refuses a cookie for a host that it has not asked; without a domain it is for the one that it has.
                isChanged = true;
            }
            else
            {
                seen.Append(';').Append(Encoding.Latin1.GetString(attribute));
            }
        }

        return isChanged ? seen.ToString() : null;
    }

    private static bool ValueOf(ReadOnlySpan<byte> attribute, ReadOnlySpan<byte> name, out ReadOnlySpan<byte> value)
    {
        int equals = attribute.IndexOf((byte)'=');
        value = equals < 0 ? default : HttpChars.Trim(attribute[(equals + 1)..]);
        return equals >= 0 && Ascii.EqualsIgnoreCase(HttpChars.Trim(attribute[..equals]), name);
    }

    private string? PathHere(ReadOnlySpan<byte> path)
    {
        if (Covers(path.TrimEnd((byte)'/'), mountPoint.Span) || !Covers(basePath.Span, path))
            return null;

        ReadOnlySpan<byte> rest = path[basePath.Length..];
        string here = Encoding.Latin1.GetString(mountPoint.Span) + (rest is [(byte)'/'] ? "" : Encoding.Latin1.GetString(rest));
        return here.Length == 0 ? "/" : here;
    }

    /// <summary>RFC 6265 5.1.4: whether a path, without a slash at its end, is another one or a folder that it lies in.</summary>
    private static bool Covers(ReadOnlySpan<byte> folder, ReadOnlySpan<byte> path) =>
        path.StartsWith(folder) && (path.Length == folder.Length || path[folder.Length] == '/');

    private bool IsOriginsAlone(ReadOnlySpan<byte> domain, ReadOnlySpan<byte> askedHost)
    {
        ReadOnlySpan<byte> name = domain is [(byte)'.', ..] ? domain[1..] : domain;
        return Ascii.EqualsIgnoreCase(name, host) && !Ascii.EqualsIgnoreCase(name, HostName.WithoutPort(askedHost));
    }
}
