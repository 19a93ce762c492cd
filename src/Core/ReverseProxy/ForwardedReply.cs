using System.Text;
using EventLoops.Protocols.Http;

namespace EventLoops;

/// <summary>The head of an origin's reply as the client gets it.</summary>
internal readonly ref struct ForwardedReply(HttpHead head, HostedMount mount, ReverseProxyOrigin origin, ReadOnlySpan<byte> askedHost)
{
    private readonly ReadOnlySpan<byte> _askedHost = origin.Options.KeepsHost ? askedHost : default;
    private readonly ReadOnlySpan<byte> _clientHost = askedHost;

    public int Status => head.StatusCode;

    /// <summary>Whether the origin has said when it made the answer; otherwise we do (RFC 9110 6.6.1).</summary>
    public bool HasDate => head.HasField(KnownHeader.Date);

    /// <summary>How long the body is: -1 for a length that will be known when it has come, or that a reply without a body does not tell.</summary>
    public long Length => head.Framing switch
    {
        BodyFraming.Length => head.ContentLength,

        // The reply to HEAD, and 304, may tell how long the body would be (RFC 9110 8.6).
        BodyFraming.None => head.ContentLength,
        _ => -1,
    };

    /// <summary>The origin's fields, as far as they are not about its own connection, and the mount's.</summary>
    public void WriteFields(ref HeadWriter writer)
    {
        foreach (HeaderField field in head.Fields)
        {
            // RFC 9110 15.5.22: 426 is no use without the protocol that it wants.
            if (field.Known == KnownHeader.Upgrade && head.StatusCode is 101 or 426)
                WriteUpgrade(ref writer, field.Value);
            else if (!HopByHop.Has(head, field))
                Write(ref writer, field);
        }

        if (head.StatusCode < 200)
            return;

        foreach (HttpField own in mount.Mount.Fields)
            writer.Field(own.Name, own.Value);
    }

    /// <summary>RFC 9110 7.8: whoever sends <c>Upgrade</c> names it in <c>Connection</c>.</summary>
    private static void WriteUpgrade(ref HeadWriter writer, ReadOnlySpan<byte> value)
    {
        writer.Field("Upgrade"u8, value);
        writer.Field("Connection"u8, "Upgrade"u8);
    }

    private void Write(ref HeadWriter writer, in HeaderField field)
    {
        if (field.Known is KnownHeader.Location or KnownHeader.ContentLocation && origin.Translate(field.Value, _askedHost) is { } translated)
            writer.Field(field.Name, Encoding.Latin1.GetBytes(translated));
        else if (field.Known == KnownHeader.SetCookie && origin.Cookies.Translate(field.Value, _clientHost) is { } cookie)
            writer.Field(field.Name, Encoding.Latin1.GetBytes(cookie));
        else
            writer.Field(field.Name, field.Value);
    }
}
