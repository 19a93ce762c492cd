using System.Buffers;
using System.Buffers.Text;
using EventLoops;

namespace TestServer.Site;

/// <summary>
/// Protocol 0: answers the requests that no mount does. <c>/plaintext</c>, <c>/echo</c>, <c>/cookie</c> and <c>/allocated</c> are made here, and what is posted
/// or put comes back as it was sent, on whatever path. Files are mounted: see <see cref="Server"/>.
/// </summary>
internal sealed partial class SiteProtocol() : Protocol<SiteProtocol.Session>(ProtocolName)
{
    /// <summary>It has none, so no WebSocket is ever given to it.</summary>
    public const string ProtocolName = "";

    private const string PlainText = "text/plain; charset=utf-8";

    private static readonly HttpField Allow = new("Allow", "GET, HEAD, POST, PUT, OPTIONS");

    protected override CallbackResult OnHttp(Connection connection, ref Session session, ReadOnlySpan<byte> path)
    {
        switch (connection.Method)
        {
            case RequestMethod.Get or RequestMethod.Head:
                Get(connection, path);
                break;
            case RequestMethod.Post or RequestMethod.Put:
                BeginBodyEcho(connection, ref session);
                break;
            case RequestMethod.Options:
                connection.Respond(204, null, default, Allow);
                break;
            default:
                connection.Respond(405, PlainText, "This method is not served here.\n"u8, Allow);
                break;
        }

        return CallbackResult.Continue;
    }

    protected override CallbackResult OnHttpWritable(Connection connection, ref Session session) =>
        ContinueBodyEcho(connection, ref session);

    protected override void OnHttpClosed(Connection connection, ref Session session) => session.Held.Clear();

    private static void Get(Connection connection, ReadOnlySpan<byte> path)
    {
        if (path.SequenceEqual("/plaintext"u8))
            connection.Respond(200, "text/plain", "Hello, World!"u8);
        else if (path.SequenceEqual("/echo"u8))
            RespondWithFields(connection);
        else if (path.SequenceEqual("/cookie"u8))
            RespondWithCookies(connection);
        else if (path.SequenceEqual("/allocated"u8))
            RespondWithAllocatedBytes(connection);
        else
            connection.Respond(404, PlainText, "There is nothing here.\n"u8);
    }

    private static void RespondWithFields(Connection connection)
    {
        ArrayBufferWriter<byte> lines = new();
        foreach (HeaderField field in connection.Headers)
        {
            lines.Write(field.Name);
            lines.Write(": "u8);
            lines.Write(field.Value);
            lines.Write("\n"u8);
        }

        connection.Respond(200, PlainText, lines.WrittenSpan);
    }

    /// <summary>A cookie field holds pairs with a semicolon and a space between them (RFC 6265 4.2.1).</summary>
    private static void RespondWithCookies(Connection connection)
    {
        ArrayBufferWriter<byte> lines = new();
        foreach (HeaderField field in connection.Headers)
        {
            if (field.Known != KnownHeader.Cookie)
                continue;
            foreach (Range range in field.Value.Split((byte)';'))
            {
                ReadOnlySpan<byte> pair = field.Value[range].Trim((byte)' ');
                if (pair.IsEmpty)
                    continue;
                lines.Write(pair);
                lines.Write("\n"u8);
            }
        }

        connection.Respond(200, PlainText, lines.WrittenSpan);
    }

    /// <summary>What the managed heap of this process has handed out since its start, in bytes: who asks before and after knows what happened between has cost.</summary>
    private static void RespondWithAllocatedBytes(Connection connection)
    {
        Span<byte> text = stackalloc byte[20];
        Utf8Formatter.TryFormat(GC.GetTotalAllocatedBytes(precise: true), text, out int length);
        connection.Respond(200, PlainText, text[..length]);
    }

    /// <summary>The answer on its way: the part of a body that could not be sent back yet.</summary>
    internal struct Session
    {
        public MessageBuffer Held;
        public bool HasStarted;
        public bool HasBodyEnded;
    }
}
