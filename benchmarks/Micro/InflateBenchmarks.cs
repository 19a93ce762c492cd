using System.IO.Compression;
using System.Text;
using BenchmarkDotNet.Attributes;
using EventLoops.Protocols.Deflate;

namespace EventLoops.Benchmarks.Micro;

/// <summary>Decompressing one message of JSON (RFC 7692 7.2.2), by the system's library and the framework's, beside a new stream for each message.</summary>
[MemoryDiagnoser]
public class InflateBenchmarks
{
    private const int Window = 15;

    private readonly byte[] _compressed = Compress(Encoding.UTF8.GetBytes("{\"type\":\"quote\",\"symbol\":\"EVLP\",\"bid\":101.25,\"ask\":101.27,\"size\":[300,1200],\"venue\":\"loopback\",\"time\":\"2026-11-26T14:30:00Z\"}"));
    private readonly byte[] _output = new byte[1024];
    private readonly FrameworkInflater _framework = new();
    private readonly ZlibInflater? _system = ZlibLibrary.Instance is { } zlib ? new ZlibInflater(zlib, Window) : null;

    /// <summary>Gives back what both hold.</summary>
    [GlobalCleanup]
    public void Release()
    {
        _framework.Dispose();
        _system?.Dispose();
    }

    /// <summary>What one writes first: a stream for each message.</summary>
    [Benchmark(Baseline = true)]
    public int StreamPerMessage()
    {
        using MemoryStream compressed = new(_compressed);
        using DeflateStream stream = new(compressed, CompressionMode.Decompress);
        return stream.Read(_output);
    }

    /// <summary>Ours, with the framework's zlib-ng.</summary>
    [Benchmark]
    public int FrameworkZlib() => Inflate(_framework);

    /// <summary>Ours, with the system's zlib; nothing where there is none.</summary>
    [Benchmark]
    public int SystemZlib() => _system is null ? 0 : Inflate(_system);

    /// <summary>The message with the empty block that its sender has left out: it ends on a byte, so the same bytes may follow.</summary>
    private static byte[] Compress(byte[] message)
    {
        using MemoryStream compressed = new();
        using DeflateStream stream = new(compressed, CompressionLevel.Fastest);
        stream.Write(message);
        stream.Flush();
        return compressed.ToArray();
    }

    private int Inflate(Inflater inflater)
    {
        ReadOnlySpan<byte> input = _compressed;
        InflateStatus status = inflater.Inflate(ref input, _output, out int written);
        return status == InflateStatus.NeedInput ? written : throw new InvalidOperationException($"{status}");
    }
}
