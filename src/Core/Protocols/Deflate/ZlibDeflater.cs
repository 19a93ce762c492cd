using System.Runtime.InteropServices;

namespace EventLoops.Protocols.Deflate;

/// <summary>Compression by the system's zlib.</summary>
internal sealed unsafe class ZlibDeflater(ZlibLibrary zlib, DeflateSettings settings) : Deflater
{
    private ZStream* _stream = zlib.NewDeflate(settings.WindowBits, settings.Level, settings.MemoryLevel);

    public DeflateSettings Settings => settings;

    public override void Deflate(ReadOnlySpan<byte> input, ExtensionOutput output)
    {
        fixed (byte* next = input)
        {
            _stream->NextIn = next;
            _stream->AvailableIn = (uint)input.Length;

            // Output that is full to the last byte may not be all of it; room that is left means that the flush is complete.
            do
            {
                Span<byte> room = output.GetSpan();
                fixed (byte* free = room)
                {
                    _stream->NextOut = free;
                    _stream->AvailableOut = (uint)room.Length;
                    int result = zlib.Deflate(_stream, ZlibLibrary.SyncFlush);
                    if (result is not (ZlibLibrary.Ok or ZlibLibrary.BufferError))
                        throw new InvalidOperationException($"deflate of zlib failed with {result}.");
                }

                output.Advance(room.Length - (int)_stream->AvailableOut);
            }
            while (_stream->AvailableOut == 0);
        }
    }

    public override void Reset() => _ = zlib.DeflateReset(_stream);

    public override void Dispose()
    {
        if (_stream is null)
            return;

        _ = zlib.DeflateEnd(_stream);
        NativeMemory.Free(_stream);
        _stream = null;
    }
}
