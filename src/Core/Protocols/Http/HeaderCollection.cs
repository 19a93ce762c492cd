using System.Diagnostics.CodeAnalysis;
using EventLoops.Protocols.Http;

namespace EventLoops;

/// <summary>
/// The header fields of a request or response, in the order in which the peer sent them, repeated ones kept.
/// It reads the connection's own memory and copies nothing; being a ref struct it cannot be kept beyond the callback that received it.
/// Copy what you need, for example with <see cref="GetString(KnownHeader)"/>. Use on the loop's thread only.
/// </summary>
[SuppressMessage("Naming", "CA1710:Identifiers should have correct suffix", Justification = "A ref struct is no IEnumerable.")]
public readonly ref struct HeaderCollection
{
    private readonly HttpHead? _head;

    internal HeaderCollection(HttpHead? head) => _head = head;

    /// <summary>How many field lines there are; 0 when the headers are no longer available.</summary>
    public int Count => _head?.FieldCount ?? 0;

    /// <summary>The value of the first field of this kind, without the spaces around it; empty when there is none.</summary>
    /// <param name="header">The field to look for.</param>
    public ReadOnlySpan<byte> this[KnownHeader header] => _head is null ? default : _head.FirstValue(header);

    /// <summary>The field at a position in the order of arrival.</summary>
    /// <param name="index">From 0 to <see cref="Count"/> - 1.</param>
    /// <exception cref="ArgumentOutOfRangeException"><paramref name="index"/> is outside that range.</exception>
    public HeaderField this[int index]
    {
        get
        {
            ArgumentOutOfRangeException.ThrowIfGreaterThanOrEqual((uint)index, (uint)Count, nameof(index));
            return _head!.Field(index);
        }
    }

    /// <summary>Whether there is at least one field of this kind, even with an empty value.</summary>
    /// <param name="header">The field to look for.</param>
    public bool Contains(KnownHeader header) => _head is not null && _head.HasField(header);

    /// <summary>How many field lines of this kind there are.</summary>
    /// <param name="header">The field to look for.</param>
    public int CountOf(KnownHeader header) => _head?.CountOf(header) ?? 0;

    /// <summary>Finds the first field with this name, which need not be one of <see cref="KnownHeader"/>.</summary>
    /// <param name="name">The name, compared without regard to the case of ASCII letters (RFC 9110 5.1).</param>
    /// <param name="value">Its value, or empty when there is no such field.</param>
    /// <returns>Whether there is such a field.</returns>
    public bool TryGet(ReadOnlySpan<byte> name, out ReadOnlySpan<byte> value)
    {
        value = default;
        return _head is not null && _head.TryFind(name, out value);
    }

    /// <summary>
    /// The value of the first field of this kind as a string of its own, one character a byte; "" when there is none. Allocates.
    /// </summary>
    /// <param name="header">The field to look for.</param>
    public string GetString(KnownHeader header) => HeaderText.Decode(this[header]);

    /// <summary>Goes through all fields in the order of arrival.</summary>
    public Enumerator GetEnumerator() => new(_head);

    /// <summary>Goes through the fields of a <see cref="HeaderCollection"/> without allocating.</summary>
    public ref struct Enumerator
    {
        private readonly HttpHead? _head;
        private int _index = -1;

        internal Enumerator(HttpHead? head) => _head = head;

        /// <summary>The field that the last <see cref="MoveNext"/> came to.</summary>
        public readonly HeaderField Current => _head!.Field(_index);

        /// <summary>Goes to the next field.</summary>
        /// <returns>False when there is none.</returns>
        public bool MoveNext() => _head is not null && ++_index < _head.FieldCount;
    }
}
