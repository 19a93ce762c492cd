using System.Text;
using BenchmarkDotNet.Attributes;
using EventLoops.Protocols.WebSocket;

namespace EventLoops.Benchmarks.Micro;

/// <summary>Checking that text is UTF-8 (RFC 6455 8.1), beside the framework's decoder, the obvious way to do it over parts that may be cut anywhere.</summary>
[MemoryDiagnoser]
public class Utf8Benchmarks
{
    private readonly Decoder _decoder = new UTF8Encoding(encoderShouldEmitUTF8Identifier: false, throwOnInvalidBytes: true).GetDecoder();
    private byte[] _text = [];

    /// <summary>What kind of text.</summary>
    [Params("ascii", "mixed")]
    public string Text { get; set; } = "";

    /// <summary>Makes some 4 KiB of text.</summary>
    [GlobalSetup]
    public void Prepare() => _text = Encoding.UTF8.GetBytes(string.Concat(Enumerable.Repeat(Text == "ascii" ? "plain words " : "Grüße, 世界, \U0001F600 ", 4096 / 12)));

    /// <summary>The framework's decoder, which counts characters in passing.</summary>
    [Benchmark(Baseline = true)]
    public int FrameworkDecoder() => _decoder.GetCharCount(_text, flush: true);

    /// <summary>Ours, which keeps three bytes between two parts.</summary>
    [Benchmark]
    public bool Validator()
    {
        Utf8Validator validator = default;
        return validator.Append(_text) && validator.IsComplete;
    }
}
