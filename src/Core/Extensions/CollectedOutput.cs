namespace EventLoops;

/// <summary>What one extension has written of a part, whole, as the input of the next one.</summary>
internal sealed class CollectedOutput : ExtensionOutput
{
    public ReadOnlySpan<byte> Bytes => Written;

    public void Begin() => Clear();

    /// <summary>Gives up memory that an unusually large part has needed.</summary>
    public void End()
    {
        Clear();
        if (Capacity > 2 * ExtensionSession.LargestPart)
            Resize(0);
    }

    private protected override void OnFull(int needed) => Resize(Math.Max(checked(Length + needed), Capacity * 2));
}
