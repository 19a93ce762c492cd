using System.Text;

namespace EventLoops.Protocols.Http;

/// <summary>
/// The extensions in all Sec-WebSocket-Extensions fields of a head, in order, each with its parameters (RFC 6455 9.1). For heads whose fields were found to be well
/// formed. Use it with <c>foreach</c>; nothing is allocated until the parameters are asked for.
/// </summary>
internal ref struct WebSocketExtensionReader
{
    private readonly HttpHead _head;
    private ReadOnlySpan<byte> _rest;
    private ReadOnlySpan<byte> _name;
    private ReadOnlySpan<byte> _parameters;
    private int _field;

    internal WebSocketExtensionReader(HttpHead head)
    {
        _head = head;
        _field = -1;
    }

    public readonly WebSocketExtensionReader Current => this;

    /// <summary>The name of the extension.</summary>
    public readonly ReadOnlySpan<byte> Name => _name;

    public readonly WebSocketExtensionReader GetEnumerator() => this;

    /// <summary>Its parameters, in order.</summary>
    public readonly IReadOnlyList<ExtensionParameter> ReadParameters()
    {
        List<ExtensionParameter> parameters = [];
        ReadOnlySpan<byte> rest = _parameters;
        while (WebSocketExtensionList.TakeParameter(ref rest, out ReadOnlySpan<byte> name, out ReadOnlySpan<byte> value, out bool isQuoted))
            parameters.Add(new ExtensionParameter(Encoding.ASCII.GetString(name), value.IsEmpty ? null : Encoding.ASCII.GetString(value), isQuoted));
        return parameters;
    }

    public bool MoveNext()
    {
        while (_rest.IsEmpty)
        {
            if (!NextField())
                return false;
        }

        ReadOnlySpan<byte> rest = _rest;
        if (!WebSocketExtensionList.TakeExtension(ref rest, out ReadOnlySpan<byte> name, out ReadOnlySpan<byte> parameters))
            return false;

        _ = WebSocketExtensionList.TakeComma(ref rest);
        _rest = rest;
        _name = name;
        _parameters = parameters;
        return true;
    }

    private bool NextField()
    {
        while (++_field < _head.FieldCount)
        {
            HeaderField field = _head.Field(_field);
            if (field.Known != KnownHeader.SecWebSocketExtensions)
                continue;

            _rest = field.Value;
            return true;
        }

        return false;
    }
}
