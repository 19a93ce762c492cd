namespace EventLoops.Protocols.Http;

/// <summary>How much of a peer's message head is taken before it is refused.</summary>
/// <param name="MaxRequestLine">
/// Bytes of the first line without its line end, and with an empty line before it; 8 KiB is what nginx and Kestrel take, and RFC 9112 3
/// asks for at least 8000.
/// </param>
/// <param name="MaxHeadSize">Bytes of the whole head with every line end; 32 KiB is Kestrel's default.</param>
/// <param name="MaxFields">Field lines; 100 is Kestrel's and Apache's default.</param>
internal sealed record HttpHeadLimits(int MaxRequestLine = 8 * 1024, int MaxHeadSize = 32 * 1024, int MaxFields = 100)
{
    internal static readonly HttpHeadLimits Default = new();
}

/// <summary>What kind of head is being read.</summary>
internal enum HttpHeadKind : byte
{
    /// <summary>A request line and fields.</summary>
    Request,

    /// <summary>A status line and fields.</summary>
    Response,

    /// <summary>The fields after the last chunk (RFC 9112 7.1.2), without a first line.</summary>
    Trailers,

    /// <summary>The fields before a part of a multipart body (RFC 2046 5.1), without a first line. They say nothing about the connection.</summary>
    Part,
}

/// <summary>How far <see cref="HttpHead.Feed"/> came.</summary>
internal enum HeadStatus : byte
{
    /// <summary>All input was used and the head goes on.</summary>
    NeedMore,

    /// <summary>The head ended; what follows it was not touched.</summary>
    Complete,

    /// <summary>The head is refused, see <see cref="HttpHead.Fault"/>.</summary>
    Fault,
}

/// <summary>How the body after a head is delimited (RFC 9112 6.3).</summary>
internal enum BodyFraming : byte
{
    /// <summary>There is no body, or one of length zero.</summary>
    None,

    /// <summary><see cref="HttpHead.ContentLength"/> bytes, at least one.</summary>
    Length,

    /// <summary>Chunks, read with <see cref="ChunkedDecoder"/>.</summary>
    Chunked,

    /// <summary>All bytes until the peer closes; only responses.</summary>
    UntilClose,
}
