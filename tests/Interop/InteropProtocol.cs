using System.Globalization;
using System.Text;
using System.Threading.Channels;

namespace EventLoops.Tests.Interop;

/// <summary>
/// What our server speaks to foreign clients: it echoes messages, and does what a text message that begins with <c>!</c> asks for. Over HTTP it has a few
/// resources. What a test waits for comes out of channels.
/// </summary>
internal sealed class InteropProtocol(string name = "interop") : Protocol<InteropProtocol.Session>(name)
{
    public const string Greeting = "Hello from the loop.\n";
    public const int LargeBody = 8 * 1024 * 1024;

    private static readonly byte[] s_large = Message.Pattern(64 * 1024);
    private int _acceptedCount;

    /// <summary>How each WebSocket ended.</summary>
    public Channel<CloseInfo> Closed { get; } = Channel.CreateUnbounded<CloseInfo>();

    /// <summary>The payloads of received pongs.</summary>
    public Channel<string> Pongs { get; } = Channel.CreateUnbounded<string>();

    public int AcceptedCount => Volatile.Read(ref _acceptedCount);

    protected override CallbackResult OnAccepted(Connection connection, ref Session session)
    {
        Interlocked.Increment(ref _acceptedCount);
        return CallbackResult.Continue;
    }

    protected override CallbackResult OnReceive(Connection connection, ref Session session, ReadOnlySpan<byte> part, in MessageInfo info)
    {
        session.Message.Append(part);
        session.Kind = info.Kind;
        if (!info.IsFinalFragment) return CallbackResult.Continue;
        if (info.Kind == MessageKind.Text && session.Message.Span.StartsWith("!"u8)) return Obey(connection, ref session);

        connection.PauseReceive();
        connection.RequestWritable();
        return CallbackResult.Continue;
    }

    protected override CallbackResult OnWritable(Connection connection, ref Session session)
    {
        if (session.Kind == 0) return CallbackResult.Continue;
        if (!TryReply(connection, ref session)) return CallbackResult.Continue;

        session.Message.Clear();
        session.Kind = 0;
        session.Fragments = 0;
        connection.ResumeReceive();
        return CallbackResult.Continue;
    }

    protected override CallbackResult OnPong(Connection connection, ref Session session, ReadOnlySpan<byte> payload)
    {
        Pongs.Writer.TryWrite(Encoding.UTF8.GetString(payload));
        return CallbackResult.Continue;
    }

    protected override void OnClosed(Connection connection, ref Session session, in CloseInfo close)
    {
        session.Message.Clear();
        Closed.Writer.TryWrite(close);
    }

    protected override CallbackResult OnHttp(Connection connection, ref Session session, ReadOnlySpan<byte> path)
    {
        switch (Encoding.UTF8.GetString(path))
        {
            case "/greeting":
                connection.Respond(200, "text/plain", Encoding.ASCII.GetBytes(Greeting), new HttpField("X-Served-By", "loop"));
                break;
            case "/chunks":
                connection.StartResponse(200, "text/plain", contentLength: -1);
                foreach (string part in (string[])["one ", "two ", "three\n"]) connection.WriteBody(Encoding.ASCII.GetBytes(part));
                connection.EndResponse();
                break;
            case "/large":
                connection.StartResponse(200, "application/octet-stream", LargeBody);
                connection.RequestWritable();
                break;
            case "/echo" when connection.RequestContentLength == 0:
                connection.Respond(200, "application/octet-stream", default);
                break;
            case "/echo":
                break;
            default:
                connection.Respond(404, "text/plain", "There is nothing here.\n"u8);
                break;
        }

        return CallbackResult.Continue;
    }

    protected override CallbackResult OnHttpBody(Connection connection, ref Session session, ReadOnlySpan<byte> part)
    {
        session.Message.Append(part);
        return CallbackResult.Continue;
    }

    protected override CallbackResult OnHttpBodyEnd(Connection connection, ref Session session)
    {
        connection.Respond(200, "application/octet-stream", session.Message.Span);
        session.Message.Clear();
        return CallbackResult.Continue;
    }

    protected override CallbackResult OnHttpWritable(Connection connection, ref Session session)
    {
        while (session.BodySent < LargeBody && connection.WriteBody(s_large) == WriteResult.Accepted) session.BodySent += s_large.Length;
        if (session.BodySent < LargeBody)
        {
            connection.RequestWritable();
            return CallbackResult.Continue;
        }

        session.BodySent = 0;
        connection.EndResponse();
        return CallbackResult.Continue;
    }

    protected override void OnHttpClosed(Connection connection, ref Session session) => session.Message.Clear();

    private static CallbackResult Obey(Connection connection, ref Session session)
    {
        string[] words = Encoding.UTF8.GetString(session.Message.Span).Split(' ', 3);
        session.Message.Clear();
        switch (words[0])
        {
            case "!close":
                connection.Close((WebSocketCloseCode)ushort.Parse(words[1], CultureInfo.InvariantCulture), Encoding.UTF8.GetBytes(words[2]));
                return CallbackResult.Continue;
            case "!return":
                return CallbackResult.Close;
            case "!abort":
                connection.Abort();
                return CallbackResult.Continue;
            case "!ping":
                connection.Ping(Encoding.UTF8.GetBytes(words[1]));
                return CallbackResult.Continue;
            case "!fragments":
                session.Fragments = int.Parse(words[1], CultureInfo.InvariantCulture);
                session.Message.Append(Message.Utf8Pattern(int.Parse(words[2], CultureInfo.InvariantCulture)));
                connection.PauseReceive();
                connection.RequestWritable();
                return CallbackResult.Continue;
            default:
                throw new InvalidOperationException($"'{words[0]}' is no command.");
        }
    }

    private static bool TryReply(Connection connection, ref Session session)
    {
        if (session.Fragments == 0) return connection.Write(session.Message.Span, session.Kind) == WriteResult.Accepted;

        int size = Math.Max(1, session.Message.Length / session.Fragments);
        while (true)
        {
            int left = session.Message.Length - session.Sent;
            MessagePart part = left <= size ? MessagePart.Last : session.Sent == 0 ? MessagePart.First : MessagePart.Middle;
            ReadOnlySpan<byte> bytes = session.Message.Span.Slice(session.Sent, Math.Min(size, left));
            if (connection.Write(bytes, session.Kind, part) != WriteResult.Accepted) return false;

            session.Sent += bytes.Length;
            if (part != MessagePart.Last) continue;

            session.Sent = 0;
            return true;
        }
    }

    internal struct Session
    {
        public MessageBuffer Message;
        public MessageKind Kind;
        public int Fragments;
        public int Sent;
        public int BodySent;
    }
}
