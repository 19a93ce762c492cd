namespace EventLoops;

/// <summary>
/// The bytes of a connection that have to wait, in either direction: received and not delivered, written and not sent. The service thread lends it while there
/// are any, so that a connection for which nothing waits carries none of it.
/// </summary>
internal sealed class Backlog
{
    /// <summary>What was received and could not be delivered, in front of everything that the kernel still has.</summary>
    public ByteQueue Input;

    /// <summary>What was written and has not left, in front of everything written later.</summary>
    public ByteQueue Output;

    /// <summary>What is left of a shared message. It comes behind <see cref="Output"/>.</summary>
    public ReadOnlyMemory<byte> Shared;

    public bool HasInput => !Input.IsEmpty;

    public bool HasOutput => !Output.IsEmpty || !Shared.IsEmpty;

    public int OutputLength => Output.Length + Shared.Length;

    /// <summary>Takes from the front of what was written.</summary>
    public void ConsumeOutput(int count)
    {
        int own = Math.Min(count, Output.Length);
        Output.Consume(own);
        Shared = Shared[(count - own)..];
    }

    /// <summary>Forgets what was written.</summary>
    public void DropOutput()
    {
        Output.Clear();
        Shared = default;
    }
}
