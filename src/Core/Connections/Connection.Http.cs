using System.Diagnostics.CodeAnalysis;
using EventLoops.Protocols.Http;

namespace EventLoops;

/// <summary>What users do with a request, and how they answer it.</summary>
public sealed partial class Connection
{
    /// <summary>
    /// The header fields of the request, or of the reply for a client. On a server they can be read until the answer is complete, or, for a request to
    /// become a WebSocket, until <c>OnEstablished</c> has returned; on a WebSocket client until <c>OnUpgraded</c> has returned, and in <c>OnConnectFailed</c> when the
    /// server has answered with another status; on an HTTP client from <c>OnHttpReply</c> to the end. Empty at other times.
    /// </summary>
    public HeaderCollection Headers => ReadableHead is { } head ? head.Fields : default;

    /// <summary>The method of the request. <see cref="RequestMethod.Other"/> when there is none at the moment.</summary>
    public RequestMethod Method => ReadableHead?.Method ?? RequestMethod.Other;

    /// <summary>The target of the request as it was sent, path and query (RFC 9112 3.2). Empty when there is none at the moment.</summary>
    public ReadOnlySpan<byte> RequestTarget => ReadableHead is { } head ? head.Target : default;

    /// <summary>The query of the request as it was sent, without the question mark. Empty when there is none.</summary>
    public ReadOnlySpan<byte> Query => ReadableHead is { } head ? head.Query : default;

    /// <summary>How many bytes of body the request announced: 0 for none, -1 when it is sent in chunks.</summary>
    public long RequestContentLength => (_role as HttpServerRole)?.RequestContentLength ?? 0;

    /// <summary>
    /// The fields that came after a body in chunks (RFC 9112 7.1.2): of a request from <c>OnHttpBodyEnd</c> until the answer is complete, of a client's reply from
    /// <c>OnHttpCompleted</c> to the end. Empty when there are none, and at other times. They come later than whoever trusts the head would look, so fields that frame, route or authenticate a message are refused there.
    /// </summary>
    public HeaderCollection Trailers
    {
        get
        {
            Thread.Loop.VerifyThread();
            HttpHead? trailers = (_role as HttpServerRole)?.Trailers ?? (_role as HttpClientRole)?.Trailers;
            return trailers is null ? default : trailers.Fields;
        }
    }

    /// <summary>The cookies of the request (RFC 6265 4.2), for as long as <see cref="Headers"/> can be read.</summary>
    public CookieList Cookies => new(Headers);

    /// <summary>The arguments of the query, one after the other, for as long as <see cref="Query"/> can be read.</summary>
    public QueryArguments QueryArguments => new(Query);

    /// <summary>The head that can be read at the moment.</summary>
    internal HttpHead? CurrentHead { get; set; }

    /// <summary>The same for users, whose spans must not be read on another thread: the next request reuses the memory.</summary>
    private HttpHead? ReadableHead
    {
        get
        {
            Thread.Loop.VerifyThread(nameof(Headers));
            return CurrentHead;
        }
    }

    /// <summary>Answers the request as a whole. What the request's method or status forbids to send as a body is left out.</summary>
    /// <param name="status">The status, 200 to 599.</param>
    /// <param name="contentType">The value of <c>Content-Type</c>; null for none.</param>
    /// <param name="body">The body; it is copied or sent before this returns.</param>
    /// <param name="fields">Further header fields.</param>
    /// <exception cref="ArgumentException">A status or field that cannot be sent (RFC 9110 5). Nothing was sent.</exception>
    /// <exception cref="InvalidOperationException">There is no request to answer, or another thread than the loop's.</exception>
    public void Respond(int status, string? contentType, ReadOnlySpan<byte> body, params ReadOnlySpan<HttpField> fields)
    {
        if (!TryGetRequest(nameof(Respond), out HttpServerRole? request))
            return;

        request.StartResponse(status, contentType, body.Length, fields);
        request.WriteBody(body);
        request.EndResponse();
    }

    /// <summary>Begins an answer whose body follows by <see cref="WriteBody"/>.</summary>
    /// <param name="status">The status, 200 to 599.</param>
    /// <param name="contentType">The value of <c>Content-Type</c>; null for none.</param>
    /// <param name="contentLength">
    /// The length of the body in bytes; -1 when it is not known, which sends it in chunks, or until the end of the stream to an HTTP/1.0 client
    /// (RFC 9112 6.3).
    /// </param>
    /// <param name="fields">Further header fields.</param>
    /// <exception cref="ArgumentException">A status or field that cannot be sent (RFC 9110 5). Nothing was sent.</exception>
    /// <exception cref="InvalidOperationException">There is no request to answer, or another thread than the loop's.</exception>
    public void StartResponse(int status, string? contentType, long contentLength, params ReadOnlySpan<HttpField> fields)
    {
        ArgumentOutOfRangeException.ThrowIfLessThan(contentLength, -1);
        if (TryGetRequest(nameof(StartResponse), out HttpServerRole? request))
            request.StartResponse(status, contentType, contentLength, fields);
    }

    /// <summary>
    /// Sends a part of the body, of an answer or of a client's request, unless the kernel still refuses what was written before. A client writes in
    /// <c>OnHttpWritable</c> or later, from anywhere on the loop's thread.
    /// </summary>
    /// <param name="part">The bytes; they are copied or sent before this returns. At most <see cref="ConnectionLimits.MaxWriteSize"/>.</param>
    /// <returns>
    /// Whether it was taken; <see cref="WriteResult.Busy"/> asks for <see cref="RequestWritable"/>, which leads to <c>OnHttpWritable</c>.
    /// <see cref="WriteResult.Closed"/> also tells a client that its server has answered already, or closed, and wants no more of the body.
    /// </returns>
    /// <exception cref="ArgumentException">More than a write may carry. Nothing was sent.</exception>
    /// <exception cref="InvalidOperationException">No answer was begun, more than was announced, or another thread than the loop's.</exception>
    public WriteResult WriteBody(ReadOnlySpan<byte> part)
    {
        if (!IsServer)
            return WriteRequestBody(part);
        if (!TryGetRequest(nameof(WriteBody), out HttpServerRole? request))
            return WriteResult.Closed;
        if (part.Length > Context.Limits.MaxWriteSize)
            throw new ArgumentException($"One write carries at most {Context.Limits.MaxWriteSize} bytes.", nameof(part));
        if (_isChoked)
            return WriteResult.Busy;

        request.WriteBody(part);
        return IsClosed ? WriteResult.Closed : WriteResult.Accepted;
    }

    /// <summary>The answer is complete. The next request of the connection is served, or the connection ends when it was to be the last.</summary>
    /// <exception cref="InvalidOperationException">No answer was begun, less than was announced was sent, or another thread than the loop's.</exception>
    public void EndResponse()
    {
        if (TryGetRequest(nameof(EndResponse), out HttpServerRole? request))
            request.EndResponse();
    }

    /// <summary>Ends a body in chunks (RFC 9112 7.1.2), with the trailers of a message that is forwarded.</summary>
    internal void SendLastChunk(HttpHead? trailers)
    {
        if (trailers is null)
        {
            Send(ChunkedEncoder.LastChunk);
            return;
        }

        HeadWriter writer = new(Thread.Scratch);
        writer.Lines("0\r\n"u8);
        foreach (HeaderField field in trailers.Fields)
        {
            if (!HopByHop.HasTrailer(field))
                writer.Field(field.Name, field.Value);
        }

        writer.End();
        Send(writer.Written);
    }

    /// <summary>What a request is answered that nobody cares for.</summary>
    internal void RespondWithNothing(ReadOnlySpan<byte> path)
    {
        // RFC 9110 15.5.6: the place is there, and is only not served by this method.
        if (VirtualHost?.Mounts.Find(path)?.Origin.Kind == MountKind.Files)
            RespondError(405, "This method is not served here.", new HttpField("Allow", "GET, HEAD"));
        else
            RespondError(404, "There is nothing here.");
    }

    /// <summary>
    /// Answers the request with an error page: the one of the virtual host or the context (<see cref="VirtualHostOptions.ErrorPage"/>), else the name of the
    /// status as text. The connection goes on. The original's <c>lws_return_http_status</c>.
    /// </summary>
    /// <param name="status">The status, 400 to 599.</param>
    /// <param name="fields">Further header fields.</param>
    /// <exception cref="ArgumentException">A status or field that cannot be sent (RFC 9110 5). Nothing was sent.</exception>
    /// <exception cref="InvalidOperationException">There is no request to answer, or another thread than the loop's.</exception>
    public void RespondError(int status, params ReadOnlySpan<HttpField> fields)
    {
        ArgumentOutOfRangeException.ThrowIfLessThan(status, 400);
        ArgumentOutOfRangeException.ThrowIfGreaterThan(status, 599);
        RespondError(status, System.Text.Encoding.ASCII.GetString(ReasonPhrases.Of(status)), fields);
    }

    /// <summary>The same with a sentence of the library's own.</summary>
    internal void RespondError(int status, string sentence, params ReadOnlySpan<HttpField> fields)
    {
        if (TryGetRequest(nameof(RespondError), out HttpServerRole? request))
            request.RespondError(status, sentence, fields);
    }

    private bool TryGetRequest(string member, [NotNullWhen(true)] out HttpServerRole? request)
    {
        Thread.Loop.VerifyThread();
        request = _role as HttpServerRole;

        // The peer may have gone before the answer was ready: then there is nobody to answer, and that is nobody's mistake.
        if (State is ConnectionState.Closed or ConnectionState.Flushing or ConnectionState.Lingering)
            return false;
        if (request is not { CanWrite: true })
            ThrowNoRequest(member);

        return true;
    }

    [DoesNotReturn]
    private static void ThrowNoRequest(string member) => throw new InvalidOperationException($"{nameof(Connection)}.{member}: there is no request to answer.");
}
