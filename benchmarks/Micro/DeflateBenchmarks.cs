using System.IO.Compression;
using System.Text;
using BenchmarkDotNet.Attributes;
using EventLoops.Protocols.Deflate;

namespace EventLoops.Benchmarks.Micro;

/// <summary>Compressing one message of JSON with the memory of those before it (RFC 7692), by the framework's library and the system's, beside a new stream for each message.</summary>
[MemoryDiagnoser]
public class DeflateBenchmarks
{
    private const int Level = 1;
    private const int Window = 15;

    private readonly byte[] _message = Encoding.UTF8.GetBytes("{\"type\":\"quote\",\"symbol\":\"EVLP\",\"bid\":101.25,\"ask\":101.27,\"size\":[300,1200],\"venue\":\"loopback\",\"time\":\"2026-11-26T14:30:00Z\"}");
    private readonly Discard _output = new();
    private readonly FrameworkDeflater _framework = new(Level);
    private readonly ZlibDeflater? _system = ZlibLibrary.Instance is { } zlib ? new ZlibDeflater(zlib, new DeflateSettings(Window, Level, 8)) : null;

    /// <summary>Gives back what both hold.</summary>
    [GlobalCleanup]
    public void Release()
    {
        _framework.Dispose();
        _system?.Dispose();
    }

    /// <summary>What one writes first: a stream for each message.</summary>
    [Benchmark(Baseline = true)]
    public long StreamPerMessage()
    {
        using MemoryStream compressed = new();
        using (DeflateStream stream = new(compressed, CompressionLevel.Fastest, leaveOpen: true)) stream.Write(_message);
        return compressed.Length;
    }

    /// <summary>Ours, with the framework's zlib-ng.</summary>
    [Benchmark]
    public void FrameworkZlib() => _framework.Deflate(_message, _output);

    /// <summary>Ours, with the system's zlib; nothing where there is none.</summary>
    [Benchmark]
    public void SystemZlib() => _system?.Deflate(_message, _output);

    /// <summary>Takes what comes and forgets it.</summary>
    private sealed class Discard : ExtensionOutput
    {
        private protected override void OnFull(int needed)
        {
            Clear();
            if (needed > Capacity) Resize(needed);
        }
    }
}
