using System.Text;
using FsCheck;
using FsCheck.Fluent;

namespace EventLoops.Tests.Traces;

/// <summary>How the body of a reply is framed (RFC 9112 6.3).</summary>
public enum ReplyFraming
{
    /// <summary>By its length.</summary>
    Length,

    /// <summary>In chunks.</summary>
    Chunked,

    /// <summary>Until the stream ends.</summary>
    UntilClose,
}

/// <summary>What the server does behind the last piece of its reply.</summary>
public enum ReplyEnd
{
    /// <summary>It waits.</summary>
    Waits,

    /// <summary>It ends its stream.</summary>
    Ends,

    /// <summary>It resets the connection.</summary>
    Resets,
}

/// <summary>A request of ours and what a server makes of it: the reply in pieces, each with all its consequences before the next, and a user who reads at once or later.</summary>
public sealed record HttpReplyScript(string Method, int Status, ReplyFraming Framing, int BodySize, int ChunkSize, IReadOnlyList<int> Pieces, int ReadSize, bool ReadsLater, ReplyEnd End)
{
    /// <summary>Whether the reply has no body, whatever its fields say (RFC 9112 6.3).</summary>
    public bool HasNoBody => Method == "HEAD" || Status is 204 or 304;

    /// <summary>The body.</summary>
    public string Body => HasNoBody ? "" : string.Concat(Enumerable.Range(0, BodySize).Select(i => (char)('a' + (i % 26))));

    /// <summary>The whole reply.</summary>
    public string Reply
    {
        get
        {
            string fields = Framing switch
            {
                ReplyFraming.Length when Status != 204 => $"Content-Length: {BodySize}\r\n",
                ReplyFraming.Chunked when Status != 204 => "Transfer-Encoding: chunked\r\n",
                _ => "",
            };
            StringBuilder reply = new($"HTTP/1.1 {Status} Whatever\r\n{fields}\r\n");
            if (HasNoBody) return reply.ToString();
            if (Framing != ReplyFraming.Chunked) return reply.Append(Body).ToString();

            foreach (string chunk in Body.Chunk(ChunkSize).Select(chars => new string(chars))) reply.Append($"{chunk.Length:x}\r\n{chunk}\r\n");
            return reply.Append("0\r\n\r\n").ToString();
        }
    }

    /// <summary>Random scripts, which shrink to fewer pieces and smaller bodies.</summary>
    public static Arbitrary<HttpReplyScript> All() => Arb.From(
        from method in Gen.Elements("GET", "HEAD", "DELETE")
        from status in Gen.Elements(200, 204, 206, 304, 404, 503)
        from framing in Gen.Elements(ReplyFraming.Length, ReplyFraming.Chunked, ReplyFraming.UntilClose)
        from size in Gen.OneOf(Gen.Choose(0, 30), Gen.Choose(30, 20_000))
        from chunk in Gen.Choose(1, 3000)
        from pieces in Gen.Choose(1, 3000).ListOf(6)
        from readSize in Gen.OneOf(Gen.Choose(1, 50), Gen.Choose(1000, 50_000))
        from later in Gen.Elements(false, true)
        from end in Gen.Elements(ReplyEnd.Waits, ReplyEnd.Ends, ReplyEnd.Resets)

        // A body takes some dozen reads at most: each is a turn of its own where the user reads later.
        select new HttpReplyScript(method, status, framing, size, chunk, [.. pieces], Math.Max(readSize, (size / 40) + 1), later, end),
        script => Shrink(script));

    /// <inheritdoc/>
    public override string ToString() =>
        $"{Method}: {Status}, {BodySize} bytes, {Framing}{(Framing == ReplyFraming.Chunked ? $" of {ChunkSize}" : "")}; pieces {string.Join('+', Pieces)}, then the rest; "
        + $"user reads {ReadSize} at a time{(ReadsLater ? ", later" : "")}; server then: {End}";

    private static IEnumerable<HttpReplyScript> Shrink(HttpReplyScript script)
    {
        if (script.Pieces.Count > 0) yield return script with { Pieces = [.. script.Pieces.Skip(1)] };
        if (script.BodySize > 0) yield return script with { BodySize = script.BodySize / 2 };
        if (script.ReadsLater) yield return script with { ReadsLater = false };
        if (script.Method != "GET") yield return script with { Method = "GET" };
        if (script.Status != 200) yield return script with { Status = 200 };
    }
}
