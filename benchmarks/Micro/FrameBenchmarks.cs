using System.Net.WebSockets;
using BenchmarkDotNet.Attributes;
using EventLoops.Protocols.WebSocket;

namespace EventLoops.Benchmarks.Micro;

/// <summary>Reading sixteen masked messages of 64 bytes that came in one read, beside the framework's own WebSocket on a stream in memory.</summary>
[MemoryDiagnoser]
public class FrameBenchmarks
{
    private const int Messages = 16;
    private const int Size = 64;

    private static readonly FrameReaderOptions Options = new() { IsServer = true, ValidateUtf8 = true };

    private readonly byte[] _frames = MakeFrames();
    private readonly byte[] _input = new byte[Messages * (Size + 6)];
    private readonly byte[] _message = new byte[Size];
    private RepeatingStream _stream = null!;
    private WebSocket _socket = null!;
    private FrameReader _reader;

    /// <summary>Makes the framework's WebSocket.</summary>
    [GlobalSetup]
    public void Prepare()
    {
        _stream = new RepeatingStream(_frames);
        _socket = WebSocket.CreateFromStream(_stream, new WebSocketCreationOptions { IsServer = true, KeepAliveInterval = TimeSpan.Zero });
    }

    /// <summary>Ends it.</summary>
    [GlobalCleanup]
    public void Release()
    {
        _socket.Dispose();
        _stream.Dispose();
    }

    /// <summary>The framework's.</summary>
    [Benchmark(Baseline = true, OperationsPerInvoke = Messages)]
    public async Task<int> FrameworkWebSocket()
    {
        int bytes = 0;
        for (int i = 0; i < Messages; i++) bytes += (await _socket.ReceiveAsync(_message.AsMemory(), CancellationToken.None)).Count;
        return bytes;
    }

    /// <summary>Ours. The copy stands for the read, since payloads are unmasked where they lie.</summary>
    [Benchmark(OperationsPerInvoke = Messages)]
    public int Reader()
    {
        _frames.CopyTo(_input, 0);
        Span<byte> input = _input;
        int bytes = 0;
        while (true)
        {
            FrameEvent one = _reader.Read(ref input, Options);
            if (one.Kind == FrameEventKind.NeedMore)
                return bytes;
            bytes += one.Payload.Length;
        }
    }

    private static byte[] MakeFrames()
    {
        byte[] frame = [0x82, 0x80 | Size, 1, 2, 3, 4, .. new byte[Size]];
        return [.. Enumerable.Repeat(frame, Messages).SelectMany(bytes => bytes)];
    }

    /// <summary>Gives the same bytes for ever, as many as are asked for.</summary>
    private sealed class RepeatingStream(byte[] bytes) : MemoryStream
    {
        private int _at;

        public override ValueTask<int> ReadAsync(Memory<byte> buffer, CancellationToken cancellationToken = default)
        {
            int count = Math.Min(buffer.Length, bytes.Length - _at);
            bytes.AsMemory(_at, count).CopyTo(buffer);
            _at = (_at + count) % bytes.Length;
            return ValueTask.FromResult(count);
        }
    }
}
