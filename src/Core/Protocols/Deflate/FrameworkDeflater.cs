using System.IO.Compression;

namespace EventLoops.Protocols.Deflate;

/// <summary>
/// Compression by <see cref="DeflateStream"/>: several times as fast as the system's zlib at low levels, with a window of 15 bits and nothing else. It cannot be reset,
/// so a new stream takes its place.
/// </summary>
internal sealed class FrameworkDeflater : Deflater
{
    private readonly ZLibCompressionOptions _options;
    private readonly Sink _sink = new();
    private DeflateStream _stream;

    public FrameworkDeflater(int level)
    {
        _options = new ZLibCompressionOptions { CompressionLevel = level };
        _stream = NewStream();
    }

    public override void Deflate(ReadOnlySpan<byte> input, ExtensionOutput output)
    {
        _sink.Output = output;
        _stream.Write(input);
        _stream.Flush();
        _sink.Output = null;
    }

    public override void Reset()
    {
        _stream.Dispose();
        _stream = NewStream();
    }

    public override void Dispose() => _stream.Dispose();

    private DeflateStream NewStream() => new(_sink, _options, leaveOpen: true);

    /// <summary>Hands on what the stream writes; what it writes while it is disposed belongs to nobody.</summary>
    private sealed class Sink : Stream
    {
        public ExtensionOutput? Output { get; set; }

        public override bool CanRead => false;

        public override bool CanSeek => false;

        public override bool CanWrite => true;

        public override long Length => throw new NotSupportedException();

        public override long Position
        {
            get => throw new NotSupportedException();
            set => throw new NotSupportedException();
        }

        public override void Flush()
        {
        }

        public override int Read(byte[] buffer, int offset, int count) => throw new NotSupportedException();

        public override long Seek(long offset, SeekOrigin origin) => throw new NotSupportedException();

        public override void SetLength(long value) => throw new NotSupportedException();

        public override void Write(byte[] buffer, int offset, int count) => Write(buffer.AsSpan(offset, count));

        public override void Write(ReadOnlySpan<byte> buffer) => Output?.Append(buffer);
    }
}
