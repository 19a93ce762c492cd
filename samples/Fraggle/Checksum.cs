namespace Fraggle;

/// <summary>The sum of bytes, modulo 2 to the power of 32.</summary>
internal static class Checksum
{
    public static uint Of(ReadOnlySpan<byte> bytes)
    {
        uint sum = 0;
        foreach (byte value in bytes)
            sum += value;
        return sum;
    }
}
