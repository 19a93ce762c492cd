using System.Text;

namespace EventLoops.Protocols.Http;

/// <summary>Comma-separated lists in field values (RFC 9110 5.6.1), read in place.</summary>
internal static class TokenList
{
    /// <summary>Whether a list has this element, compared without regard to case.</summary>
    internal static bool Contains(ReadOnlySpan<byte> list, ReadOnlySpan<byte> token)
    {
        foreach (ReadOnlySpan<byte> element in Elements(list))
        {
            if (Ascii.EqualsIgnoreCase(element, token))
                return true;
        }
        return false;
    }

    /// <summary>Whether a list has exactly this element; the names of WebSocket subprotocols are compared so (RFC 6455 4.1).</summary>
    internal static bool ContainsExactly(ReadOnlySpan<byte> list, ReadOnlySpan<byte> token)
    {
        foreach (ReadOnlySpan<byte> element in Elements(list))
        {
            if (element.SequenceEqual(token))
                return true;
        }
        return false;
    }

    /// <summary>
    /// The elements of a list without the blanks around them. Empty ones are left out, as RFC 9110 5.6.1.2 asks of a recipient.
    /// </summary>
    internal static Enumerator Elements(ReadOnlySpan<byte> list) => new(list, keepEmpty: false);

    /// <summary>As <see cref="Elements"/>, but with the empty ones, for lists in which an empty element is an error.</summary>
    internal static Enumerator AllElements(ReadOnlySpan<byte> list) => new(list, keepEmpty: true);

    internal ref struct Enumerator
    {
        private readonly bool _keepEmpty;
        private ReadOnlySpan<byte> _rest;

        internal Enumerator(ReadOnlySpan<byte> list, bool keepEmpty)
        {
            _rest = list;
            _keepEmpty = keepEmpty;
            HasMore = true;
        }

        public ReadOnlySpan<byte> Current { get; private set; }

        /// <summary>Whether text is left after <see cref="Current"/>; it may hold empty elements only.</summary>
        public bool HasMore { get; private set; }

        public readonly Enumerator GetEnumerator() => this;

        public bool MoveNext()
        {
            while (HasMore)
            {
                int comma = _rest.IndexOf((byte)',');
                Current = HttpChars.Trim(comma < 0 ? _rest : _rest[..comma]);
                HasMore = comma >= 0;
                _rest = comma < 0 ? default : _rest[(comma + 1)..];
                if (_keepEmpty || !Current.IsEmpty)
                    return true;
            }
            Current = default;
            return false;
        }
    }
}
