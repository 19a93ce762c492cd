using System.Text;

namespace EventLoops.Protocols.Http;

/// <summary>The value of Transfer-Encoding (RFC 9112 6.1): <c>chunked</c>, or a reason to refuse.</summary>
internal static class TransferCoding
{
    internal static ProtocolFault Check(ReadOnlySpan<byte> value)
    {
        bool chunked = false;
        bool compressed = false;
        foreach (ReadOnlySpan<byte> coding in TokenList.AllElements(value))
        {
            // RFC 9112 6.1: chunked is applied once, and last. What is not a registered coding is refused, not skipped:
            // the next reader of these bytes may take it for chunked.
            if (chunked)
                return ProtocolFault.InvalidTransferEncoding;
            if (Ascii.EqualsIgnoreCase(coding, "chunked"u8))
                chunked = true;
            else if (!coding.IsEmpty && TokenList.Contains("gzip,x-gzip,deflate,compress,x-compress"u8, coding))
                compressed = true;
            else
                return ProtocolFault.InvalidTransferEncoding;
        }
        return compressed ? ProtocolFault.UnsupportedTransferCoding : ProtocolFault.None;
    }
}
