using System.Diagnostics.CodeAnalysis;
using System.Net;

namespace EventLoops;

/// <summary>An HTTP proxy, and the rules of the environment that name one.</summary>
internal sealed class ClientProxy
{
    private ClientProxy(ClientTarget target) => Target = target;

    public ClientTarget Target { get; }

    /// <summary>The value of a <c>Proxy-Authorization</c> field (RFC 9110 11.7.2), or null.</summary>
    public string? Credentials => Target.Credentials;

    /// <summary>Reads <c>[http://][name:password@]host[:port]</c>; without a port it is 80, as the scheme says.</summary>
    public static bool TryParse(string text, [NotNullWhen(true)] out ClientProxy? proxy)
    {
        proxy = null;
        string address = text.Contains("://", StringComparison.Ordinal) ? text : "http://" + text;
        if (!Uri.TryCreate(address, UriKind.Absolute, out Uri? uri) || uri.Scheme != "http" || uri.Host.Length == 0 || uri.Port == 0)
            return false;

        // A proxy has no pages: whoever writes a path means something else.
        if (uri.PathAndQuery != "/" || uri.Fragment.Length > 0)
            return false;

        proxy = new ClientProxy(new ClientTarget(uri));
        return true;
    }

    /// <summary>What the environment says about a target.</summary>
    /// <param name="target">Where the client wants to go.</param>
    /// <param name="variable">Gives a variable of the environment, or null.</param>
    /// <param name="proxy">The proxy, or null for none.</param>
    /// <param name="mistake">What is wrong with a variable, in words.</param>
    /// <returns>False when a variable cannot be understood.</returns>
    public static bool TryFind(ClientTarget target, Func<string, string?> variable, out ClientProxy? proxy, [NotNullWhen(false)] out string? mistake)
    {
        proxy = null;
        mistake = null;

        // Capital letters mean the same for https_proxy and no_proxy. HTTP_PROXY is not read: a CGI program has a variable of that name when a request has a
        // field named Proxy, so that a stranger could choose where its own requests go (CVE-2016-5385 and its family).
        string name = target.IsTls ? "https_proxy" : "http_proxy";
        string? value = NonEmpty(variable(name)) ?? (target.IsTls ? NonEmpty(variable("HTTPS_PROXY")) : null);
        if (value is null || IsExcepted(target, NonEmpty(variable("no_proxy")) ?? NonEmpty(variable("NO_PROXY")) ?? ""))
            return true;
        if (TryParse(value, out proxy))
            return true;

        mistake = $"{name} is not of the form http://[name:password@]host:port";
        return false;
    }

    /// <summary>
    /// Whether <c>no_proxy</c> lists a target. Its elements are <c>*</c>, a host with all below it (<c>example.com</c>, <c>.example.com</c>), an address or a network
    /// (<c>10.0.0.0/8</c>), each but the first with a port if only that one is meant.
    /// </summary>
    internal static bool IsExcepted(ClientTarget target, string list)
    {
        foreach (string element in list.Split(',', StringSplitOptions.TrimEntries | StringSplitOptions.RemoveEmptyEntries))
        {
            if (element == "*" || Matches(target, element))
                return true;
        }

        return false;
    }

    private static bool Matches(ClientTarget target, string element)
    {
        IPAddress? address = IPAddress.TryParse(target.Host, out IPAddress? parsed) ? parsed : null;
        if (IPNetwork.TryParse(element, out IPNetwork network))
            return address is not null && network.Contains(address);

        // Brackets are taken apart below: the runtime reads "[::1]:81" as the address alone, which would except every port.
        bool hasBrackets = element.StartsWith('[');
        if (!hasBrackets && IPAddress.TryParse(element, out IPAddress? listed))
            return listed.Equals(address);

        // An IPv6 address with a port has brackets, so the last colon that is not inside of any is the one before a port.
        int colon = hasBrackets && element.EndsWith(']') ? -1 : element.LastIndexOf(':');
        string host = colon < 0 ? element : element[..colon];
        if (colon >= 0 && element[(colon + 1)..] != target.Port.ToString(System.Globalization.CultureInfo.InvariantCulture))
            return false;
        if (IPAddress.TryParse(host, out listed))
            return listed.Equals(address);

        // "ample.com" must not stand for "example.com", so what is above a host ends at a dot.
        host = host.TrimStart('.').TrimEnd('.');
        return host.Length > 0 && address is null
            && (target.Host.Equals(host, StringComparison.OrdinalIgnoreCase) || target.Host.EndsWith("." + host, StringComparison.OrdinalIgnoreCase));
    }

    private static string? NonEmpty(string? text) => string.IsNullOrEmpty(text) ? null : text;
}
