using EventLoops.Protocols.Http;

namespace EventLoops;

/// <summary>The request that a client is about to send; only inside <c>OnWritingRequest</c>.</summary>
public sealed class RequestHead
{
    private readonly List<HttpField> _fields;

    internal RequestHead(IReadOnlyList<HttpField> fields) => _fields = [.. fields];

    internal IReadOnlyList<HttpField> Fields => _fields;

    /// <summary>Adds a header field.</summary>
    /// <param name="name">Its name: a token (RFC 9110 5.1).</param>
    /// <param name="value">Its value: no CR, LF or NUL (RFC 9110 5.5).</param>
    /// <exception cref="ArgumentException">A name or value that cannot be sent. Nothing was added.</exception>
    public void Add(string name, string value)
    {
        HttpField field = new(name, value);
        Check(field);
        _fields.Add(field);
    }

    /// <summary>Writes the field to nowhere, which finds out whether it could be written.</summary>
    internal static void Check(HttpField field)
    {
        ArgumentException.ThrowIfNullOrEmpty(field.Name);
        ArgumentNullException.ThrowIfNull(field.Value);
        new HeadWriter(new byte[field.Name.Length + field.Value.Length + 4]).Field(field.Name, field.Value);
    }
}
