using EventLoops;

namespace TestClient.Trials;

/// <summary>Sends back what comes, part for part, until the server has counted as much as it sent and closes with <c>done</c>.</summary>
internal sealed class EchogenTrial(ClientOptions options) : Trial(options with { Count = 1 }, usualCount: 1)
{
    private const int Total = 993_840;

    private int _received;
    private MessageBuffer _held;
    private MessagePart _heldPlace;

    protected override CallbackResult OnReceive(Connection connection, ref NoSession session, ReadOnlySpan<byte> part, in MessageInfo info)
    {
        NoteProgress();
        _received += part.Length;
        MessagePart place = info.IsLastPart ? MessagePart.Last : info.IsFirstPart ? MessagePart.First : MessagePart.Middle;
        if (connection.TrySend(part, MessageKind.Text, place) != WriteResult.Busy)
            return CallbackResult.Continue;

        connection.PauseReceive();
        connection.RequestWritable();
        _held.Append(part);
        _heldPlace = place;
        return CallbackResult.Continue;
    }

    protected override CallbackResult OnWritable(Connection connection, ref NoSession session)
    {
        if (_held.IsEmpty || connection.Write(_held.Span, MessageKind.Text, _heldPlace) == WriteResult.Busy)
            return CallbackResult.Continue;

        _held.Clear();
        connection.ResumeReceive();
        return CallbackResult.Continue;
    }

    protected override void OnClosed(Connection connection, ref NoSession session, in CloseInfo close)
    {
        if (_received == Total && close is { Code: WebSocketCloseCode.Normal, Origin: CloseOrigin.Remote, Reason: "done" })
            Accept(_received);
        base.OnClosed(connection, ref session, close);
    }
}
