using System.Text;
using System.Text.Unicode;
using EventLoops.Protocols.Http;
using FsCheck;
using FsCheck.Xunit;
using Xunit;

namespace EventLoops.Tests.Http;

/// <summary>What holds for all bytes and all cuts of HTTP/1.1. A failure prints the smallest input that still fails.</summary>
public sealed class HttpProperties
{
    private static readonly string[] Readers =
    [
        "request", "response", "response HEAD", "trailers", "chunked", "upgrade", "reply protocols=a extensions=b",
        "form application/x-www-form-urlencoded", "form multipart/form-data; boundary=X",
    ];

    [Property(MaxTest = 1000)]
    public void Random_bytes_never_throw_and_mean_the_same_at_any_cut(byte[] bytes, byte[] lengths)
    {
        foreach (string reader in Readers)
            AssertSameAtEveryCut(reader, bytes, lengths);
    }

    [Property(MaxTest = 1000)]
    public void Likely_messages_mean_the_same_at_any_cut(byte[] choices, byte[] lengths)
    {
        AssertSameAtEveryCut("request", HttpScript.Request(choices), lengths);
        AssertSameAtEveryCut("upgrade", HttpScript.Request(choices), lengths);
        AssertSameAtEveryCut("response", HttpScript.Response(choices), lengths);
        AssertSameAtEveryCut("reply", HttpScript.Response(choices), lengths);
        AssertSameAtEveryCut("chunked", HttpScript.Chunks(choices), lengths);
    }

    [Property(MaxTest = 1000)]
    public void Messages_with_a_damaged_byte_mean_the_same_at_any_cut(NonEmptyArray<byte> choices, ushort place, byte value, byte[] lengths)
    {
        AssertSameAtEveryCut("request", Damaged(HttpScript.Request(choices.Get), place, value), lengths);
        AssertSameAtEveryCut("response", Damaged(HttpScript.Response(choices.Get), place, value), lengths);
        AssertSameAtEveryCut("chunked", Damaged(HttpScript.Chunks(choices.Get), place, value), lengths);
    }

    [Property(MaxTest = 500)]
    public void A_head_that_was_written_is_read_back_equal((byte[] Name, byte[] Value)[] fields, byte[] targetBytes, byte[] lengths)
    {
        byte[] target = [(byte)'/', .. Visible(targetBytes)];
        List<(byte[] Name, byte[] Value)> legal = 
            [(Bytes("Host"), Bytes("a")), .. fields.Select(field => (OwnName(field.Name), Value(field.Value)))];
        byte[] wire = new byte[target.Length + 64 + legal.Sum(field => field.Name.Length + field.Value.Length + 4)];
        int length = HttpWriter.WriteRequestLine(wire, "GET"u8, target);
        foreach ((byte[] name, byte[] value) in legal)
            length += HttpWriter.WriteField(wire.AsSpan(length), name, value);
        length += HttpWriter.EndHead(wire.AsSpan(length));

        HttpHead head = new(new HttpHeadLimits(64 * 1024, 1024 * 1024, 1000));
        ReadAll(head, HttpHeadKind.Request, wire.AsSpan(0, length), lengths);
        Assert.Equal(target, head.Target.ToArray());
        AssertFields(legal, head);
    }

    [Property(MaxTest = 500)]
    public void A_status_line_that_was_written_is_read_back_equal(ushort code, byte[] reason, bool old, byte[] lengths)
    {
        int status = 200 + (code % 400);
        byte[] text = Value(reason);
        byte[] wire = new byte[text.Length + 64];
        int length = HttpWriter.WriteStatusLine(wire, status, text, old ? 0 : 1);
        length += HttpWriter.EndHead(wire.AsSpan(length));

        HttpHead head = new(HttpHeadLimits.Default);
        ReadAll(head, HttpHeadKind.Response, wire.AsSpan(0, length), lengths);
        Assert.Equal(status, head.StatusCode);
        Assert.Equal(old ? 0 : 1, head.MinorVersion);
        Assert.Equal(text, head.ReasonPhrase.ToArray());
    }

    [Property(MaxTest = 500)]
    public void A_body_that_was_written_in_chunks_is_read_back_equal(NonEmptyArray<byte>[] chunks, byte[] lengths)
    {
        List<byte> wire = [];
        byte[] header = new byte[ChunkedEncoder.MaxHeaderSize];
        foreach (NonEmptyArray<byte> chunk in chunks)
        {
            wire.AddRange(header.AsSpan(0, ChunkedEncoder.WriteChunkHeader(header, chunk.Get.Length)));
            wire.AddRange(chunk.Get);
            wire.AddRange(ChunkedEncoder.ChunkEnd);
        }
        wire.AddRange(ChunkedEncoder.LastChunk);
        byte[] body = [.. chunks.SelectMany(chunk => chunk.Get)];

        string expected = body.Length == 0 ? "end" : $"data {HttpCaseFile.Escape(body)}\nend";
        Assert.Equal(expected, HttpReplay.Run("chunked", [.. wire], HttpScript.Pieces(lengths)));
        Assert.Equal(expected, HttpReplay.Run("chunked", [.. wire], end => end + 1));
    }

    [Property(MaxTest = 2000)]
    public void A_decoded_path_stays_below_the_root(byte[] choices)
    {
        string[] parts = ["/", "/", ".", "..", "%2e", "%2F", "a", "%c3%a9", "%25", "\\", "%5c", "%c0%ae", "%00", "%", ";", "%41"];
        byte[] raw = Bytes("/" + string.Concat(choices.Select(choice => parts[choice % parts.Length])));
        byte[] decoded = new byte[raw.Length];
        if (!UriPath.TryDecode(raw, decoded, out int length, out ProtocolFault fault))
        {
            Assert.True(fault is ProtocolFault.PathAboveRoot or ProtocolFault.InvalidPathText or ProtocolFault.InvalidPercentEncoding);
            Assert.Equal(0, length);
            return;
        }

        string path = Encoding.UTF8.GetString(decoded, 0, length);
        Assert.True(Utf8.IsValid(decoded.AsSpan(0, length)));
        Assert.StartsWith("/", path, StringComparison.Ordinal);
        Assert.DoesNotContain('\0', path);
        Assert.DoesNotContain(path.Split('/'), segment => segment is "." or "..");
    }

    [Property(MaxTest = 1000)]
    public void Random_lists_in_a_handshake_never_throw(byte[] protocols, byte[] extensions)
    {
        byte[] letters = Bytes("ab,;=\" \t");
        string text = "GET / HTTP/1.1\r\nHost: a\r\nUpgrade: websocket\r\nConnection: Upgrade\r\nSec-WebSocket-Version: 13\r\n" +
            "Sec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\n" +
            $"Sec-WebSocket-Protocol: {Pick(protocols)}\r\nSec-WebSocket-Extensions: {Pick(extensions)}\r\n\r\n";
        HttpHead head = new(HttpHeadLimits.Default);
        ReadAll(head, HttpHeadKind.Request, Bytes(text), []);

        ProtocolFault fault = WebSocketUpgrade.Check(head);
        Assert.True(fault is ProtocolFault.None or ProtocolFault.SubprotocolMalformed or ProtocolFault.SubprotocolRepeated
            or ProtocolFault.TooManySubprotocols or ProtocolFault.ExtensionsMalformed);

        string Pick(byte[] choices) => Encoding.ASCII.GetString([.. choices.Select(choice => letters[choice % letters.Length])]);
    }

    private static void AssertSameAtEveryCut(string reader, byte[] bytes, byte[] lengths)
    {
        string whole = HttpReplay.Run(reader, bytes, _ => int.MaxValue);
        Assert.Equal(whole, HttpReplay.Run(reader, bytes, HttpScript.Pieces(lengths)));
        Assert.Equal(whole, HttpReplay.Run(reader, bytes, end => end + 1));
    }

    private static void ReadAll(HttpHead head, HttpHeadKind kind, ReadOnlySpan<byte> wire, byte[] lengths)
    {
        head.Reset(kind);
        Func<int, int> pieceEnd = HttpScript.Pieces(lengths);
        int used = 0;
        HeadStatus status = HeadStatus.NeedMore;
        while (used < wire.Length && status == HeadStatus.NeedMore)
        {
            status = head.Feed(wire[used..Math.Min(pieceEnd(used), wire.Length)], out int consumed);
            used += consumed;
        }
        Assert.Equal(ProtocolFault.None, head.Fault);
        Assert.Equal(HeadStatus.Complete, status);
        Assert.Equal(wire.Length, used);
    }

    private static void AssertFields(List<(byte[] Name, byte[] Value)> expected, HttpHead head)
    {
        Assert.Equal(expected.Count, head.FieldCount);
        for (int i = 0; i < expected.Count; i++)
        {
            HeaderField field = head.Field(i);
            Assert.Equal(expected[i].Name, field.Name.ToArray());
            Assert.Equal(expected[i].Value, field.Value.ToArray());
        }
    }

    private static byte[] Damaged(byte[] bytes, ushort place, byte value)
    {
        bytes[place % bytes.Length] = value;
        return bytes;
    }

    // Letters that begin no known field, so that nothing has a meaning of its own.
    private static byte[] OwnName(byte[] random) => [(byte)'q', .. random.Select(value => (byte)"abcXYZ019-_!~|"[value % 14])];

    private static byte[] Value(byte[] random) =>
        HttpChars.Trim([.. random.Where(value => value is (byte)'\t' or >= 0x20 and not 0x7F)]).ToArray();

    private static byte[] Visible(byte[] random) =>
        [.. random.Where(value => value is > 0x20 and < 0x7F and not (byte)'#' and not (byte)'%')];

    private static byte[] Bytes(string text) => Encoding.Latin1.GetBytes(text);
}
