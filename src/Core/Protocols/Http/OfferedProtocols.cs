namespace EventLoops.Protocols.Http;

/// <summary>
/// The subprotocols that a client offers, in its order of preference, over all Sec-WebSocket-Protocol fields (RFC 6455 11.3.4).
/// Use it with <c>foreach</c>. Empty elements are given as they are, so that a check can refuse them.
/// </summary>
internal ref struct OfferedProtocols
{
    private readonly HttpHead _head;
    private TokenList.Enumerator _elements;
    private int _field;

    internal OfferedProtocols(HttpHead head)
    {
        _head = head;
        _field = -1;
        _elements = default;
    }

    public readonly ReadOnlySpan<byte> Current => _elements.Current;

    public readonly OfferedProtocols GetEnumerator() => this;

    public bool MoveNext()
    {
        while (!_elements.MoveNext())
        {
            if (!NextField())
                return false;
        }
        return true;
    }

    private bool NextField()
    {
        while (++_field < _head.FieldCount)
        {
            HeaderField field = _head.Field(_field);
            if (field.Known != KnownHeader.SecWebSocketProtocol)
                continue;
            _elements = TokenList.AllElements(field.Value);
            return true;
        }
        return false;
    }
}
