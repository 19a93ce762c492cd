namespace EventLoops.Protocols.Deflate;

/// <summary>Decompression by the system's zlib, which tells where blocks end and refuses distances beyond its window.</summary>
internal sealed unsafe class ZlibInflater(ZlibLibrary zlib, int windowBits) : Inflater
{
    private const int BetweenBlocks = 128;

    private readonly ZStreamHandle _handle = new(zlib.NewInflate(windowBits), zlib.InflateEnd);

    public int WindowBits => windowBits;

    public override bool IsAtBlockEnd => (_handle.Stream->DataType & BetweenBlocks) != 0;

    public override InflateStatus Inflate(ref ReadOnlySpan<byte> input, scoped Span<byte> output, out int written)
    {
        ZStream* stream = _handle.Stream;
        int result;
        fixed (byte* next = input)
        fixed (byte* free = output)
        {
            stream->NextIn = next;
            stream->AvailableIn = (uint)input.Length;
            stream->NextOut = free;
            stream->AvailableOut = (uint)output.Length;
            result = zlib.Inflate(stream, ZlibLibrary.SyncFlush);
        }

        input = input[^(int)stream->AvailableIn..];
        written = output.Length - (int)stream->AvailableOut;
        if (result == ZlibLibrary.StreamEnd)
            return InflateStatus.StreamEnd;
        if (result is not (ZlibLibrary.Ok or ZlibLibrary.BufferError))
            return InflateStatus.Corrupt;

        return stream->AvailableOut == 0 ? InflateStatus.OutputFull : InflateStatus.NeedInput;
    }

    public override void Reset() => _ = zlib.InflateReset(_handle.Stream);

    public override void Dispose() => _handle.Dispose();
}
