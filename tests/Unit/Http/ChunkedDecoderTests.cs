using System.Text;
using EventLoops.Protocols.Http;
using Xunit;

namespace EventLoops.Tests.Http;

public sealed class ChunkedDecoderTests
{
    [Fact]
    public void The_size_of_a_chunk_is_known_before_its_bytes()
    {
        ChunkedDecoder decoder = default;
        ReadOnlySpan<byte> input = "a00\r\n"u8;
        Assert.Equal(ChunkEventKind.NeedMore, decoder.Read(ref input).Kind);
        Assert.Equal(0xA00, decoder.ChunkRemaining);

        input = "abc"u8;
        ChunkEvent data = decoder.Read(ref input);
        Assert.Equal(ChunkEventKind.Data, data.Kind);
        Assert.True(data.Data.SequenceEqual("abc"u8));
        Assert.Equal(0xA00 - 3, decoder.ChunkRemaining);
    }

    [Fact]
    public void The_end_and_a_fault_stay()
    {
        ChunkedDecoder ended = default;
        ReadOnlySpan<byte> input = "0\r\n\r\nGET"u8;
        Assert.Equal(ChunkEventKind.End, ended.Read(ref input).Kind);
        Assert.Equal(ChunkEventKind.End, ended.Read(ref input).Kind);
        Assert.Equal(3, input.Length);

        ChunkedDecoder refused = default;
        input = "x5\r\n"u8;
        Assert.Equal(ProtocolFault.InvalidChunkSize, refused.Read(ref input).Fault);
        Assert.Equal(ProtocolFault.InvalidChunkSize, refused.Read(ref input).Fault);
        Assert.Equal(3, input.Length);
    }

    [Fact]
    public void A_million_chunks_with_extensions_are_refused_at_sixteen_KiB_of_extension()
    {
        ChunkedDecoder decoder = default;
        byte[] chunk = Encoding.ASCII.GetBytes("1;a=b\r\nx\r\n");
        int chunks = 0;
        ProtocolFault fault = ProtocolFault.None;
        while (fault == ProtocolFault.None && chunks < 1_000_000)
        {
            chunks++;
            ReadOnlySpan<byte> input = chunk;
            ChunkEvent next;
            do
                next = decoder.Read(ref input);
            while (next.Kind == ChunkEventKind.Data);
            fault = next.Fault;
        }
        Assert.Equal(ProtocolFault.ChunkExtensionsTooLong, fault);
        Assert.Equal((ChunkedDecoder.MaxExtensionTotal / 4) + 1, chunks);
    }

    [Fact]
    public void Decoding_allocates_nothing()
    {
        byte[] body = Encoding.ASCII.GetBytes("5\r\nhello\r\n6;x=y\r\n world\r\n0\r\nETag: a\r\n\r\n");
        Assert.Equal(11, Count(body));
        long allocated = Allocation.Of(() =>
        {
            for (int i = 0; i < 1000; i++)
                Count(body);
        });
        Assert.Equal(0, allocated);
    }

    private static int Count(ReadOnlySpan<byte> input)
    {
        ChunkedDecoder decoder = default;
        int count = 0;
        while (true)
        {
            ChunkEvent next = decoder.Read(ref input);
            if (next.Kind != ChunkEventKind.Data)
                return next.Kind == ChunkEventKind.End ? count : -1;
            count += next.Data.Length;
        }
    }
}
