using EventLoops;

namespace TestServer.Protocols;

/// <summary>
/// <c>lws-echogen</c>: sends one text message of 993,840 bytes in frames of 2,048, counts what the peer sends back, and closes with
/// <c>done</c> when that is as much.
/// </summary>
internal sealed class EchogenProtocol() : Protocol<EchogenProtocol.Session>("lws-echogen")
{
    private const int Total = 993_840;
    private const int FrameSize = 2048;

    private static readonly byte[] Text = NewText();

    protected override CallbackResult OnEstablished(Connection connection, ref Session session)
    {
        connection.RequestWritable();
        return CallbackResult.Continue;
    }

    protected override CallbackResult OnWritable(Connection connection, ref Session session)
    {
        while (session.Sent < Total)
        {
            int length = Math.Min(FrameSize, Total - session.Sent);
            if (connection.Write(Text.AsSpan(0, length), MessageKind.Text, PlaceOf(session.Sent, length)) != WriteResult.Accepted)
            {
                connection.RequestWritable();
                return CallbackResult.Continue;
            }

            session.Sent += length;
        }

        return CallbackResult.Continue;
    }

    protected override CallbackResult OnReceive(Connection connection, ref Session session, ReadOnlySpan<byte> part, in MessageInfo info)
    {
        session.Received += part.Length;
        if (session.Received >= Total)
            connection.Close(WebSocketCloseCode.Normal, "done"u8);
        return CallbackResult.Continue;
    }

    private static MessagePart PlaceOf(int sent, int length) =>
        sent == 0 ? MessagePart.First : sent + length == Total ? MessagePart.Last : MessagePart.Middle;

    private static byte[] NewText()
    {
        byte[] text = new byte[FrameSize];
        ReadOnlySpan<byte> line = "One message, many frames: count them, and send them back.\r\n"u8;
        for (int i = 0; i < text.Length; i++)
            text[i] = line[i % line.Length];
        return text;
    }

    /// <summary>How many bytes have gone each way.</summary>
    internal struct Session
    {
        public int Sent;
        public long Received;
    }
}
