namespace EventLoops;

/// <summary>
/// The memory in which messages are transformed: one of each a service thread, made at the first use, since a connection needs it only while it is being served.
/// </summary>
internal sealed class ExtensionBuffers
{
    /// <summary>Where the frames of an outgoing message are put together.</summary>
    public FrameOutput Frames { get; } = new();

    /// <summary>What one extension hands to the next.</summary>
    public CollectedOutput First { get; } = new();

    /// <summary>The same for every second one.</summary>
    public CollectedOutput Second { get; } = new();

    /// <summary>Where parts of arriving messages are decoded to.</summary>
    public byte[] Decoded { get; } = GC.AllocateUninitializedArray<byte>(ExtensionSession.LargestPart);
}
