namespace EventLoops.Simulated;

/// <summary>
/// Numbers that look random and are the same for the same seed on every machine and every runtime, which <see cref="Random"/> does not promise. The generator
/// is SplitMix64.
/// </summary>
internal struct Chance(ulong seed)
{
    private ulong _state = seed;

    /// <summary>From 0 up to, not including, <paramref name="limit"/>.</summary>
    public int Next(int limit) => (int)(Next() % (uint)limit);

    /// <summary>True in that many of a hundred cases. Draws nothing when the answer is certain, so that what is switched off changes nothing.</summary>
    public bool Percent(int percent) => percent > 0 && Next(100) < percent;

    private ulong Next()
    {
        _state += 0x9E37_79B9_7F4A_7C15;
        ulong mixed = _state;
        mixed = (mixed ^ (mixed >> 30)) * 0xBF58_476D_1CE4_E5B9;
        mixed = (mixed ^ (mixed >> 27)) * 0x94D0_49BB_1331_11EB;
        return mixed ^ (mixed >> 31);
    }
}
