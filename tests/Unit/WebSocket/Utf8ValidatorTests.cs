using System.Text;
using System.Text.Unicode;
using EventLoops.Protocols.WebSocket;
using Xunit;

namespace EventLoops.Tests.WebSocket;

public sealed class Utf8ValidatorTests
{
    /// <summary>Bytes that begin, continue or break characters in every way that has a rule of its own.</summary>
    private static readonly byte[] Alphabet =
    [
        0x00, 0x41, 0x7F, 0x80, 0x8F, 0x90, 0x9F, 0xA0, 0xBF, 0xC0, 0xC1, 0xC2, 0xDF,
        0xE0, 0xE1, 0xEC, 0xED, 0xEE, 0xEF, 0xF0, 0xF1, 0xF3, 0xF4, 0xF5, 0xFF,
    ];

    public static TheoryData<string> GoodTexts =>
    [
        "", "plain ascii", "\u0080\u07FF", "\u0800\uD7FF\uE000\uFFFF", "\U00010000\U0010FFFF", "mixed é, €, 😀 and a tail",
        new string('x', 200) + "😀" + new string('é', 100),
    ];

    [Theory]
    [MemberData(nameof(GoodTexts))]
    public void Good_text_is_good_at_every_cut(string text)
    {
        byte[] bytes = Encoding.UTF8.GetBytes(text);
        for (int cut = 0; cut <= bytes.Length; cut++)
        {
            Utf8Validator validator = default;
            Assert.True(validator.Append(bytes.AsSpan(0, cut)));
            Assert.Equal(Utf8.IsValid(bytes.AsSpan(0, cut)), validator.IsComplete);
            Assert.True(validator.Append(bytes.AsSpan(cut)));
            Assert.True(validator.IsComplete);
        }
    }

    /// <summary>All sequences of up to four bytes of the alphabet: every one against the framework, whole and byte by byte.</summary>
    [Fact]
    public void Every_short_sequence_is_judged_as_the_framework_judges_it()
    {
        Span<byte> bytes = stackalloc byte[4];
        int total = Alphabet.Length * Alphabet.Length * Alphabet.Length * Alphabet.Length;
        for (int number = 0; number < total; number++)
        {
            for (int i = 0, rest = number; i < 4; i++, rest /= Alphabet.Length) bytes[i] = Alphabet[rest % Alphabet.Length];
            bool good = Utf8.IsValid(bytes);
            int possible = PossiblePrefix(bytes);

            if (Judge(bytes, 4) != good || Judge(bytes, 1) != good) Assert.Fail(Convert.ToHexString(bytes));
            for (int length = 1; length <= 4; length++)
            {
                Utf8Validator validator = default;
                if (validator.Append(bytes[..length]) != (length <= possible)) Assert.Fail(Convert.ToHexString(bytes[..length]));
            }
        }
    }

    [Fact]
    public void Every_character_is_good_and_complete_only_at_its_last_byte()
    {
        Span<byte> bytes = stackalloc byte[4];
        for (int scalar = 0; scalar <= 0x10FFFF; scalar++)
        {
            if (!Rune.IsValid(scalar)) continue;
            int length = new Rune(scalar).EncodeToUtf8(bytes);
            Utf8Validator validator = default;
            bool good = true;
            for (int i = 0; i < length; i++)
            {
                good &= validator.Append(bytes.Slice(i, 1));
                good &= validator.IsComplete == (i == length - 1);
            }

            if (!good) Assert.Fail($"U+{scalar:X}");
        }
    }

    [Theory]
    [InlineData("C080", 1)]
    [InlineData("E0809F", 2)]
    [InlineData("EDA080", 2)]
    [InlineData("F0808080", 2)]
    [InlineData("F4908080", 2)]
    [InlineData("F5808080", 1)]
    [InlineData("61E28241", 4)]
    public void A_text_is_refused_at_its_first_impossible_byte(string hex, int position)
    {
        byte[] bytes = Convert.FromHexString(hex);
        Utf8Validator validator = default;
        for (int i = 0; i < position - 1; i++) Assert.True(validator.Append(bytes.AsSpan(i, 1)));

        Assert.False(validator.Append(bytes.AsSpan(position - 1, 1)));
    }

    [Fact]
    public void A_reset_forgets_the_character_that_was_cut()
    {
        Utf8Validator validator = default;
        validator.Append([0xE2]);

        validator.Reset();

        Assert.True(validator.IsComplete);
        Assert.True(validator.Append("a"u8));
    }

    private static bool Judge(ReadOnlySpan<byte> bytes, int pieceSize)
    {
        Utf8Validator validator = default;
        for (int at = 0; at < bytes.Length; at += pieceSize)
        {
            if (!validator.Append(bytes.Slice(at, pieceSize))) return false;
        }

        return validator.IsComplete;
    }

    /// <summary>
    /// The longest beginning that some text can begin with, asked of the framework: valid, or cut inside a character that can be
    /// finished.
    /// </summary>
    private static int PossiblePrefix(ReadOnlySpan<byte> bytes)
    {
        int length = 0;
        while (length < bytes.Length && CanBeFinished(bytes[..(length + 1)])) length++;
        return length;
    }

    private static bool CanBeFinished(ReadOnlySpan<byte> bytes)
    {
        while (!bytes.IsEmpty)
        {
            System.Buffers.OperationStatus status = Rune.DecodeFromUtf8(bytes, out _, out int consumed);
            if (status == System.Buffers.OperationStatus.NeedMoreData) return true;
            if (status != System.Buffers.OperationStatus.Done) return false;
            bytes = bytes[consumed..];
        }

        return true;
    }
}
