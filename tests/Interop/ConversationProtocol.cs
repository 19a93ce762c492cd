using System.Text;

namespace EventLoops.Tests.Interop;

/// <summary>Our client's side of a <see cref="Conversation"/>, which is the connection's user data. Everything is told once; a second time fails the test.</summary>
internal sealed class ConversationProtocol(string name = "interop") : Protocol<ConversationProtocol.Session>(name)
{
    protected override CallbackResult OnUpgraded(Connection connection, ref Session session)
    {
        session.Subprotocol = connection.Headers.GetString(KnownHeader.SecWebSocketProtocol);
        Of(connection).Extensions = connection.Headers.GetString(KnownHeader.SecWebSocketExtensions);
        return CallbackResult.Continue;
    }

    protected override CallbackResult OnEstablished(Connection connection, ref Session session)
    {
        Of(connection).Established.SetResult(session.Subprotocol ?? "");
        return CallbackResult.Continue;
    }

    protected override CallbackResult OnReceive(Connection connection, ref Session session, ReadOnlySpan<byte> part, in MessageInfo info)
    {
        session.Message.Append(part);
        if (!info.IsFinalFragment) return CallbackResult.Continue;

        Of(connection).Received.Writer.TryWrite(new Message(info.Kind, session.Message.Span.ToArray()));
        session.Message.Clear();
        return CallbackResult.Continue;
    }

    protected override CallbackResult OnWritable(Connection connection, ref Session session)
    {
        Queue<Message> outgoing = Of(connection).Outgoing;
        while (outgoing.TryPeek(out Message? message))
        {
            if (TryWrite(connection, ref session, message) == WriteResult.Busy)
            {
                connection.RequestWritable();
                break;
            }

            outgoing.Dequeue();
        }

        return CallbackResult.Continue;
    }

    /// <summary>Writes what is left of a message, fragment by fragment.</summary>
    private static WriteResult TryWrite(Connection connection, ref Session session, Message message)
    {
        if (message.Fragments == 1) return connection.Write(message.Bytes, message.Kind);

        for (; session.Fragment < message.Fragments; session.Fragment++)
        {
            int start = (int)((long)message.Bytes.Length * session.Fragment / message.Fragments);
            int end = (int)((long)message.Bytes.Length * (session.Fragment + 1) / message.Fragments);
            MessagePart part = session.Fragment == 0 ? MessagePart.First : session.Fragment == message.Fragments - 1 ? MessagePart.Last : MessagePart.Middle;
            WriteResult result = connection.Write(message.Bytes.AsSpan(start, end - start), message.Kind, part);
            if (result != WriteResult.Accepted) return result;
        }

        session.Fragment = 0;
        return WriteResult.Accepted;
    }

    protected override CallbackResult OnPong(Connection connection, ref Session session, ReadOnlySpan<byte> payload)
    {
        Of(connection).Pongs.Writer.TryWrite(Encoding.UTF8.GetString(payload));
        return CallbackResult.Continue;
    }

    protected override void OnClosed(Connection connection, ref Session session, in CloseInfo close)
    {
        session.Message.Clear();
        Of(connection).Closed.SetResult(close);
    }

    protected override void OnConnectFailed(Connection connection, ref Session session, in ConnectFailure failure) => Of(connection).Failed.SetResult(failure);

    private static Conversation Of(Connection connection) => (Conversation)connection.UserData!;

    internal struct Session
    {
        public MessageBuffer Message;
        public string? Subprotocol;
        public int Fragment;
    }
}
