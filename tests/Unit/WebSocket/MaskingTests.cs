using EventLoops.Protocols.WebSocket;
using Xunit;

namespace EventLoops.Tests.WebSocket;

public sealed class MaskingTests
{
    private const uint Key = 0x44332211;

    [Fact]
    public void The_low_byte_of_the_key_meets_the_first_byte()
    {
        byte[] bytes = [0, 0, 0, 0, 0];

        Masking.Apply(bytes, Key);

        Assert.Equal([0x11, 0x22, 0x33, 0x44, 0x11], bytes);
    }

    [Fact]
    public void Every_length_up_to_300_at_every_offset_is_masked_as_by_the_naive_loop()
    {
        byte[] random = new byte[400];
        new Random(7).NextBytes(random);
        for (int offset = 0; offset < 65; offset++)
        {
            for (int length = 0; length <= 300; length++)
            {
                byte[] bytes = random.ToArray();
                byte[] masked = FrameMasker.Naive(random.AsSpan(offset, length), Key);
                byte[] expected = [.. random[..offset], .. masked, .. random[(offset + length)..]];

                Masking.Apply(bytes.AsSpan(offset, length), Key);

                Assert.True(expected.AsSpan().SequenceEqual(bytes), $"offset {offset}, length {length}");
            }
        }
    }

    [Fact]
    public void The_returned_key_goes_on_where_the_bytes_ended()
    {
        for (int cut = 0; cut <= 150; cut++)
        {
            byte[] bytes = [.. Enumerable.Range(0, 150).Select(i => (byte)i)];
            byte[] expected = FrameMasker.Naive(bytes, Key);

            uint turned = Masking.Apply(bytes.AsSpan(0, cut), Key);
            Masking.Apply(bytes.AsSpan(cut), turned);

            Assert.Equal(expected, bytes);
        }
    }

    [Fact]
    public void Copying_masks_the_copy_and_leaves_the_source_and_the_room_behind_it()
    {
        for (int length = 0; length <= 200; length++)
        {
            byte[] source = [.. Enumerable.Range(0, length).Select(i => (byte)(i * 7))];
            byte[] untouched = source.ToArray();
            byte[] destination = new byte[length + 70];

            uint turned = Masking.CopyMasked(source, destination, Key);

            Assert.Equal(FrameMasker.Naive(untouched, Key), destination[..length]);
            Assert.Equal(untouched, source);
            Assert.Equal(new byte[70], destination[length..]);
            Assert.Equal(Masking.Apply(source, Key), turned);
        }
    }

    [Fact]
    public void A_copy_that_has_no_room_names_the_destination() =>
        Assert.Throws<ArgumentException>("destination", () => Masking.CopyMasked(new byte[2], new byte[1], Key));

    [Fact]
    public void Keys_are_drawn_anew_across_blocks_without_allocating()
    {
        MaskKeySource source = new();
        HashSet<uint> keys = new(2000);

        long allocated = Allocation.Of(() =>
        {
            keys.Clear();
            for (int i = 0; i < 1000; i++) keys.Add(source.Next());
        });

        Assert.Equal(0, allocated);
        // Two of a thousand random keys are equal once in ten thousand runs; five are never.
        Assert.True(keys.Count > 996);
    }
}
