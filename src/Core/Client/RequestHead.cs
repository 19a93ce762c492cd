using EventLoops.Protocols.Http;

namespace EventLoops;

/// <summary>The request that a client is about to send; only inside <c>OnWritingRequest</c>.</summary>
public sealed class RequestHead
{
    // As large as the heads that we take ourselves by default.
    private const int MaxFieldsSize = 32 * 1024;

    // What frames the message or names its target is the library's to write: two of them would mean two things to two readers (RFC 9112 11.2).
    private static readonly HashSet<string> Reserved = new(StringComparer.OrdinalIgnoreCase)
    {
        "Host", "Connection", "Keep-Alive", "Proxy-Connection", "Upgrade", "Content-Length", "Transfer-Encoding",
        "Sec-WebSocket-Key", "Sec-WebSocket-Version", "Sec-WebSocket-Accept", "Sec-WebSocket-Protocol", "Sec-WebSocket-Extensions",
    };

    private readonly List<HttpField> _fields = [];
    private int _size;

    /// <summary>For the fields of options, which are checked as if they were added to a request.</summary>
    internal RequestHead(ClientConnectOptions options)
    {
        Uri = options.Uri;
        Method = options.Method ?? "GET";
    }

    internal RequestHead(ClientCall call)
    {
        Uri = call.Target.Uri;
        Method = call.Method;
        foreach (HttpField field in call.FieldsForTarget())
            Keep(field);
        if (call.Credentials is { } credentials && !_fields.Exists(field => field.Name.Equals("Authorization", StringComparison.OrdinalIgnoreCase)))
            Keep(new HttpField("Authorization", credentials));
        if (call.Options.Origin is { } origin)
            Keep(new HttpField("Origin", origin));
    }

    /// <summary>Where the request goes: after a redirect, where that has led.</summary>
    public Uri Uri { get; }

    /// <summary>Its method: a redirect may have made <c>GET</c> of another one.</summary>
    public string Method { get; }

    internal IReadOnlyList<HttpField> Fields => _fields;

    /// <summary>Adds a header field.</summary>
    /// <param name="name">Its name: a token (RFC 9110 5.1), and none that the library writes itself, such as <c>Host</c>.</param>
    /// <param name="value">Its value: no CR, LF or NUL (RFC 9110 5.5).</param>
    /// <exception cref="ArgumentException">A name or value that cannot be sent, or more than 32 KiB of fields in all. Nothing was added.</exception>
    public void Add(string name, string value)
    {
        HttpField field = new(name, value);
        Check(field);
        if (Reserved.Contains(name))
            throw new ArgumentException($"The field '{name}' is written by the library.", nameof(name));
        if (_size + SizeOf(name, value) > MaxFieldsSize)
            throw new ArgumentException($"The fields of a request have at most {MaxFieldsSize} bytes together.", nameof(value));

        Keep(field);
    }

    /// <summary>Writes the field to nowhere, which finds out whether it could be written.</summary>
    internal static void Check(HttpField field)
    {
        ArgumentException.ThrowIfNullOrEmpty(field.Name);
        ArgumentNullException.ThrowIfNull(field.Value);
        new HeadWriter(new byte[SizeOf(field.Name, field.Value)]).Field(field.Name, field.Value);
    }

    private static int SizeOf(string name, string value) => name.Length + value.Length + 4;

    private void Keep(HttpField field)
    {
        _fields.Add(field);
        _size += SizeOf(field.Name, field.Value);
    }
}
