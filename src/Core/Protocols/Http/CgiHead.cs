using System.Text;

namespace EventLoops.Protocols.Http;

/// <summary>
/// The head of what a CGI program writes (RFC 3875 6.2), read from bytes as they come. Lines end in LF or CRLF, whichever the program's language prints; all
/// else is as strict as for a peer, since a program may put what a client sent it into a field. It touches no pipe and no clock.
/// </summary>
internal sealed class CgiHead(int maxSize, int maxFields)
{
    private readonly List<(string Name, string Value)> _fields = [];
    private byte[] _line = new byte[256];
    private int _lineLength;
    private int _size;
    private bool _hasCgiField;

    /// <summary>Why the head was refused.</summary>
    public ProtocolFault Fault { get; private set; }

    /// <summary>The status that the program named (RFC 3875 6.3.3); 0 for none.</summary>
    public int Status { get; private set; }

    /// <summary>Where the program sends the client; null for nowhere (RFC 3875 6.3.2).</summary>
    public string? Location { get; private set; }

    /// <summary>What the body is (RFC 3875 6.3.1); null when the program does not say it.</summary>
    public string? ContentType { get; private set; }

    /// <summary>How long the body is; -1 when the program does not say it.</summary>
    public long ContentLength { get; private set; } = -1;

    /// <summary>The other fields, without those that belong to a connection and not to an answer (RFC 3875 6.3.4).</summary>
    public IReadOnlyList<(string Name, string Value)> Fields => _fields;

    /// <summary>
    /// Whether the answer is the one to another path of this server (RFC 3875 6.2.2): a location that begins with a slash, and no status.
    /// </summary>
    public bool IsLocalRedirect => Status == 0 && Location is ['/', not '/', ..] or "/";

    /// <summary>The status of the answer: the program's; else 302 for a location, and 200.</summary>
    public int AnswerStatus => Status != 0 ? Status : Location is null ? 200 : 302;

    /// <summary>Goes on with the head. Any cut of the same bytes gives the same result.</summary>
    /// <param name="input">What has come; not kept.</param>
    /// <param name="consumed">How much of it belongs to the head: up to and with the empty line.</param>
    public HeadStatus Feed(ReadOnlySpan<byte> input, out int consumed)
    {
        consumed = 0;
        if (Fault != ProtocolFault.None)
            return HeadStatus.Fault;

        while (consumed < input.Length)
        {
            int end = input[consumed..].IndexOf(HttpChars.Lf);
            int taken = end < 0 ? input.Length - consumed : end + 1;
            _size += taken;
            if (_size > maxSize)
                return Refuse(ProtocolFault.HeadTooLarge);

            Append(input.Slice(consumed, end < 0 ? taken : end));
            consumed += taken;
            if (end < 0)
                return HeadStatus.NeedMore;

            ReadOnlySpan<byte> line = _line.AsSpan(0, _lineLength);
            _lineLength = 0;
            if (line is [.., HttpChars.Cr])
                line = line[..^1];
            if (line.IsEmpty)
                return Conclude();

            ProtocolFault fault = ReadLine(line);
            if (fault != ProtocolFault.None)
                return Refuse(fault);
        }

        return HeadStatus.NeedMore;
    }

    /// <summary>RFC 3875 6.2.1: a program names the type of its document, a location or a status, at least; one that does not has not spoken CGI.</summary>
    private HeadStatus Conclude() => _hasCgiField ? HeadStatus.Complete : Refuse(ProtocolFault.MissingCgiField);

    private HeadStatus Refuse(ProtocolFault fault)
    {
        Fault = fault;
        return HeadStatus.Fault;
    }

    private void Append(ReadOnlySpan<byte> bytes)
    {
        if (_lineLength + bytes.Length > _line.Length)
            Array.Resize(ref _line, Math.Max(_lineLength + bytes.Length, _line.Length * 2));
        bytes.CopyTo(_line.AsSpan(_lineLength));
        _lineLength += bytes.Length;
    }

    private ProtocolFault ReadLine(ReadOnlySpan<byte> line)
    {
        int colon = line.IndexOf((byte)':');
        if (colon < 0)
            return ProtocolFault.MissingColon;

        ReadOnlySpan<byte> name = line[..colon];
        ReadOnlySpan<byte> value = HttpChars.Trim(line[(colon + 1)..]);
        if (!HttpChars.IsToken(name))
            return ProtocolFault.InvalidFieldName;
        if (value.ContainsAnyExcept(HttpChars.FieldValue))
            return ProtocolFault.InvalidFieldValue;
        if (Ascii.EqualsIgnoreCase(name, "Status"u8))
            return ReadStatus(value);

        switch (KnownHeaders.Find(name))
        {
            case KnownHeader.ContentType:
                _hasCgiField = true;
                ContentType = HeaderText.Decode(value);
                return ProtocolFault.None;
            case KnownHeader.Location:
                return ReadLocation(value);
            case KnownHeader.ContentLength when ContentLength >= 0:
                return ProtocolFault.DuplicateContentLength;
            case KnownHeader.ContentLength:
                if (!BodyLength.TryParse(value, out long length))
                    return ProtocolFault.InvalidContentLength;
                ContentLength = length;
                return ProtocolFault.None;

            // RFC 3875 6.3.4: these are the server's to write, which knows the connection and the time.
            case KnownHeader.Connection or KnownHeader.KeepAlive or KnownHeader.TransferEncoding or KnownHeader.Te or KnownHeader.Trailer
                or KnownHeader.Upgrade or KnownHeader.ProxyConnection or KnownHeader.Date or KnownHeader.Server:
                return ProtocolFault.None;
            default:
                if (_fields.Count == maxFields)
                    return ProtocolFault.TooManyFields;
                _fields.Add((HeaderText.Decode(name), HeaderText.Decode(value)));
                return ProtocolFault.None;
        }
    }

    private ProtocolFault ReadLocation(ReadOnlySpan<byte> value)
    {
        if (value.IsEmpty || Location is not null)
            return ProtocolFault.InvalidFieldValue;

        _hasCgiField = true;
        Location = HeaderText.Decode(value);
        return ProtocolFault.None;
    }

    /// <summary>Three digits, and perhaps a reason, which is ours to write.</summary>
    private ProtocolFault ReadStatus(ReadOnlySpan<byte> value)
    {
        bool isCode = value.Length >= 3 && HttpChars.IsDigit(value[0]) && HttpChars.IsDigit(value[1]) && HttpChars.IsDigit(value[2])
            && (value.Length == 3 || HttpChars.IsBlank(value[3]));
        int status = isCode ? ((value[0] - '0') * 100) + ((value[1] - '0') * 10) + (value[2] - '0') : 0;

        // An interim answer is not a program's to give, and what lies above 599 is nobody's.
        if (Status != 0 || status is < 200 or > 599)
            return ProtocolFault.InvalidStatusLine;

        _hasCgiField = true;
        Status = status;
        return ProtocolFault.None;
    }
}
