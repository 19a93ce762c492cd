using System.Runtime.CompilerServices;
using System.Text;
using EventLoops.Protocols.Http;

namespace EventLoops;

/// <summary>Saying no: to requests that break a rule, to requests that a callback does not want, and for users who answer with an error page.</summary>
internal sealed partial class HttpServerRole
{
    private static readonly HttpField[] AllowedMethods = [new HttpField("Allow", "GET, HEAD, POST, PUT, DELETE, OPTIONS, PATCH")];

    /// <summary>Answers with an error page. The connection goes on.</summary>
    /// <param name="status">The status.</param>
    /// <param name="sentence">What is wrong, for a person to read; it is sent when there is no page for it.</param>
    /// <param name="fields">Further fields.</param>
    public void RespondError(int status, string sentence, ReadOnlySpan<HttpField> fields)
    {
        (string contentType, ReadOnlyMemory<byte> body) = PageFor(status, sentence);
        StartResponse(status, contentType, body.Length, fields);
        WriteBody(body.Span);
        EndResponse();
    }

    /// <summary>Answers with the fault's status and ends the connection: nothing after a bad request can be trusted (RFC 9112 9.6).</summary>
    [MethodImpl(MethodImplOptions.NoInlining)]
    private void Refuse(ProtocolFault fault) =>
        Refuse(fault.HttpStatus(), fault.Describe(), new CloseInfo { Code = WebSocketCloseCode.Abnormal, Origin = CloseOrigin.Error, Fault = fault });

    /// <summary>A request without TLS on a port that speaks TLS: sent to the same place with TLS if the host wants that, otherwise told what is wrong.</summary>
    private void AnswerPlainHttp(HttpHead head, PlainHttpPolicy policy)
    {
        ReadOnlySpan<byte> target = head.Target;
        if (policy != PlainHttpPolicy.Redirect || head.Authority.IsEmpty || target.IsEmpty || target[0] != '/')
        {
            Refuse(ProtocolFault.PlainHttpOnTlsPort);
            return;
        }

        // RFC 9110 15.4.2, and 15.4.9 where the method has to stay. The port is the one that was asked for: it is this one, and it speaks TLS.
        string location = "https://" + Encoding.Latin1.GetString(head.Authority) + Encoding.Latin1.GetString(target);
        CloseInfo close = new() { Code = WebSocketCloseCode.Abnormal, Origin = CloseOrigin.Local };
        Refuse(head.Method is RequestMethod.Get or RequestMethod.Head ? 301 : 308, "this is served with TLS", close, [new HttpField("Location", location)]);
    }

    /// <summary>A callback did not want the request, or threw before it had answered.</summary>
    [MethodImpl(MethodImplOptions.NoInlining)]
    private void RefuseAfter(CallbackOutcome outcome)
    {
        if (outcome == CallbackOutcome.Close)
            Refuse(403, "this was refused", new CloseInfo { Code = WebSocketCloseCode.Abnormal, Origin = CloseOrigin.Local });
        else
            Refuse(500, "the server failed to answer", new CloseInfo { Code = WebSocketCloseCode.Abnormal, Origin = CloseOrigin.Error });
    }

    private void Refuse(int status, string reason, in CloseInfo close, ReadOnlySpan<HttpField> fields = default)
    {
        Connection.Context.Log.Refused(Connection.Id, status, reason);
        Thread.Counters.CountRefused(close.Fault, status);
        if (LoopEvents.Source.IsEnabled())
            LoopEvents.Source.RequestRefused(Connection.Id, status, (int)close.Fault);

        // A peer that speaks no HTTP at all would not understand an answer, and one whose answer has begun cannot be given a second.
        if (status == 0 || _hasStarted)
        {
            Connection.End(close);
            return;
        }

        WriteRefusal(status, reason, fields);
        ReleaseHead();
        Connection.EndAfterFlush(close, AfterFlush.ShutdownAndLinger);
    }

    private void WriteRefusal(int status, string reason, ReadOnlySpan<HttpField> fields)
    {
        (string contentType, ReadOnlyMemory<byte> body) = PageFor(status, reason);
        HeadWriter writer = new(Thread.Scratch);
        writer.StatusLine(status);
        writer.Lines(Connection.VirtualHost!.CommonFieldsOn(Thread).At(Thread.UtcNow()));
        writer.Field("Connection"u8, "close"u8);
        writer.Field("Content-Type", contentType);
        writer.ContentLength(body.Length);

        // RFC 6455 4.4: a version that is not spoken is answered with the one that is. RFC 9110 15.5.6: 405 names what is allowed.
        if (status == 426)
            writer.Field("Sec-WebSocket-Version"u8, "13"u8);
        if (status == 405)
            writer.Field(AllowedMethods[0].Name, AllowedMethods[0].Value);
        foreach (HttpField field in fields)
            writer.Field(field.Name, field.Value);
        writer.End();
        Connection.Send(writer.Written);
        bool sendsBody = _head is not { Method: RequestMethod.Head };
        NoteAnswer(status, sendsBody ? body.Length : 0);
        if (sendsBody)
            Connection.Send(body.Span);
    }

    /// <summary>The virtual host's page, else the context's, else the sentence itself. A source that throws is passed over.</summary>
    private (string ContentType, ReadOnlyMemory<byte> Body) PageFor(int status, string sentence)
    {
        ErrorPage? page = Ask(Connection.VirtualHost!.Options.ErrorPage, status, sentence) ?? Ask(Connection.Context.ErrorPage, status, sentence);
        return page is null ? ("text/plain", Encoding.ASCII.GetBytes(sentence + "\n")) : (page.ContentType, page.Body);
    }

    private ErrorPage? Ask(Func<int, string, ErrorPage?>? source, int status, string sentence)
    {
        try
        {
            return source?.Invoke(status, sentence);
        }
        catch (Exception exception)
        {
            Connection.Context.Log.ErrorPageThrew(status, exception);
            return null;
        }
    }
}
