using System.IO.Compression;

namespace EventLoops.Protocols.Deflate;

/// <summary>
/// Decompression by <see cref="DeflateStream"/>, for systems without zlib. It cannot tell where a block ends, so a message that is cut short inside a block passes for a
/// shorter one until the next message shows it; and it reads behind a last block, so what stands there is not looked at.
/// </summary>
internal sealed class FrameworkInflater : Inflater
{
    private readonly Source _source = new();
    private DeflateStream _stream;

    public FrameworkInflater() => _stream = NewStream();

    public override bool IsAtBlockEnd => true;

    public override InflateStatus Inflate(ref ReadOnlySpan<byte> input, scoped Span<byte> output, out int written)
    {
        // The stream asks for bytes when it wants them, which is after this call was given them.
        _source.Add(input);
        input = default;
        written = 0;
        try
        {
            while (written < output.Length)
            {
                _source.WasAsked = false;
                int read = _stream.Read(output[written..]);
                if (read == 0)
                    return _source.WasAsked ? InflateStatus.NeedInput : InflateStatus.StreamEnd;

                written += read;
            }

            return InflateStatus.OutputFull;
        }
        catch (InvalidDataException)
        {
            return InflateStatus.Corrupt;
        }
    }

    public override void Reset()
    {
        _stream.Dispose();
        _source.Clear();
        _stream = NewStream();
    }

    public override void Dispose()
    {
        _stream.Dispose();
        _source.Clear();
    }

    private DeflateStream NewStream() => new(_source, CompressionMode.Decompress, leaveOpen: true);

    /// <summary>What has arrived and was not asked for yet.</summary>
    private sealed class Source : Stream
    {
        private ByteQueue _bytes;

        /// <summary>Whether the stream has wanted more than there was: one that has come to its end does not.</summary>
        public bool WasAsked { get; set; }

        public override bool CanRead => true;

        public override bool CanSeek => false;

        public override bool CanWrite => false;

        public override long Length => throw new NotSupportedException();

        public override long Position
        {
            get => throw new NotSupportedException();
            set => throw new NotSupportedException();
        }

        public void Add(ReadOnlySpan<byte> bytes)
        {
            if (!bytes.IsEmpty)
                _bytes.Append(bytes);
        }

        public void Clear() => _bytes.Clear();

        public override void Flush()
        {
        }

        public override int Read(byte[] buffer, int offset, int count) => Read(buffer.AsSpan(offset, count));

        public override int Read(Span<byte> buffer)
        {
            WasAsked = true;
            int count = Math.Min(buffer.Length, _bytes.Length);
            _bytes.Span[..count].CopyTo(buffer);
            _bytes.Consume(count);
            return count;
        }

        public override long Seek(long offset, SeekOrigin origin) => throw new NotSupportedException();

        public override void SetLength(long value) => throw new NotSupportedException();

        public override void Write(byte[] buffer, int offset, int count) => throw new NotSupportedException();
    }
}
