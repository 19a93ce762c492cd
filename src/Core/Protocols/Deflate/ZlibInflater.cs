using System.Runtime.InteropServices;

namespace EventLoops.Protocols.Deflate;

/// <summary>Decompression by the system's zlib, which tells where blocks end and refuses distances beyond its window.</summary>
internal sealed unsafe class ZlibInflater(ZlibLibrary zlib, int windowBits) : Inflater
{
    private const int BetweenBlocks = 128;

    private ZStream* _stream = zlib.NewInflate(windowBits);

    public int WindowBits => windowBits;

    public override bool IsAtBlockEnd => (_stream->DataType & BetweenBlocks) != 0;

    public override InflateStatus Inflate(ref ReadOnlySpan<byte> input, scoped Span<byte> output, out int written)
    {
        int result;
        fixed (byte* next = input)
        fixed (byte* free = output)
        {
            _stream->NextIn = next;
            _stream->AvailableIn = (uint)input.Length;
            _stream->NextOut = free;
            _stream->AvailableOut = (uint)output.Length;
            result = zlib.Inflate(_stream, ZlibLibrary.SyncFlush);
        }

        input = input[^(int)_stream->AvailableIn..];
        written = output.Length - (int)_stream->AvailableOut;
        if (result == ZlibLibrary.StreamEnd)
            return InflateStatus.StreamEnd;
        if (result is not (ZlibLibrary.Ok or ZlibLibrary.BufferError))
            return InflateStatus.Corrupt;

        return _stream->AvailableOut == 0 ? InflateStatus.OutputFull : InflateStatus.NeedInput;
    }

    public override void Reset() => _ = zlib.InflateReset(_stream);

    public override void Dispose()
    {
        if (_stream is null)
            return;

        _ = zlib.InflateEnd(_stream);
        NativeMemory.Free(_stream);
        _stream = null;
    }
}
