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

    private PreparedMessage? _sharedMessage;

    /// <summary>What is left of a shared message. It comes behind <see cref="Output"/>.</summary>
    public ReadOnlyMemory<byte> Shared { get; private set; }

    public bool HasInput => !Input.IsEmpty;

    public bool HasOutput => !Output.IsEmpty || !Shared.IsEmpty;

    public int OutputLength => Output.Length + Shared.Length;

    /// <summary>Takes from the front of what was written.</summary>
    public void ConsumeOutput(int count)
    {
        int own = Math.Min(count, Output.Length);
        Output.Consume(own);
        if (count == own)
            return;

        Shared = Shared[(count - own)..];
        if (Shared.IsEmpty)
            DropShared();
    }

    /// <summary>Keeps what is left of a shared message, which holds it: see <see cref="PreparedMessage.TryReuse"/>.</summary>
    public void KeepShared(PreparedMessage message, ReadOnlyMemory<byte> rest)
    {
        message.Hold();
        _sharedMessage = message;
        Shared = rest;
    }

    /// <summary>Forgets what is left of the shared message.</summary>
    public void DropShared()
    {
        Shared = default;
        _sharedMessage?.LetGo();
        _sharedMessage = null;
    }

    /// <summary>Forgets what was written.</summary>
    public void DropOutput()
    {
        Output.Clear();
        DropShared();
    }
}
