namespace EventLoops;

/// <summary>
/// The end of an outgoing message's way through its extensions: cuts what they write into frames and gives them to the connection. There is one a service
/// thread; it belongs to a message part only while that is being written.
/// </summary>
internal sealed class FrameOutput : ExtensionOutput
{
    private WebSocketRole? _role;
    private int _maxFrameSize;

    /// <summary>A part begins.</summary>
    public void Begin(WebSocketRole role, int maxFrameSize)
    {
        _role = role;
        _maxFrameSize = Math.Clamp(maxFrameSize, 1, ExtensionSession.LargestPart);
        Clear();
    }

    /// <summary>The part is complete: what is left leaves, with FIN when the message is complete too (RFC 6455 5.4).</summary>
    public void End(bool isLast)
    {
        ReadOnlySpan<byte> rest = SendFrames(Written, _maxFrameSize);
        if (isLast || !rest.IsEmpty)
            _role!.SendEncodedFrame(rest, isLast);
        _role = null;
        Clear();
    }

    private protected override void OnFull(int needed)
    {
        // Large enough that emptying it always makes the room that is asked for; then it never grows again.
        int size = MaxTakeBack + ExtensionSession.LargestPart + needed;
        if (Capacity < size)
        {
            Resize(size);
            return;
        }

        SendFrames(Written[..^MaxTakeBack], 0);
        KeepLast(MaxTakeBack);
    }

    /// <summary>Sends frames of the largest size while more than <paramref name="leave"/> bytes are there; returns what is left.</summary>
    private ReadOnlySpan<byte> SendFrames(ReadOnlySpan<byte> bytes, int leave)
    {
        while (bytes.Length > leave)
        {
            ReadOnlySpan<byte> frame = bytes[..Math.Min(_maxFrameSize, bytes.Length)];
            _role!.SendEncodedFrame(frame, isFinal: false);
            bytes = bytes[frame.Length..];
        }

        return bytes;
    }
}
