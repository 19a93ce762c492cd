using System.Buffers;
using System.Text;
using BenchmarkDotNet.Attributes;
using EventLoops.Protocols.Http;
using Microsoft.AspNetCore.Server.Kestrel.Core.Internal.Http;

namespace EventLoops.Benchmarks.Micro;

/// <summary>Parsing the head of a request, beside Kestrel's parser. Ours also works out what the fields mean: length, framing, upgrade; Kestrel does that later.</summary>
[MemoryDiagnoser]
public class HeadBenchmarks
{
    private const string Small = "GET /plaintext HTTP/1.1\r\nHost: localhost:7681\r\nAccept: */*\r\n\r\n";

    private const string Browser =
        "GET /articles/2026/loops.html?page=2 HTTP/1.1\r\nHost: www.example.org\r\nConnection: keep-alive\r\nCache-Control: max-age=0\r\n"
        + "sec-ch-ua: \"Chromium\";v=\"140\", \"Not=A?Brand\";v=\"24\"\r\nsec-ch-ua-mobile: ?0\r\nsec-ch-ua-platform: \"Linux\"\r\nUpgrade-Insecure-Requests: 1\r\n"
        + "User-Agent: Mozilla/5.0 (X11; Linux x86_64) AppleWebKit/537.36 (KHTML, like Gecko) Chrome/140.0.0.0 Safari/537.36\r\n"
        + "Accept: text/html,application/xhtml+xml,application/xml;q=0.9,image/avif,image/webp,*/*;q=0.8\r\nSec-Fetch-Site: none\r\nSec-Fetch-Mode: navigate\r\n"
        + "Sec-Fetch-User: ?1\r\nSec-Fetch-Dest: document\r\nAccept-Encoding: gzip, deflate, br, zstd\r\nAccept-Language: en-GB,en;q=0.9,de;q=0.8\r\n"
        + "Cookie: session=0123456789abcdef0123456789abcdef; theme=dark\r\nIf-None-Match: \"5f3a-18c\"\r\n\r\n";

    private readonly HttpHead _head = new(new HttpHeadLimits(8 * 1024, 32 * 1024, 100));
    private readonly HttpParser<Sink> _parser = new(showErrorDetails: false);
    private byte[] _request = [];

    /// <summary>Which request.</summary>
    [Params("small", "browser")]
    public string Request { get; set; } = "";

    /// <summary>Makes the bytes.</summary>
    [GlobalSetup]
    public void Prepare() => _request = Encoding.ASCII.GetBytes(Request == "small" ? Small : Browser);

    /// <summary>Kestrel's.</summary>
    [Benchmark(Baseline = true)]
    public bool Kestrel()
    {
        SequenceReader<byte> reader = new(new ReadOnlySequence<byte>(_request));
        Sink sink = default;
        return _parser.ParseRequestLine(sink, ref reader) && _parser.ParseHeaders(sink, ref reader);
    }

    /// <summary>Ours.</summary>
    [Benchmark]
    public bool Head()
    {
        _head.Reset(HttpHeadKind.Request);
        return _head.Feed(_request, out _) == HeadStatus.Complete;
    }

    private struct Sink : IHttpRequestLineHandler, IHttpHeadersHandler
    {
        public readonly void OnStartLine(HttpVersionAndMethod versionAndMethod, TargetOffsetPathLength targetPath, Span<byte> startLine)
        {
        }

        public readonly void OnHeader(ReadOnlySpan<byte> name, ReadOnlySpan<byte> value)
        {
        }

        public readonly void OnHeadersComplete(bool endStream)
        {
        }

        public readonly void OnStaticIndexedHeader(int index)
        {
        }

        public readonly void OnStaticIndexedHeader(int index, ReadOnlySpan<byte> value)
        {
        }
    }
}
