using EventLoops.Protocols.Http;

namespace EventLoops;

/// <summary>
/// One field line of a message head: a name and a value. The spans point into the connection's own memory and live as long as its
/// headers.
/// </summary>
public readonly ref struct HeaderField
{
    internal HeaderField(ReadOnlySpan<byte> name, ReadOnlySpan<byte> value, KnownHeader known)
    {
        Name = name;
        Value = value;
        Known = known;
    }

    /// <summary>The name as the peer spelled it: a token of RFC 9110 5.6.2, never empty.</summary>
    public ReadOnlySpan<byte> Name { get; }

    /// <summary>
    /// The value without the spaces and tabs around it; may be empty. Bytes above 0x7F are given as they came (RFC 9110 5.5).
    /// </summary>
    public ReadOnlySpan<byte> Value { get; }

    /// <summary>Which field it is, or <see cref="KnownHeader.None"/>.</summary>
    public KnownHeader Known { get; }

    /// <summary>The field as one line of text, for logs. Allocates.</summary>
    public override string ToString() => $"{HeaderText.Decode(Name)}: {HeaderText.Decode(Value)}";
}
