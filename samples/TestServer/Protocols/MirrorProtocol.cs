using EventLoops;

namespace TestServer.Protocols;

/// <summary>
/// <c>lws-mirror-protocol</c>: what one sends, everybody gets, the sender too; who joins gets what is sent from then on. Messages longer
/// than 4 KiB come back cut into messages of that size.
/// </summary>
internal sealed class MirrorProtocol : Protocol<MirrorProtocol.Session>
{
    public const int LongestMessage = 4096;

    // A part is at most one message long, so that one part never becomes more than three messages: for those the ring has room.
    public MirrorProtocol()
        : base("lws-mirror-protocol") => ReceiveBufferSize = LongestMessage;

    protected override CallbackResult OnEstablished(Connection connection, ref Session session)
    {
        session.Reader = RingOf(connection).Join(connection);
        return CallbackResult.Continue;
    }

    protected override CallbackResult OnReceive(Connection connection, ref Session session, ReadOnlySpan<byte> part, in MessageInfo info)
    {
        MirrorRing.Reader sender = session.Reader!;
        sender.Message.Append(part);
        RingOf(connection).Receive(sender, info.Kind, info.IsFinalFragment);
        sender.RequestWritableAll();
        return CallbackResult.Continue;
    }

    protected override CallbackResult OnWritable(Connection connection, ref Session session)
    {
        if (!RingOf(connection).SendTo(session.Reader!))
            connection.RequestWritable();
        return CallbackResult.Continue;
    }

    protected override void OnClosed(Connection connection, ref Session session, in CloseInfo close)
    {
        RingOf(connection).Leave(session.Reader!);
        session.Reader!.Message.Clear();
    }

    /// <summary>How much can be sent without cutting a character in two (RFC 3629 3: all but its first byte begin with 10).</summary>
    public static int LengthOfText(ReadOnlySpan<byte> piece, MessageKind kind)
    {
        int length = piece.Length;
        if (kind == MessageKind.Binary)
            return length;

        int start = length - 1;
        while ((piece[start] & 0xC0) == 0x80)
            start--;
        int needed = piece[start] < 0x80 ? 1 : piece[start] < 0xE0 ? 2 : piece[start] < 0xF0 ? 3 : 4;
        return start + needed == length ? length : start;
    }

    private MirrorRing RingOf(Connection connection) => connection.VirtualHost!.GetData<MirrorRing>(this);

    /// <summary>What a connection has seen, and what it has sent of a message.</summary>
    internal struct Session
    {
        public MirrorRing.Reader? Reader;
    }
}
