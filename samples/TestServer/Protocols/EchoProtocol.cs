using EventLoops;

namespace TestServer.Protocols;

/// <summary>
/// <c>echo</c>: sends every part of a message straight back, in a frame of the same place in a message of the same kind. A message that
/// comes in one part goes back as one frame; of a large one never more than a part is held. As <c>echo-whole</c> it is given whole
/// messages, and each goes back as one frame.
/// </summary>
internal sealed class EchoProtocol(string name = EchoProtocol.ProtocolName) : Protocol<EchoProtocol.Session>(name)
{
    public const string ProtocolName = "echo";
    public const string WholeName = "echo-whole";

    protected override CallbackResult OnReceive(Connection connection, ref Session session, ReadOnlySpan<byte> part, in MessageInfo info)
    {
        MessagePart place = PlaceOf(info);
        if (connection.TrySend(part, info.Kind, place) != WriteResult.Busy)
            return CallbackResult.Continue;

        // The peer does not read its answers: it is not read from either, until it does.
        connection.PauseReceive();
        connection.RequestWritable();
        session.Held.Append(part);
        session.HeldKind = info.Kind;
        session.HeldPlace = place;
        return CallbackResult.Continue;
    }

    protected override CallbackResult OnWritable(Connection connection, ref Session session)
    {
        if (session.HeldKind is not { } kind)
            return CallbackResult.Continue;
        if (connection.Write(session.Held.Span, kind, session.HeldPlace) == WriteResult.Busy)
        {
            connection.RequestWritable();
            return CallbackResult.Continue;
        }

        session.Held.Clear();
        session.HeldKind = null;
        connection.ResumeReceive();
        return CallbackResult.Continue;
    }

    protected override void OnClosed(Connection connection, ref Session session, in CloseInfo close) => session.Held.Clear();

    private static MessagePart PlaceOf(in MessageInfo info) => (info.IsFirstPart, info.IsLastPart) switch
    {
        (true, true) => MessagePart.Whole,
        (true, false) => MessagePart.First,
        (false, true) => MessagePart.Last,
        (false, false) => MessagePart.Middle,
    };

    /// <summary>The part that could not be sent back yet.</summary>
    internal struct Session
    {
        public MessageBuffer Held;
        public MessageKind? HeldKind;
        public MessagePart HeldPlace;
    }
}
