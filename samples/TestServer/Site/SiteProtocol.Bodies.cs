using EventLoops;

namespace TestServer.Site;

/// <summary>
/// Sends a posted body back while it is still coming, as it comes: with its own length and type, or in chunks when its length is not known.
/// A client that does not read its answer is not read from either, so that one part is all that is ever held.
/// </summary>
internal sealed partial class SiteProtocol
{
    protected override CallbackResult OnHttpBody(Connection connection, ref Session session, ReadOnlySpan<byte> part)
    {
        StartBodyEcho(connection, ref session);
        if (connection.WriteBody(part) != WriteResult.Busy)
            return CallbackResult.Continue;

        connection.PauseReceive();
        connection.RequestWritable();
        session.Held.Append(part);
        return CallbackResult.Continue;
    }

    protected override CallbackResult OnHttpBodyEnd(Connection connection, ref Session session)
    {
        StartBodyEcho(connection, ref session);
        session.HasBodyEnded = true;
        if (session.Held.IsEmpty)
            connection.EndResponse();
        return CallbackResult.Continue;
    }

    private static void BeginBodyEcho(Connection connection, ref Session session)
    {
        session.HasStarted = session.HasBodyEnded = false;

        // The answer to a body begins with its first part: a client that asked with 'Expect: 100-continue' has not sent it yet.
        if (connection.RequestContentLength == 0)
            connection.Respond(200, TypeOfBody(connection), default);
    }

    private static void StartBodyEcho(Connection connection, ref Session session)
    {
        if (!session.HasStarted)
            connection.StartResponse(200, TypeOfBody(connection), connection.RequestContentLength);
        session.HasStarted = true;
    }

    private static CallbackResult ContinueBodyEcho(Connection connection, ref Session session)
    {
        if (session.Held.IsEmpty)
            return CallbackResult.Continue;
        if (connection.WriteBody(session.Held.Span) == WriteResult.Busy)
        {
            connection.RequestWritable();
            return CallbackResult.Continue;
        }

        session.Held.Clear();
        connection.ResumeReceive();
        if (session.HasBodyEnded)
            connection.EndResponse();
        return CallbackResult.Continue;
    }

    private static string? TypeOfBody(Connection connection) =>
        connection.Headers.Contains(KnownHeader.ContentType) ? connection.Headers.GetString(KnownHeader.ContentType) : null;
}
