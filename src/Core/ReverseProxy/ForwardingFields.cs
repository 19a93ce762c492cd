using System.Net;
using System.Net.Sockets;
using System.Text;
using EventLoops.Protocols.Http;

namespace EventLoops;

/// <summary>
/// What an origin is told of the client behind the proxy: <c>X-Forwarded-For</c>, <c>X-Forwarded-Proto</c> and <c>X-Forwarded-Host</c>, which everybody reads, and
/// <c>Forwarded</c> (RFC 7239), which is the standard.
/// </summary>
internal static class ForwardingFields
{
    /// <summary>
    /// Whether a field of the client stays behind, since what it says would be believed. When fields are extended, the four that are read by everybody are kept.
    /// </summary>
    public static bool IsReplaced(in HeaderField field, bool extends) => field.Known switch
    {
        // The lists are written anew, with the client's own part in front.
        KnownHeader.XForwardedFor or KnownHeader.Forwarded => true,
        KnownHeader.XForwardedProto or KnownHeader.XForwardedHost or KnownHeader.XRealIp => !extends,
        _ => !extends && field.Name.Length > 12 && Ascii.EqualsIgnoreCase(field.Name[..12], "X-Forwarded-"u8),
    };

    public static void Write(ref HeadWriter writer, Connection client, HttpHead head, bool extends)
    {
        IPAddress? address = (client.RemoteEndPoint as IPEndPoint)?.Address;
        if (address is { IsIPv4MappedToIPv6: true })
            address = address.MapToIPv4();
        else if (address is { AddressFamily: AddressFamily.InterNetworkV6, ScopeId: not 0 })
            address = new IPAddress(address.GetAddressBytes()); // The scope means something on this machine only.

        string scheme = client.IsTls ? "https" : "http";
        string text = address?.ToString() ?? "";
        string host = Encoding.Latin1.GetString(head.Authority);
        if (text.Length > 0 || extends)
            WriteList(ref writer, head, KnownHeader.XForwardedFor, text, extends);
        if (!extends || !head.HasField(KnownHeader.XForwardedProto))
            writer.Field("X-Forwarded-Proto", scheme);
        if (host.Length > 0 && (!extends || !head.HasField(KnownHeader.XForwardedHost)))
            writer.Field("X-Forwarded-Host", host);
        WriteList(ref writer, head, KnownHeader.Forwarded, Element(address, host, scheme), extends);
    }

    /// <summary>One hop as RFC 7239 4 has it; an address of version 6 and a host with a port need quotes (RFC 7239 6). A peer on a Unix socket has no address.</summary>
    private static string Element(IPAddress? address, string host, string scheme)
    {
        string who = address is null ? "unknown" : address.AddressFamily == AddressFamily.InterNetworkV6 ? $"\"[{address}]\"" : address.ToString();
        return host.Length == 0 ? $"for={who};proto={scheme}" : $"for={who};host=\"{host}\";proto={scheme}";
    }

    /// <summary>A list, with what the client has sent of it in front: in one line, since many origins read one line only.</summary>
    private static void WriteList(ref HeadWriter writer, HttpHead head, KnownHeader known, string last, bool extends)
    {
        StringBuilder list = new();
        if (extends && head.HasField(known))
        {
            foreach (HeaderField field in head.Fields)
            {
                if (field.Known == known && !field.Value.IsEmpty)
                    list.Append(Encoding.Latin1.GetString(field.Value)).Append(", ");
            }
        }

        list.Append(last);
        string value = list.ToString().TrimEnd(' ', ',');
        if (value.Length > 0)
            writer.Field(Encoding.ASCII.GetString(KnownHeaders.Name(known)), value);
    }
}
