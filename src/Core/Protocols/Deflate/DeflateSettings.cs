namespace EventLoops.Protocols.Deflate;

/// <summary>How a compressor is set up.</summary>
/// <param name="WindowBits">The logarithm of its window: 8 to 15.</param>
/// <param name="Level">0, which only stores, to 9, which tries hardest.</param>
/// <param name="MemoryLevel">zlib's memory level, 1 to 9.</param>
internal readonly record struct DeflateSettings(int WindowBits, int Level, int MemoryLevel)
{
    public const int LargestWindowBits = 15;
    public const int UsualMemoryLevel = 8;

    /// <summary>Whether the framework's compressor, which has one window and one memory level, will do.</summary>
    public bool AreUsual => WindowBits == LargestWindowBits && MemoryLevel == UsualMemoryLevel;
}
