using BenchmarkDotNet.Attributes;
using EventLoops.Protocols.WebSocket;

namespace EventLoops.Benchmarks.Micro;

/// <summary>Unmasking a payload in place (RFC 6455 5.3), beside the four lines that the RFC suggests.</summary>
[MemoryDiagnoser]
public class MaskingBenchmarks
{
    private byte[] _payload = [];

    /// <summary>The length of the payload.</summary>
    [Params(64, 16 * 1024)]
    public int Size { get; set; }

    /// <summary>Makes the payload.</summary>
    [GlobalSetup]
    public void Prepare() => _payload = new byte[Size];

    /// <summary>A byte at a time.</summary>
    [Benchmark(Baseline = true)]
    public void ByteByByte()
    {
        ReadOnlySpan<byte> key = [0x12, 0x34, 0x56, 0x78];
        for (int i = 0; i < _payload.Length; i++) _payload[i] ^= key[i & 3];
    }

    /// <summary>Ours.</summary>
    [Benchmark]
    public uint Vectors() => Masking.Apply(_payload, 0x78563412);
}
