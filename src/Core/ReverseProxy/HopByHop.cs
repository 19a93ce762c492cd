using System.Text;
using EventLoops.Protocols.Http;

namespace EventLoops;

/// <summary>
/// Which fields end here and are not forwarded: those that are about one connection and not about the message (RFC 9110 7.6.1), whether by their name or because the
/// sender has listed them in <c>Connection</c>; and those that frame a message, which is framed anew on the other side, so that no two readers can disagree about
/// where it ends (RFC 9112 11.2).
/// </summary>
internal static class HopByHop
{
    /// <summary>Whether a field of a message stays behind.</summary>
    public static bool Has(HttpHead head, in HeaderField field) => IsByName(field.Known) || IsListed(head, field.Name);

    /// <summary>The same for a trailer, which has no <c>Connection</c> of its own.</summary>
    public static bool HasTrailer(in HeaderField field) => IsByName(field.Known);

    private static bool IsByName(KnownHeader known) => known switch
    {
        KnownHeader.Connection or KnownHeader.KeepAlive or KnownHeader.ProxyConnection or KnownHeader.Upgrade or KnownHeader.Te or KnownHeader.Trailer => true,
        KnownHeader.ProxyAuthenticate or KnownHeader.ProxyAuthorization => true,
        KnownHeader.ContentLength or KnownHeader.TransferEncoding => true,
        _ => false,
    };

    private static bool IsListed(HttpHead head, ReadOnlySpan<byte> name)
    {
        if (!head.HasField(KnownHeader.Connection))
            return false;

        foreach (HeaderField field in head.Fields)
        {
            if (field.Known == KnownHeader.Connection && TokenList.Contains(field.Value, name))
                return true;
        }

        return false;
    }
}
