using System.Text;
using EventLoops.Protocols.Http;
using Xunit;

namespace EventLoops.Tests.Http;

/// <summary>
/// Lines that come whole are taken in blocks of 32 bytes. Wherever a block ends in them, and whatever stands there, the result is that of the bytes one by one, which
/// never come whole.
/// </summary>
public sealed class WholeHeadTests
{
    // What a line is made of and what may not be in it: each is seen to be itself wherever it stands.
    private static readonly byte[] Odd = [0x00, (byte)'\t', (byte)'\n', (byte)'\r', 0x1F, (byte)' ', (byte)'#', (byte)'%', (byte)'.', (byte)'/', (byte)':', (byte)'?', (byte)'@', (byte)'M', 0x7F, 0x80, 0xFF];

    private static readonly HttpHeadLimits Limits = new(MaxRequestLine: 300, MaxHeadSize: 1000, MaxFields: 4);

    private readonly HttpHead _whole = new(Limits);
    private readonly HttpHead _cut = new(Limits);

    [Fact]
    public void Names_and_values_of_every_length_are_read_as_byte_by_byte()
    {
        for (int name = 0; name < 70; name++)
        {
            for (int value = 0; value < 70; value++)
                AssertSame(Bytes($"GET / HTTP/1.1\r\n{new string('n', name)}:{new string('v', value)}\r\nHost: a\r\n\r\n"));
        }
    }

    [Fact]
    public void Targets_of_every_length_are_read_as_byte_by_byte()
    {
        foreach (string piece in new[] { "a", "/", "/.", ".", "%41", "?a/.", "%4", "\xE9" })
        {
            for (int before = 0; before < 70; before++)
            {
                for (int behind = 0; behind < 3; behind++)
                    AssertSame(Bytes($"GET /{new string('p', before)}{piece}{new string('q', behind)} HTTP/1.1\r\nHost: a\r\n\r\n"));
            }
        }
    }

    [Fact]
    public void A_byte_that_is_changed_anywhere_is_judged_as_byte_by_byte()
    {
        string[] heads =
        [
            "GET /a/b?c=d HTTP/1.1\r\nHost: localhost:7681\r\nAccept: */*\r\nX-Own-Field-Name: and a value that is longer than a block\r\n\r\n",
            "POST http://a/b HTTP/1.0\r\nContent-Length: 5\r\nConnection: keep-alive\r\nSec-Fetch-Mode:\t\r\n\r\nhello",
            "OPTIONS * HTTP/1.1\r\nhost: [::1]:80\r\nTRANSFER-ENCODING: chunked\r\n\r\n",
        ];
        foreach (byte[] head in heads.Select(Bytes))
        {
            AssertSame(head);
            for (int place = 0; place < head.Length; place++)
            {
                byte former = head[place];
                foreach (byte odd in Odd)
                {
                    head[place] = odd;
                    AssertSame(head);
                }

                head[place] = former;
            }
        }
    }

    [Fact]
    public void A_head_that_is_cut_anywhere_means_the_same()
    {
        byte[] head = Bytes(
            "GET /articles/loops.html?page=2 HTTP/1.1\r\nHost: www.example.org\r\nUser-Agent: Mozilla/5.0 (X11; Linux x86_64) AppleWebKit/537.36\r\nsec-ch-ua-mobile: ?0\r\n\r\nGET");
        for (int cut = 0; cut < head.Length; cut++)
        {
            _cut.Reset(HttpHeadKind.Request);
            HeadStatus status = _cut.Feed(head.AsSpan(0, cut), out int consumed);
            if (status == HeadStatus.NeedMore)
                status = _cut.Feed(head.AsSpan(consumed), out int rest);
            Assert.Equal(HeadStatus.Complete, status);

            _whole.Reset(HttpHeadKind.Request);
            _whole.Feed(head, out _);
            Assert.Equal(Describe(_whole), Describe(_cut));
        }
    }

    [Fact]
    public void The_limits_are_the_same_for_whole_lines()
    {
        for (int length = 270; length < 310; length++)
            AssertSame(Bytes($"GET /{new string('p', length)} HTTP/1.1\r\nHost: a\r\n\r\n"));
        for (int length = 900; length < 1000; length++)
            AssertSame(Bytes($"GET / HTTP/1.1\r\nHost: a\r\nX: {new string('v', length)}\r\n\r\n"));
        for (int fields = 1; fields < 7; fields++)
            AssertSame(Bytes($"GET / HTTP/1.1\r\nHost: a\r\n{string.Concat(Enumerable.Repeat("Accept: */*\r\n", fields))}\r\n"));
    }

    [Fact]
    public void A_byte_that_only_looks_like_another_case_of_a_letter_makes_another_name()
    {
        // Each differs from a byte of the name in the bit that tells the cases of a letter apart, or in a bit beside it.
        foreach (string name in new[] { "H/st", "\x10ost", "(ost", "hos4", "host\x00", "Content\rLength", "Content\x0DLength", "Content\x2DLengtH", "X-Real-I0", "[ost" })
            AssertSame(Bytes($"GET / HTTP/1.1\r\n{name}: a\r\nHost: b\r\n\r\n"));
    }

    [Fact]
    public void Every_byte_ends_in_a_block_what_it_ends_alone()
    {
        byte[] bytes = new byte[HeadBlock.Size];
        for (int value = 0; value <= byte.MaxValue; value++)
        {
            for (int place = 0; place < bytes.Length; place++)
            {
                bytes.AsSpan().Fill((byte)'a');
                bytes[place] = (byte)value;
                uint bit = 1u << place;
                Assert.Equal(HttpChars.FieldValue.Contains((byte)value) ? 0 : bit, HeadBlock.FindValueEnds(HeadBlock.Load(bytes, 0)));
                Assert.Equal(HttpChars.Target.Contains((byte)value) ? 0 : bit, HeadBlock.FindTargetEnds(HeadBlock.Load(bytes, 0)));
            }
        }
    }

    private void AssertSame(byte[] bytes)
    {
        _whole.Reset(HttpHeadKind.Request);
        HeadStatus status = _whole.Feed(bytes, out int consumed);

        _cut.Reset(HttpHeadKind.Request);
        HeadStatus cutStatus = HeadStatus.NeedMore;
        int used = 0;
        while (cutStatus == HeadStatus.NeedMore && used < bytes.Length)
        {
            cutStatus = _cut.Feed(bytes.AsSpan(used, 1), out int one);
            used += one;
        }

        Assert.Equal((cutStatus, used), (status, consumed));
        Assert.Equal(Describe(_cut), Describe(_whole));
    }

    private static string Describe(HttpHead head)
    {
        StringBuilder text = new($"{head.Fault} {head.Method} {Latin1(head.Target)} {Latin1(head.RawPath)} {Latin1(head.Query)} {Latin1(head.Authority)} 1.{head.MinorVersion} {head.Framing} {head.ContentLength} {head.KeepAlive}\n");
        for (int i = 0; i < head.FieldCount; i++)
            text.Append(Latin1(head.Field(i).Name)).Append(':').Append(Latin1(head.Field(i).Value)).Append(' ').Append(head.Field(i).Known).Append('\n');
        if (!head.IsComplete)
            return text.ToString();

        byte[] path = new byte[1000];
        byte[] decoded = new byte[1000];
        bool isWell = head.TryDecodePath(path, out int length, out ProtocolFault fault);
        Assert.Equal(UriPath.TryDecode(head.RawPath, decoded, out int decodedLength, out ProtocolFault expected), isWell);
        Assert.Equal((decodedLength, expected), (length, fault));
        Assert.Equal(decoded[..decodedLength], path[..length]);
        return text.Append(Latin1(path.AsSpan(0, length))).ToString();
    }

    private static byte[] Bytes(string text) => Encoding.Latin1.GetBytes(text);

    private static string Latin1(ReadOnlySpan<byte> bytes) => Encoding.Latin1.GetString(bytes);
}
