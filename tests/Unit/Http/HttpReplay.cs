using System.Text;
using EventLoops.Protocols.Http;
using EventLoops.Protocols.WebSocket;

namespace EventLoops.Tests.Http;

/// <summary>Gives bytes to a reader in pieces and writes down what came of it, in the words of Cases/README.md.</summary>
internal static class HttpReplay
{
    // Small, so that the cases about limits stay readable.
    private static readonly HttpHeadLimits Limits = new(MaxRequestLine: 200, MaxHeadSize: 1000, MaxFields: 10);

    internal static string Run(string reader, ReadOnlySpan<byte> input, Func<int, int> pieceEnd)
    {
        string[] words = reader.Split(' ');
        return words[0] switch
        {
            "chunked" => RunChunked(input, pieceEnd),
            "path" => RunPath(input),
            "form" => ValueReplay.RunForm(reader["form ".Length..], input, pieceEnd),
            "query" => ValueReplay.RunQuery(input),
            "credentials" => ValueReplay.RunBasic(input),
            "host" => ValueReplay.RunHost(input),
            "parameters" => ValueReplay.RunParameters(input),
            "cgi" => RunCgi(input, pieceEnd),
            "request" or "upgrade" => RunHead(words, HttpHeadKind.Request, input, pieceEnd),
            "response" or "reply" => RunHead(words, HttpHeadKind.Response, input, pieceEnd),
            "trailers" => RunHead(words, HttpHeadKind.Trailers, input, pieceEnd),
            _ => throw new FormatException($"Nobody reads {reader}."),
        };
    }

    private static string RunHead(string[] words, HttpHeadKind kind, ReadOnlySpan<byte> input, Func<int, int> pieceEnd)
    {
        HttpHead head = new(Limits);
        head.Reset(kind, words.Contains("HEAD") ? RequestMethod.Head : RequestMethod.Get);
        int used = 0;
        int end = 0;
        HeadStatus status = HeadStatus.NeedMore;
        while (status == HeadStatus.NeedMore && end < input.Length)
        {
            end = Math.Min(pieceEnd(end), input.Length);
            status = head.Feed(input[used..end], out int consumed);
            used += consumed;
        }

        StringBuilder log = new();
        if (status == HeadStatus.Fault)
            return $"fault {head.Fault} {head.Fault.HttpStatus()} at {used}";
        if (status == HeadStatus.NeedMore)
            return "needs more";
        if (words[0] == "upgrade")
            LogUpgrade(log, head);
        else if (words[0] == "reply")
            LogReply(log, head, words);
        else
            LogHead(log, head);
        if (used < input.Length)
            log.Append($"rest {input.Length - used}\n");
        return log.Length == 0 ? "(nothing)" : log.ToString().TrimEnd('\n');
    }

    private static void LogHead(StringBuilder log, HttpHead head)
    {
        if (head.Kind == HttpHeadKind.Request)
            LogRequestLine(log, head);
        else if (head.Kind == HttpHeadKind.Response)
            log.Append($"{head.StatusCode} {HttpCaseFile.Escape(head.ReasonPhrase)} 1.{head.MinorVersion}\n");
        foreach (HeaderField field in head.Fields)
            log.Append($"{HttpCaseFile.Escape(field.Name)}: {HttpCaseFile.Escape(field.Value)}".TrimEnd(' ')).Append('\n');
        if (head.Framing != BodyFraming.None)
            log.Append("body ").Append(Body(head)).Append('\n');
        if (!head.KeepAlive && head.Kind != HttpHeadKind.Trailers)
            log.Append("close\n");
        if (head.ExpectsContinue)
            log.Append("expects 100\n");
        if (head.WantsWebSocket)
            log.Append("websocket\n");
    }

    private static string Body(HttpHead head) => head.Framing switch
    {
        BodyFraming.Chunked => "chunked",
        BodyFraming.UntilClose => "until close",
        _ => $"{head.ContentLength}",
    };

    private static void LogRequestLine(StringBuilder log, HttpHead head)
    {
        log.Append($"{HttpCaseFile.Escape(head.MethodText)} {HttpCaseFile.Escape(head.Target)} 1.{head.MinorVersion}\n");
        if (head.Target.Contains(":"u8[0]))
            log.Append($"authority {HttpCaseFile.Escape(head.Authority)}\n");
        if (head.Target[0] != '/' || !head.Query.IsEmpty)
            log.Append($"path {HttpCaseFile.Escape(head.RawPath)}\n");
        if (!head.Query.IsEmpty)
            log.Append($"query {HttpCaseFile.Escape(head.Query)}\n");
    }

    private static void LogUpgrade(StringBuilder log, HttpHead head)
    {
        ProtocolFault fault = WebSocketUpgrade.Check(head);
        if (!head.WantsWebSocket)
            log.Append("plain\n");
        else if (fault != ProtocolFault.None)
            log.Append($"fault {fault} {fault.HttpStatus()}\n");
        else
            log.Append("accepted\n");
        if (fault != ProtocolFault.None || !head.HasField(KnownHeader.SecWebSocketProtocol))
            return;
        log.Append("offers");
        foreach (ReadOnlySpan<byte> name in WebSocketUpgrade.Protocols(head))
            log.Append(' ').Append(HttpCaseFile.Escape(name));
        log.Append('\n');
    }

    private static void LogReply(StringBuilder log, HttpHead head, string[] words)
    {
        Span<byte> accept = stackalloc byte[WebSocketHandshake.AcceptLength];
        WebSocketHandshake.ComputeAccept("dGhlIHNhbXBsZSBub25jZQ=="u8, accept);
        ProtocolFault fault = WebSocketUpgrade.CheckReply(head, accept, Offered(words, "protocols="), Offered(words, "extensions="));
        log.Append(fault == ProtocolFault.None ? "accepted\n" : $"fault {fault} {fault.HttpStatus()}\n");
    }

    private static byte[] Offered(string[] words, string what)
    {
        string? word = words.FirstOrDefault(word => word.StartsWith(what, StringComparison.Ordinal));
        return word is null ? [] : Encoding.ASCII.GetBytes(word[what.Length..]);
    }

    private static string RunChunked(ReadOnlySpan<byte> input, Func<int, int> pieceEnd)
    {
        ChunkedDecoder decoder = default;
        StringBuilder log = new();
        List<byte> data = [];
        int used = 0;
        int end = 0;
        ChunkEvent next = default;
        while (next.Kind is ChunkEventKind.NeedMore or ChunkEventKind.Data && end < input.Length)
        {
            end = Math.Min(pieceEnd(end), input.Length);
            ReadOnlySpan<byte> rest = input[used..end];
            do
            {
                next = decoder.Read(ref rest);
                data.AddRange(next.Data);
            }
            while (next.Kind == ChunkEventKind.Data);
            used = end - rest.Length;
        }

        if (data.Count > 0)
            log.Append($"data {HttpCaseFile.Escape([.. data])}\n");
        if (next.Kind == ChunkEventKind.End)
            log.Append("end\n");
        if (next.Kind == ChunkEventKind.Fault)
            log.Append($"fault {next.Fault} {next.Fault.HttpStatus()} at {used}\n");
        else if (used < input.Length)
            log.Append($"rest {input.Length - used}\n");
        return log.ToString().TrimEnd('\n');
    }

    private static string RunCgi(ReadOnlySpan<byte> input, Func<int, int> pieceEnd)
    {
        CgiHead head = new(Limits.MaxHeadSize, Limits.MaxFields);
        int used = 0;
        int end = 0;
        HeadStatus status = HeadStatus.NeedMore;
        while (status == HeadStatus.NeedMore && end < input.Length)
        {
            end = Math.Min(pieceEnd(end), input.Length);
            status = head.Feed(input[used..end], out int consumed);
            used += consumed;
        }

        if (status == HeadStatus.Fault)
            return $"fault {head.Fault}";
        if (status == HeadStatus.NeedMore)
            return "needs more";

        StringBuilder log = new($"{head.AnswerStatus}\n");
        if (head.ContentType is not null)
            log.Append($"type {head.ContentType}\n");
        if (head.ContentLength >= 0)
            log.Append($"length {head.ContentLength}\n");
        if (head.Location is not null)
            log.Append($"location {head.Location}\n");
        foreach ((string name, string value) in head.Fields)
            log.Append($"{name}: {value}\n");
        if (head.IsLocalRedirect)
            log.Append("local\n");
        if (used < input.Length)
            log.Append($"rest {input.Length - used}\n");
        return log.ToString().TrimEnd('\n');
    }

    private static string RunPath(ReadOnlySpan<byte> input)
    {
        Span<byte> decoded = new byte[input.Length];
        return UriPath.TryDecode(input, decoded, out int length, out ProtocolFault fault)
            ? HttpCaseFile.Escape(decoded[..length])
            : $"fault {fault} {fault.HttpStatus()}";
    }
}
