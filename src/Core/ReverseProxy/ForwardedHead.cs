using System.Globalization;
using System.Net;
using EventLoops.Protocols.Http;

namespace EventLoops;

/// <summary>
/// The head of a client's request as the origin gets it. It is put together once, from the client's own bytes, and may be sent more than once: a kept socket may turn
/// out to be dead.
/// </summary>
internal sealed class ForwardedHead
{
    private readonly bool _saysEmpty;
    private ByteQueue _lines;

    private ForwardedHead(bool isUpgrade, long? bodyLength, bool saysEmpty)
    {
        IsUpgrade = isUpgrade;
        BodyLength = bodyLength;
        _saysEmpty = saysEmpty;
    }

    /// <summary>Whether the origin is asked to become a WebSocket.</summary>
    public bool IsUpgrade { get; }

    /// <summary>The length of the body; -1 for one in chunks, null for none.</summary>
    public long? BodyLength { get; }

    /// <summary>Puts the head together.</summary>
    /// <param name="client">The connection that the request came by.</param>
    /// <param name="request">The request.</param>
    /// <param name="origin">Whom it is for.</param>
    /// <exception cref="ArgumentException">It is longer than any head that is sent.</exception>
    public static ForwardedHead Of(Connection client, in MountRequest request, ReverseProxyOrigin origin)
    {
        // RFC 9110 7.8: a protocol is switched after the whole request, so one with a body stays what it is; a server need not heed the wish.
        bool isUpgrade = request.Head.WantsWebSocket && !request.HasBody;
        long? bodyLength = !request.HasBody ? null : request.Head.Framing == BodyFraming.Chunked ? -1 : request.Head.ContentLength;

        // RFC 9110 8.6: methods that are about a body say that there is none.
        bool saysEmpty = !request.HasBody && (request.Head.ContentLength == 0 || request.Method is RequestMethod.Post or RequestMethod.Put or RequestMethod.Patch);
        ForwardedHead head = new(isUpgrade, bodyLength, saysEmpty);
        HeadWriter writer = new(client.Thread.Scratch);
        WriteRequestLine(ref writer, request, origin);
        ReadOnlySpan<byte> host = origin.Options.KeepsHost ? request.Head.Authority : default;
        writer.Field("Host"u8, host.IsEmpty ? origin.Host : host);
        WriteFields(ref writer, request, origin.Options.ExtendsForwarded);
        ForwardingFields.Write(ref writer, client, request.Head, origin.Options.ExtendsForwarded);

        // RFC 9110 7.6.3: a gateway says in each request that it was there, by a name of its own that shows it its own requests.
        writer.Field("Via", $"1.{Math.Min(request.Head.MinorVersion, 1)} {client.Context.ViaName}");
        head._lines.Append(writer.Written);
        return head;
    }

    /// <summary>Whether a request has come by this context before: an origin has sent it back.</summary>
    public static bool IsLoop(HttpHead head, string viaName)
    {
        if (!head.HasField(KnownHeader.Via))
            return false;

        foreach (HeaderField field in head.Fields)
        {
            if (field.Known != KnownHeader.Via)
                continue;

            foreach (ReadOnlySpan<byte> element in TokenList.Elements(field.Value))
            {
                // RFC 9110 7.6.3: protocol version, a blank, the name, and perhaps a comment.
                int blank = element.IndexOfAny((byte)' ', (byte)'\t');
                if (blank >= 0 && System.Text.Ascii.Equals(HttpChars.Trim(element[blank..]), viaName))
                    return true;
            }
        }

        return false;
    }

    /// <summary>Sends it, with what depends on the connection.</summary>
    public void Send(Connection origin, bool keepsSocket)
    {
        HeadWriter writer = new(origin.Thread.Scratch);
        writer.Lines(_lines.Span);
        if (IsUpgrade)
        {
            writer.Field("Upgrade"u8, "websocket"u8);
            writer.Field("Connection"u8, "Upgrade"u8);
        }
        else if (!keepsSocket)
        {
            writer.Field("Connection"u8, "close"u8);
        }

        if (BodyLength == -1)
            writer.Field("Transfer-Encoding"u8, "chunked"u8);
        else if (BodyLength is { } length)
            writer.ContentLength(length);
        else if (_saysEmpty)
            writer.ContentLength(0);
        writer.End();
        origin.Send(writer.Written);
    }

    public void Release() => _lines.Clear();

    /// <summary>
    /// The path below the mount point goes through byte for byte, so that an origin that tells <c>%2F</c> from a slash still can. One that had dot segments goes as it
    /// was understood here: the origin must not find its way out of its own place by them.
    /// </summary>
    private static void WriteRequestLine(ref HeadWriter writer, in MountRequest request, ReverseProxyOrigin origin)
    {
        ReadOnlySpan<byte> raw = request.Head.RawPath;
        bool isFaithful = UriPath.TryLocate(raw, request.Path, request.Mount.PointLength, out int rawPlace);
        byte[] encoded = isFaithful ? [] : System.Text.Encoding.ASCII.GetBytes(UriPath.Encode(request.Rest));
        ReadOnlySpan<byte> rest = isFaithful ? raw[rawPlace..] : encoded;

        int length = origin.BasePath.Length + 1 + rest.Length + 1 + request.Query.Length;
        byte[] rented = BufferPool.Rent(length);
        try
        {
            Span<byte> target = rented;
            origin.BasePath.CopyTo(target);
            int used = origin.BasePath.Length;
            if (rest.IsEmpty && used == 0)
                target[used++] = (byte)'/';
            rest.CopyTo(target[used..]);
            used += rest.Length;
            if (!request.Query.IsEmpty)
            {
                target[used++] = (byte)'?';
                request.Query.CopyTo(target[used..]);
                used += request.Query.Length;
            }

            writer.RequestLine(RequestMethods.Name(request.Method), target[..used]);
        }
        finally
        {
            BufferPool.Return(rented);
        }
    }

    private static void WriteFields(ref HeadWriter writer, in MountRequest request, bool extendsForwarded)
    {
        HttpHead head = request.Head;
        foreach (HeaderField field in head.Fields)
        {
            // The host is written by us, and 100 was, or will be, sent by us (RFC 9110 10.1.1).
            if (field.Known is KnownHeader.Host or KnownHeader.Expect || HopByHop.Has(head, field))
                continue;

            // Many an origin takes an underscore for a dash, as CGI has taught it, and would take Content_Length or X_Forwarded_For for what it is not.
            if (field.Name.Contains((byte)'_') || ForwardingFields.IsReplaced(field, extendsForwarded))
                continue;

            if (field.Known == KnownHeader.MaxForwards && request.Method is RequestMethod.Options && TryCount(field.Value, out int hops))
                writer.Field("Max-Forwards", (hops - 1).ToString(CultureInfo.InvariantCulture)); // RFC 9110 7.6.2
            else
                writer.Field(field.Name, field.Value);
        }
    }

    /// <summary>Reads the value of <c>Max-Forwards</c> (RFC 9110 7.6.2), if it is one.</summary>
    public static bool TryCount(ReadOnlySpan<byte> value, out int hops) =>
        System.Buffers.Text.Utf8Parser.TryParse(value, out hops, out int used) && used == value.Length && hops >= 0 && !value.IsEmpty && HttpChars.IsDigit(value[0]);
}
