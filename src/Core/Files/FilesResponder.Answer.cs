using System.Globalization;
using System.Text;
using EventLoops.Protocols.Http;

namespace EventLoops;

/// <summary>What is sent of a file: all of it, parts, or only that the client has it already.</summary>
internal sealed partial class FilesResponder
{
    // Long enough that no file has it by chance between two line ends (RFC 2046 5.1.1); which one it is tells nobody anything.
    private const string Boundary = "eventloops-part-8f2c61d09b7e4a35";

    private void Answer(in MountRequest request, string type, ContentCoding coding, bool mayBeCompressed)
    {
        OpenFile file = _file!;
        DateTimeOffset? modified = ModifiedSecond(file);
        string? tag = TagOf(file, coding);
        Span<byte> tagBytes = tag is null ? default : Encoding.ASCII.GetBytes(tag);
        List<HttpField> fields = FieldsOf(request, modified, tag, coding, mayBeCompressed);
        switch (Preconditions.Judge(request.Head.Fields, tagBytes, modified))
        {
            case PreconditionResult.NotModified:

                // RFC 9110 8.6: the length, if it is told at all, is the one that 200 would have.
                CloseFile();
                Role.StartResponse(304, null, file.Length, [.. fields]);
                Role.EndResponse();
                return;
            case PreconditionResult.Failed:
                CloseFile();
                Role.Answer(412, "The file is not the one that was asked about.", fields);
                return;
        }

        // RFC 9110 14.2: ranges are defined for GET only.
        Span<ByteRange> ranges = stackalloc ByteRange[ByteRanges.MostRanges];
        int count = 0;
        RangeResult result = RangeResult.Whole;
        if (request.Method == RequestMethod.Get && request.Head.HasField(KnownHeader.Range) && Preconditions.RangeCounts(request.Head.Fields, tagBytes, modified))
            result = ByteRanges.Parse(request.Head.Fields[KnownHeader.Range], file.Length, ranges, out count);

        if (result == RangeResult.NotSatisfiable)
        {
            CloseFile();
            fields.Add(new HttpField("Content-Range", Invariant($"bytes */{file.Length}")));
            Role.Answer(416, "The file does not reach so far.", fields);
            return;
        }

        fields.Add(new HttpField("Accept-Ranges", "bytes"));
        if (result == RangeResult.Whole)
            Begin(200, type, fields, [new Part(null, 0, file.Length)]);
        else if (count == 1)
            BeginRange(type, fields, ranges[0]);
        else
            BeginRanges(type, fields, ranges[..count]);
    }

    private void BeginRange(string type, List<HttpField> fields, ByteRange range)
    {
        fields.Add(new HttpField("Content-Range", ContentRange(range)));
        Begin(206, type, fields, [new Part(null, range.Start, range.Length)]);
    }

    /// <summary>Several ranges travel as parts of one body, each with a head of its own (RFC 9110 14.6).</summary>
    private void BeginRanges(string type, List<HttpField> fields, ReadOnlySpan<ByteRange> ranges)
    {
        List<Part> parts = [];
        foreach (ByteRange range in ranges)
        {
            string head = $"\r\n--{Boundary}\r\nContent-Type: {type}\r\nContent-Range: {ContentRange(range)}\r\n\r\n";
            parts.Add(new Part(Encoding.Latin1.GetBytes(head), range.Start, range.Length));
        }

        parts.Add(new Part(Encoding.ASCII.GetBytes($"\r\n--{Boundary}--\r\n"), 0, 0));
        Begin(206, $"multipart/byteranges; boundary={Boundary}", fields, parts);
    }

    private void Begin(int status, string type, List<HttpField> fields, List<Part> parts)
    {
        Role.StartResponse(status, type, parts.Sum(part => part.Length + (part.Head?.Length ?? 0)), [.. fields]);
        if (!Role.SendsBody)
        {
            CloseFile();
            Role.EndResponse();
            return;
        }

        _parts = parts;
        Continue();
    }

    private List<HttpField> FieldsOf(in MountRequest request, DateTimeOffset? modified, string? tag, ContentCoding coding, bool mayBeCompressed)
    {
        List<HttpField> fields = [new HttpField("Cache-Control", request.Mount.CacheControl)];
        if (tag is not null)
            fields.Add(new HttpField("ETag", tag));
        if (modified is { } date)
            fields.Add(new HttpField("Last-Modified", HttpDate.Format(date)));
        if (coding != ContentCoding.Identity)
            fields.Add(new HttpField("Content-Encoding", coding.Name()));

        // RFC 9110 12.5.5: also with the uncompressed one, or a cache would give it to everybody.
        if (mayBeCompressed)
            fields.Add(new HttpField("Vary", "Accept-Encoding"));
        fields.AddRange(request.Mount.Mount.Fields);
        return fields;
    }

    /// <summary>Fields carry whole seconds, and none that are still to come (RFC 9110 8.8.2.1).</summary>
    private DateTimeOffset? ModifiedSecond(OpenFile file)
    {
        if (file.LastModified is not { } modified)
            return null;

        DateTimeOffset now = Connection.Thread.Loop.TimeProvider.GetUtcNow();
        DateTimeOffset known = modified < now ? modified : now;
        return DateTimeOffset.FromUnixTimeSeconds(known.ToUnixTimeSeconds());
    }

    /// <summary>A compressed file is another representation than its original, and has a tag of its own (RFC 9110 8.8.3.3).</summary>
    private static string? TagOf(OpenFile file, ContentCoding coding) => file.Version is not { } version ? null : coding switch
    {
        ContentCoding.Brotli => $"\"{version}-br\"",
        ContentCoding.Gzip => $"\"{version}-gz\"",
        _ => $"\"{version}\"",
    };

    private string ContentRange(ByteRange range) => Invariant($"bytes {range.Start}-{range.Start + range.Length - 1}/{_file!.Length}");

    private static string Invariant(FormattableString text) => text.ToString(CultureInfo.InvariantCulture);

    /// <summary>A part of the body: bytes that are written, then a piece of the file.</summary>
    private readonly record struct Part(byte[]? Head, long Start, long Length);
}
