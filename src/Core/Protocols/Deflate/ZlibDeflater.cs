namespace EventLoops.Protocols.Deflate;

/// <summary>Compression by the system's zlib.</summary>
internal sealed unsafe class ZlibDeflater(ZlibLibrary zlib, DeflateSettings settings) : Deflater
{
    // zlib takes no window of 8 bits for raw data. With 9 it keeps 262 of its 512 bytes for what it looks ahead at, refers back over 250 at most, and so keeps to 8 as well.
    private const int SmallestOfZlib = 9;

    private readonly ZStreamHandle _handle = new(zlib.NewDeflate(Math.Max(settings.WindowBits, SmallestOfZlib), settings.Level, settings.MemoryLevel), zlib.DeflateEnd);

    public DeflateSettings Settings => settings;

    public override void Deflate(ReadOnlySpan<byte> input, ExtensionOutput output)
    {
        ZStream* stream = _handle.Stream;
        fixed (byte* next = input)
        {
            stream->NextIn = next;
            stream->AvailableIn = (uint)input.Length;

            // Output that is full to the last byte may not be all of it; room that is left means that the flush is complete.
            do
            {
                Span<byte> room = output.GetSpan();
                fixed (byte* free = room)
                {
                    stream->NextOut = free;
                    stream->AvailableOut = (uint)room.Length;
                    int result = zlib.Deflate(stream, ZlibLibrary.SyncFlush);
                    if (result is not (ZlibLibrary.Ok or ZlibLibrary.BufferError))
                        throw new InvalidOperationException($"deflate of zlib failed with {result}.");
                }

                output.Advance(room.Length - (int)stream->AvailableOut);
            }
            while (stream->AvailableOut == 0);
        }
    }

    public override void Reset() => _ = zlib.DeflateReset(_handle.Stream);

    public override void Dispose() => _handle.Dispose();
}
