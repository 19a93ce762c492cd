using System.Buffers;
using EventLoops;
using Microsoft.Win32.SafeHandles;

namespace TestServer.Site;

/// <summary>
/// Protocol 0: answers the HTTP requests. <c>/plaintext</c>, <c>/echo</c> and <c>/cookie</c> are made here, every other path is that of a
/// file, and what is posted or put comes back as it was sent.
/// </summary>
/// <param name="root">The folder whose files are served.</param>
internal sealed partial class SiteProtocol(string root) : Protocol<SiteProtocol.Session>("")
{
    private const string PlainText = "text/plain; charset=utf-8";

    private static readonly HttpField Allow = new("Allow", "GET, HEAD, POST, PUT, OPTIONS");

    private readonly SiteFiles _files = new(root);
    private readonly ArrayBufferWriter<byte> _lines = new();

    protected override CallbackResult OnHttp(Connection connection, ref Session session, ReadOnlySpan<byte> path)
    {
        switch (connection.Method)
        {
            case RequestMethod.Get or RequestMethod.Head:
                Get(connection, ref session, path);
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
        session.File is null ? ContinueBodyEcho(connection, ref session) : ContinueFile(connection, ref session);

    protected override void OnHttpClosed(Connection connection, ref Session session)
    {
        session.Held.Clear();
        session.File?.Dispose();
    }

    private void Get(Connection connection, ref Session session, ReadOnlySpan<byte> path)
    {
        if (path.SequenceEqual("/plaintext"u8))
            connection.Respond(200, "text/plain", "Hello, World!"u8);
        else if (path.SequenceEqual("/echo"u8))
            RespondWithFields(connection);
        else if (path.SequenceEqual("/cookie"u8))
            RespondWithCookies(connection);
        else
            RespondWithFile(connection, ref session, path);
    }

    private void RespondWithFields(Connection connection)
    {
        _lines.ResetWrittenCount();
        foreach (HeaderField field in connection.Headers)
        {
            _lines.Write(field.Name);
            _lines.Write(": "u8);
            _lines.Write(field.Value);
            _lines.Write("\n"u8);
        }

        connection.Respond(200, PlainText, _lines.WrittenSpan);
    }

    /// <summary>A cookie field holds pairs with a semicolon and a space between them (RFC 6265 4.2.1).</summary>
    private void RespondWithCookies(Connection connection)
    {
        _lines.ResetWrittenCount();
        foreach (HeaderField field in connection.Headers)
        {
            if (field.Known != KnownHeader.Cookie)
                continue;
            foreach (Range range in field.Value.Split((byte)';'))
            {
                ReadOnlySpan<byte> pair = field.Value[range].Trim((byte)' ');
                if (pair.IsEmpty)
                    continue;
                _lines.Write(pair);
                _lines.Write("\n"u8);
            }
        }

        connection.Respond(200, PlainText, _lines.WrittenSpan);
    }

    /// <summary>The answer on its way: the part of a body that could not be sent back yet, or the file that is being sent.</summary>
    internal struct Session
    {
        public MessageBuffer Held;
        public bool HasStarted;
        public bool HasBodyEnded;
        public SafeFileHandle? File;
        public long FileLength;
        public long FileSent;
    }
}
