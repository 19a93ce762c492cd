namespace EventLoops;

/// <summary>A loop was asked for that is not registered, or whose native library or kernel feature is missing. The message says what is missing and what brings it.</summary>
public sealed class LoopUnavailableException : Exception
{
    /// <summary>Makes the exception.</summary>
    /// <param name="kind">Which loop.</param>
    /// <param name="missing">What is missing, and what brings it: one sentence.</param>
    public LoopUnavailableException(LoopKind kind, string missing)
        : base(missing) => Kind = kind;

    /// <summary>The loop that was asked for.</summary>
    public LoopKind Kind { get; }
}
