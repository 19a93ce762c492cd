using System.Text;
using EventLoops;

namespace TestServer.Site;

/// <summary>Sends files: a small one from memory and at once, a large one piece by piece, as fast as the client takes it.</summary>
internal sealed partial class SiteProtocol
{
    private const int PieceSize = 64 * 1024;

    // A client that reads as fast as we write would be the only one that is served; after so many pieces the others have their turn.
    private const int PiecesPerTurn = 4;

    // A browser asks every time, so that a page that was edited is seen edited; and it believes the type that it is told.
    private static readonly HttpField[] FileFields = [new("Cache-Control", "no-cache"), new("X-Content-Type-Options", "nosniff")];

    private readonly byte[] _piece = new byte[PieceSize];

    private void RespondWithFile(Connection connection, ref Session session, ReadOnlySpan<byte> path)
    {
        if (_files.Open(Encoding.UTF8.GetString(path)) is not { } file)
        {
            connection.Respond(404, PlainText, "There is nothing here.\n"u8);
            return;
        }

        if (file.Content is not null)
        {
            connection.Respond(200, file.ContentType, file.Content, FileFields);
            return;
        }

        connection.StartResponse(200, file.ContentType, file.Length, FileFields);
        if (connection.Method == RequestMethod.Head)
        {
            file.Handle!.Dispose();
            connection.EndResponse();
            return;
        }

        session.File = file.Handle;
        session.FileLength = file.Length;
        session.FileSent = 0;
        connection.RequestWritable();
    }

    private CallbackResult ContinueFile(Connection connection, ref Session session)
    {
        for (int i = 0; i < PiecesPerTurn && session.FileSent < session.FileLength; i++)
        {
            int wanted = (int)Math.Min(PieceSize, session.FileLength - session.FileSent);
            int read = RandomAccess.Read(session.File!, _piece.AsSpan(0, wanted), session.FileSent);

            // A file that was cut meanwhile cannot be what its announced length promised; only a connection that ends tells the client so.
            if (read == 0)
                return CallbackResult.Close;
            if (connection.WriteBody(_piece.AsSpan(0, read)) != WriteResult.Accepted)
                break;
            session.FileSent += read;
        }

        if (session.FileSent < session.FileLength)
        {
            connection.RequestWritable();
            return CallbackResult.Continue;
        }

        session.File!.Dispose();
        session.File = null;
        connection.EndResponse();
        return CallbackResult.Continue;
    }
}
