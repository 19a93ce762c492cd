using System.Globalization;
using System.Net;
using System.Text;
using EventLoops.Protocols.Http;

namespace EventLoops;

/// <summary>
/// The variables that a program is told about its request (RFC 3875 4.1). It gets nothing of this process's own environment but the PATH, unless the mount
/// gives it: what a server was started with is not the business of what it runs.
/// </summary>
internal sealed class CgiVariables
{
    private const string StandardPath = "/usr/local/bin:/usr/bin:/bin";

    private readonly List<byte[]> _variables = [];

    private CgiVariables()
    {
    }

    /// <summary>The variables, each as <c>NAME=value</c> and a zero.</summary>
    public static IReadOnlyList<byte[]> Of(Connection connection, in MountRequest request)
    {
        CgiVariables variables = new();
        IReadOnlyDictionary<string, string> own = request.Mount.Mount.CgiEnvironment;
        if (!own.ContainsKey("PATH"))
            variables.Add("PATH", Environment.GetEnvironmentVariable("PATH") ?? StandardPath);
        foreach ((string name, string value) in own)
            variables.Add(name, value);

        variables.AddServer(connection, request);
        variables.AddRequest(request);
        variables.AddUser(request);
        variables.AddFields(request.Head.Fields);
        return variables._variables;
    }

    private void AddServer(Connection connection, in MountRequest request)
    {
        IPEndPoint? local = connection.LocalEndPoint as IPEndPoint;
        IPEndPoint? remote = connection.RemoteEndPoint as IPEndPoint;
        ReadOnlySpan<byte> host = HostName.WithoutPort(request.Head.Authority);
        Add("GATEWAY_INTERFACE", "CGI/1.1");
        Add("SERVER_SOFTWARE", connection.VirtualHost?.Options.ServerName ?? "EventLoops");
        if (connection.IsTls)
            Add("HTTPS", "on");
        Add("SERVER_PROTOCOL", request.Head.MinorVersion == 0 ? "HTTP/1.0" : "HTTP/1.1");
        if (host.IsEmpty)
            Add("SERVER_NAME", AddressOf(local));
        else
            Add("SERVER_NAME", host);
        Add("SERVER_PORT", Number(local?.Port ?? 80));

        // A peer on a Unix socket has no address, and is always on this machine.
        Add("REMOTE_ADDR", AddressOf(remote));
        Add("REMOTE_PORT", Number(remote?.Port ?? 0));
    }

    private void AddRequest(in MountRequest request)
    {
        Add("REQUEST_METHOD", request.Method == request.Head.Method ? request.Head.MethodText : NameOf(request.Method));
        Add("REQUEST_URI", request.Head.Target);
        Add("SCRIPT_NAME", request.Mount.Point);
        Add("SCRIPT_FILENAME", request.Mount.Origin.Target);
        if (!request.Rest.IsEmpty)
            Add("PATH_INFO", request.Rest);
        Add("QUERY_STRING", request.Query);

        // RFC 3875 4.1.2: a body whose length nobody knows yet has no length here either, and ends with the end of the input.
        if (request.HasBody && request.Head.ContentLength >= 0)
            Add("CONTENT_LENGTH", Number(request.Head.ContentLength));

        // RFC 3875 4.1.3: whenever the client has named a type, with a body or without.
        if (request.Head.HasField(KnownHeader.ContentType))
            Add("CONTENT_TYPE", request.Head.FirstValue(KnownHeader.ContentType));
    }

    /// <summary>RFC 3875 4.1.1 and 4.1.11: who has come in, where somebody was asked.</summary>
    private void AddUser(in MountRequest request)
    {
        Span<byte> decoded = stackalloc byte[BasicCredentials.MaxLength];
        if (request.Mount.Mount.Authentication is null
            || !BasicCredentials.TryParse(request.Head.FirstValue(KnownHeader.Authorization), decoded, out Range user, out _))
            return;

        Add("AUTH_TYPE", "Basic");
        Add("REMOTE_USER", decoded[user]);
        decoded.Clear();
    }

    /// <summary>RFC 3875 4.1.18: the fields of the request, those of one name joined.</summary>
    private void AddFields(HeaderCollection fields)
    {
        HashSet<string> done = new(StringComparer.Ordinal);
        foreach (HeaderField field in fields)
        {
            if (IsKept(field))
                continue;

            string name = "HTTP_" + Encoding.ASCII.GetString(field.Name).ToUpperInvariant().Replace('-', '_');
            if (done.Add(name))
                Add(name, Joined(fields, field));
        }
    }

    /// <summary>
    /// What a program is not told: credentials, which the server has looked at (RFC 3875 9.2); what belongs to the connection; what has a variable of its own;
    /// <c>Proxy</c>, whose variable many a library takes for the setting of an outgoing proxy (CVE-2016-5385); and a name with an underscore, which
    /// would pass for the one with a dash.
    /// </summary>
    private static bool IsKept(in HeaderField field) => field.Known switch
    {
        KnownHeader.Authorization or KnownHeader.ProxyAuthorization => true,
        KnownHeader.Connection or KnownHeader.KeepAlive or KnownHeader.Te or KnownHeader.Trailer or KnownHeader.TransferEncoding or KnownHeader.Upgrade => true,
        KnownHeader.ContentLength or KnownHeader.ContentType or KnownHeader.Expect => true,
        _ => field.Name.Contains((byte)'_') || Ascii.EqualsIgnoreCase(field.Name, "Proxy"u8),
    };

    /// <summary>RFC 9110 5.2: repeated fields are one list. RFC 6265 5.4: cookies are separated in their own way.</summary>
    private static ReadOnlySpan<byte> Joined(HeaderCollection fields, in HeaderField first)
    {
        string separator = first.Known == KnownHeader.Cookie ? "; " : ", ";
        StringBuilder? joined = null;
        bool isFirst = true;
        foreach (HeaderField other in fields)
        {
            if (other.Known != first.Known || !Ascii.EqualsIgnoreCase(other.Name, first.Name))
                continue;
            if (!isFirst)
                (joined ??= new StringBuilder(HeaderText.Decode(first.Value))).Append(separator).Append(HeaderText.Decode(other.Value));
            isFirst = false;
        }

        return joined is null ? first.Value : Encoding.Latin1.GetBytes(joined.ToString());
    }

    private static string AddressOf(IPEndPoint? endPoint)
    {
        if (endPoint is null)
            return "127.0.0.1";

        // RFC 3875 4.1.8 and 4.1.14: without brackets for a remote address; an IPv4 peer of a dual-stack socket is an IPv4 peer.
        IPAddress address = endPoint.Address.IsIPv4MappedToIPv6 ? endPoint.Address.MapToIPv4() : endPoint.Address;
        return address.ToString();
    }

    private static ReadOnlySpan<byte> NameOf(RequestMethod method) => method == RequestMethod.Head ? "HEAD"u8 : "GET"u8;

    private static string Number(long value) => value.ToString(CultureInfo.InvariantCulture);

    private void Add(string name, string value) => Add(name, Encoding.UTF8.GetBytes(value));

    private void Add(string name, ReadOnlySpan<byte> value)
    {
        byte[] variable = new byte[Encoding.UTF8.GetByteCount(name) + value.Length + 2];
        int length = Encoding.UTF8.GetBytes(name, variable);
        variable[length++] = (byte)'=';
        value.CopyTo(variable.AsSpan(length));
        _variables.Add(variable);
    }
}
