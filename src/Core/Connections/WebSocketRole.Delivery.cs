namespace EventLoops;

/// <summary>How received messages reach the user: in parts as they come, or whole.</summary>
internal sealed partial class WebSocketRole
{
    // For each byte of a message that has come there may be room for so many that were announced. More would let a peer take memory by announcing alone; less has a large
    // message moved while it grows.
    private const long AnnouncedForEachThatCame = 4;

    /// <summary>Gives a part of a message to the user, or keeps it until the message is whole, as the protocol wishes.</summary>
    private void Deliver(ReadOnlySpan<byte> part, in MessageInfo info)
    {
        // A message in one part is whole already and is handed over where it lies.
        if (!Connection.Protocol.DeliverWholeMessages || (info.IsFirstPart && info.IsFinalFragment))
        {
            RaiseReceive(part, in info);
            return;
        }

        ref ByteQueue collected = ref Incoming.Collected;

        // How much may come was checked before, at each frame's header.
        long hasCome = (long)collected.Length + part.Length;
        long expected = part.Length + Math.Min(info.RemainingPayload, AnnouncedForEachThatCame * hasCome);
        collected.Reserve((int)Math.Min(expected, Array.MaxLength - collected.Length));
        collected.Append(part);
        if (!info.IsFinalFragment)
            return;

        // The callback may end the connection; the message stays readable until it has returned.
        ByteQueue message = collected;
        collected = default;
        RaiseReceive(message.Span, new MessageInfo(info.Kind, PartFlags.Whole, remainingPayload: 0));
        message.Clear();
    }

    /// <summary>What has been delivered need not be remembered any more.</summary>
    private void ReturnIncoming(bool evenUnfinished = false)
    {
        if (_incoming is not { } incoming || !(incoming.IsOver || evenUnfinished))
            return;

        _incoming = null;
        Connection.Thread.ReturnMessage(incoming);
    }

    private void RaiseReceive(ReadOnlySpan<byte> part, in MessageInfo info)
    {
        CallbackData data = new() { In = part, Message = info };
        CloseUnlessContinue(Connection.Raise(IsServer ? CallbackReason.Receive : CallbackReason.ClientReceive, in data));
    }
}
