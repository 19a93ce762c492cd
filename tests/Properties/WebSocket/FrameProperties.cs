using EventLoops.Protocols.WebSocket;
using FsCheck;
using FsCheck.Xunit;
using Xunit;

namespace EventLoops.Tests.WebSocket;

/// <summary>What holds for all bytes and all cuts. A failure prints the smallest script that still fails.</summary>
public sealed class FrameProperties
{
    [Property(MaxTest = 300)]
    public void W18_What_is_written_is_read_at_any_cut(NonNull<ScriptedMessage>[] messages, bool masked, byte partSize, ushort[] cuts)
    {
        FrameScript script = FrameScript.Write(messages.Where(IsWhole).Select(message => message.Get), masked ? 0xC0FFEEu : null);
        FrameReaderOptions options = new() { IsServer = masked, ValidateUtf8 = true, MaxPartSize = partSize };
        byte[] wire = script.Wire;

        Assert.Equal(script.Expected, MessageTrace.Of(wire, options, []));
        Assert.Equal(script.Expected, MessageTrace.Of(wire, options, Places(cuts, wire.Length)));
        Assert.Equal(script.Expected, MessageTrace.Of(wire, options, Enumerable.Range(0, wire.Length)));
    }

    [Property(MaxTest = 500)]
    public void Random_bytes_never_throw_and_mean_the_same_at_any_cut(byte[] bytes, bool isServer, bool rsv1, ushort[] cuts) =>
        AssertSameAtEveryCut(bytes, new FrameReaderOptions { IsServer = isServer, ValidateUtf8 = true, AllowedBits = rsv1 ? ReservedBits.Rsv1 : ReservedBits.None }, cuts);

    [Property(MaxTest = 500)]
    public void Frames_with_a_damaged_byte_never_throw_and_mean_the_same_at_any_cut(
        NonNull<ScriptedMessage>[] messages, bool masked, ushort place, byte damage, ushort[] cuts)
    {
        byte[] wire = FrameScript.Write(messages.Where(IsWhole).Select(message => message.Get), masked ? 0xC0FFEEu : null).Wire;
        if (wire.Length != 0) wire[place % wire.Length] ^= damage;

        FrameReaderOptions options =
            new() { IsServer = masked, ValidateUtf8 = true, MaxMessageSize = 200, MaxFragments = 6, MaxPartSize = 7 };
        AssertSameAtEveryCut(wire, options, cuts);
    }

    /// <summary>Two bytes that may be a header, again and again: what is wrong with one is more often than not seen.</summary>
    [Property(MaxTest = 500)]
    public void Likely_headers_in_any_order_mean_the_same_at_any_cut(
        (byte Choice, byte Length)[] frames, bool isServer, bool rsv1, ushort[] cuts)
    {
        byte[] starts = [0x81, 0x82, 0x01, 0x02, 0x00, 0x80, 0x89, 0x8A, 0x88, 0xC1, 0x41, 0x09, 0x83];
        List<byte> wire = [];
        foreach ((byte choice, byte length) in frames)
        {
            byte[] payload = [.. Enumerable.Repeat((byte)0x03, length % 9)];
            wire.Add(starts[choice % starts.Length]);
            wire.Add((byte)(payload.Length | (isServer ? 0x80 : 0)));
            if (isServer) wire.AddRange([0, 0, 0, 0]);
            wire.AddRange(payload);
        }

        FrameReaderOptions options = new()
        {
            IsServer = isServer,
            ValidateUtf8 = true,
            AllowedBits = rsv1 ? ReservedBits.Rsv1 : ReservedBits.None,
            MaxFragments = 3,
            MaxMessageSize = 20,
        };
        AssertSameAtEveryCut([.. wire], options, cuts);
    }

    [Property(MaxTest = 500)]
    public void Masking_at_any_cut_is_the_naive_loop(byte[] bytes, uint key, ushort place)
    {
        int cut = bytes.Length == 0 ? 0 : place % bytes.Length;
        byte[] masked = bytes.ToArray();

        uint turned = Masking.Apply(masked.AsSpan(0, cut), key);
        Masking.Apply(masked.AsSpan(cut), turned);

        Assert.Equal(FrameMasker.Naive(bytes, key), masked);
    }

    [Property(MaxTest = 500)]
    public void Text_is_judged_as_the_framework_judges_it_at_any_cut(ushort[] characters, byte[] damage, ushort[] cuts)
    {
        byte[] all = FrameScript.TextOf(characters);
        if (all.Length != 0 && damage.Length > 1) all[damage[0] % all.Length] = damage[1];

        Utf8Validator validator = default;
        bool good = true;
        int start = 0;
        foreach (int cut in Places(cuts, all.Length).Append(all.Length))
        {
            good = good && validator.Append(all.AsSpan(start..cut));
            start = cut;
        }

        Assert.Equal(System.Text.Unicode.Utf8.IsValid(all), good && validator.IsComplete);
    }

    private static void AssertSameAtEveryCut(byte[] bytes, FrameReaderOptions options, ushort[] cuts)
    {
        string whole = FrameTrace.Whole(bytes, options);

        Assert.Equal(whole, FrameTrace.Cut(bytes, options, Places(cuts, bytes.Length)));
        Assert.Equal(whole, FrameTrace.ByteByByte(bytes, options));

        // The short way of most messages tells what the long one tells.
        Assert.Equal(whole, FrameTrace.CutInShort(bytes, options, []));
        Assert.Equal(whole, FrameTrace.CutInShort(bytes, options, Places(cuts, bytes.Length)));
    }

    private static IEnumerable<int> Places(ushort[] cuts, int length) => length == 0 ? [] : cuts.Select(cut => cut % length).Order();

    private static bool IsWhole(NonNull<ScriptedMessage> message) =>
        message.Get is { Characters: not null, Bytes: not null, FragmentSizes: not null, PingSizes: not null };
}
