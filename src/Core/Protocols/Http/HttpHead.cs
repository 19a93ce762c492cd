using System.Text;

namespace EventLoops.Protocols.Http;

/// <summary>
/// One message head, read from bytes as they come: a request, a response or trailers. It owns its text, which grows up to the limit and is
/// used again after <see cref="Reset"/>, so a head that has warmed up allocates nothing. It touches no socket and no clock.
/// The pieces are found in one pass over the input, by vector search; what the fields mean is worked out once, when the head is complete.
/// </summary>
internal sealed partial class HttpHead
{
    private const int InitialText = 1024;
    private const int InitialFields = 16;

    private readonly HttpHeadLimits _limits;
    private byte[] _text;
    private FieldSlot[] _fields;
    private KnownHeaderSet _known;
    private int _length;
    private int _lines;
    private int _lineStart;
    private bool _inFields;
    private HeadStatus _status;
    private RequestLine _requestLine;
    private StatusLine _statusLine;
    private FieldLine _fieldLine;
    private RequestTarget _target;

    internal HttpHead(HttpHeadLimits limits)
    {
        _limits = limits;
        _text = new byte[Math.Min(InitialText, limits.MaxHeadSize)];
        _fields = new FieldSlot[Math.Min(InitialFields, limits.MaxFields)];
    }

    internal HttpHeadKind Kind { get; private set; }

    /// <summary>Why the head was refused; stays until <see cref="Reset"/>.</summary>
    internal ProtocolFault Fault { get; private set; }

    /// <summary>Whether a byte of it has come: from here on a slow peer is on the clock.</summary>
    internal bool HasStarted => _length > 0;

    /// <summary>Whether the last <see cref="Feed"/> came to the end.</summary>
    internal bool IsComplete => _status == HeadStatus.Complete;

    /// <summary>Bytes taken so far.</summary>
    internal int Size => _length;

    /// <summary>The method of a request; <see cref="RequestMethod.Other"/> is accepted here, and for the server to answer 501.</summary>
    internal RequestMethod Method { get; private set; }

    internal ReadOnlySpan<byte> MethodText => IsRequest ? Text(_requestLine.Start, _requestLine.MethodEnd) : default;

    internal ReadOnlySpan<byte> Target => IsRequest ? Text(_requestLine.TargetStart, _requestLine.TargetEnd) : default;

    /// <summary>The path of the target, not decoded: see <see cref="UriPath"/>.</summary>
    internal ReadOnlySpan<byte> RawPath => IsRequest ? _target.Path(Target) : default;

    /// <summary>Makes the path comparable: see <see cref="UriPath.TryDecode"/>, whose arguments these are. Most paths were seen to be so when they were read.</summary>
    internal bool TryDecodePath(Span<byte> destination, out int length, out ProtocolFault fault)
    {
        ReadOnlySpan<byte> path = RawPath;
        if (!_requestLine.HasPlainPath || !path.StartsWith((byte)'/'))
            return UriPath.TryDecode(path, destination, out length, out fault);

        path.CopyTo(destination);
        length = path.Length;
        fault = ProtocolFault.None;
        return true;
    }

    /// <summary>The query of the target without its question mark, not decoded.</summary>
    internal ReadOnlySpan<byte> Query => IsRequest ? _target.Query(Target) : default;

    /// <summary>Whom the request is for. RFC 9112 3.2.2: the authority of an absolute target wins over the Host field.</summary>
    internal ReadOnlySpan<byte> Authority
    {
        get
        {
            ReadOnlySpan<byte> authority = IsRequest ? _target.Authority(Target) : default;
            return authority.IsEmpty ? FirstValue(KnownHeader.Host) : authority;
        }
    }

    /// <summary>0 or 1; a higher one is read as 1 (RFC 9110 2.5).</summary>
    internal int MinorVersion => Kind == HttpHeadKind.Response ? _statusLine.MinorVersion : _requestLine.MinorVersion;

    internal int StatusCode => IsComplete ? _statusLine.StatusCode : 0;

    internal ReadOnlySpan<byte> ReasonPhrase => IsComplete ? Text(_statusLine.ReasonStart, _statusLine.ReasonEnd) : default;

    internal HeaderCollection Fields => new(this);

    /// <summary>How many fields can be read; 0 before the head is complete.</summary>
    internal int FieldCount { get; private set; }

    private bool IsRequest => IsComplete && Kind == HttpHeadKind.Request;

    /// <summary>Begins a new head.</summary>
    /// <param name="kind">What to read.</param>
    /// <param name="requestMethod">For a response: what was asked, since the answer to HEAD has no body (RFC 9112 6.3).</param>
    internal void Reset(HttpHeadKind kind, RequestMethod requestMethod = RequestMethod.Get)
    {
        Kind = kind;
        Fault = ProtocolFault.None;
        _status = HeadStatus.NeedMore;
        _length = 0;
        _lines = 0;
        _lineStart = 0;
        _inFields = kind is HttpHeadKind.Trailers or HttpHeadKind.Part;
        _requestLine = default;
        _statusLine = default;
        _fieldLine = default;
        _target = default;
        _known = default;
        FieldCount = 0;
        ResetMeaning(requestMethod);
    }

    internal HeaderField Field(int index)
    {
        ref readonly FieldSlot slot = ref _fields[index];
        return new HeaderField(Text(slot.NameStart, slot.NameEnd), Text(slot.ValueStart, slot.ValueEnd), slot.Known);
    }

    internal bool HasField(KnownHeader header) => _known.Contains(header);

    internal ReadOnlySpan<byte> FirstValue(KnownHeader header)
    {
        if (!_known.Contains(header))
            return default;

        int index = 0;
        while (_fields[index].Known != header)
            index++;
        return Text(_fields[index].ValueStart, _fields[index].ValueEnd);
    }

    internal int CountOf(KnownHeader header)
    {
        if (!_known.Contains(header))
            return 0;

        int count = 0;
        for (int i = 0; i < FieldCount; i++)
        {
            if (_fields[i].Known == header)
                count++;
        }
        return count;
    }

    internal bool TryFind(ReadOnlySpan<byte> name, out ReadOnlySpan<byte> value)
    {
        KnownHeader known = KnownHeaders.Find(name);
        if (known != KnownHeader.None)
        {
            value = FirstValue(known);
            return HasField(known);
        }

        for (int i = 0; i < FieldCount; i++)
        {
            HeaderField field = Field(i);
            if (field.Known != KnownHeader.None || !Ascii.EqualsIgnoreCase(field.Name, name))
                continue;
            value = field.Value;
            return true;
        }
        value = default;
        return false;
    }

    private ReadOnlySpan<byte> Text(int start, int end) => _text.AsSpan(start, end - start);

    // Positions in the text; while a line is read, the value still has the blanks around it.
    private struct FieldSlot
    {
        internal int NameStart;
        internal int NameEnd;
        internal int ValueStart;
        internal int ValueEnd;
        internal KnownHeader Known;
    }
}
