namespace EventLoops;

/// <summary>What a form that a peer sends may hold. Each limit is checked before memory is taken for what exceeds it.</summary>
public sealed class FormLimits
{
    /// <summary>The most fields, files included; beyond it the fault is 413. Default 1024, as Kestrel.</summary>
    public int MaxFields { get; set; } = 1024;

    /// <summary>
    /// The longest name, in bytes, and the longest head of a part with its name, file name and type together; beyond it the fault is 413. Default 8 KiB,
    /// as a request line.
    /// </summary>
    public int MaxHeadSize { get; set; } = 8 * 1024;

    /// <summary>The largest value of a field that is no file, in bytes; beyond it the fault is 413. Default 4 MiB, as Kestrel.</summary>
    public long MaxFieldSize { get; set; } = 4 * 1024 * 1024;

    /// <summary>The largest file, in bytes; beyond it the fault is 413. Default 30,000,000, as <see cref="ConnectionLimits.MaxRequestBody"/>.</summary>
    public long MaxFileSize { get; set; } = 30_000_000;

    internal void Validate()
    {
        ArgumentOutOfRangeException.ThrowIfLessThan(MaxFields, 1, nameof(MaxFields));
        ArgumentOutOfRangeException.ThrowIfLessThan(MaxHeadSize, 64, nameof(MaxHeadSize));
        ArgumentOutOfRangeException.ThrowIfLessThan(MaxFieldSize, 0, nameof(MaxFieldSize));
        ArgumentOutOfRangeException.ThrowIfLessThan(MaxFileSize, 0, nameof(MaxFileSize));
    }
}
