using System.Text;
using EventLoops.Protocols.Http;

namespace EventLoops.Tests.Http;

/// <summary>The readers of values and forms, in the words of Cases/README.md.</summary>
internal static class ValueReplay
{
    // Small, so that the cases about limits stay readable.
    private static readonly FormLimits Limits = new() { MaxFields = 4, MaxHeadSize = 200, MaxFieldSize = 20, MaxFileSize = 40 };

    internal static string RunForm(string contentType, ReadOnlySpan<byte> input, Func<int, int> pieceEnd)
    {
        if (!FormReader.TryCreate(Encoding.Latin1.GetBytes(contentType), out FormReader? reader, Limits))
            return "no form";

        StringBuilder log = new();
        List<byte> data = [];
        int end = 0;
        FormEventKind kind = FormEventKind.NeedMore;
        do
        {
            int start = end;
            end = Math.Min(pieceEnd(end), input.Length);
            ReadOnlySpan<byte> piece = input[start..end];
            kind = ReadPiece(reader, ref piece, end == input.Length, log, data);
        }
        while (kind == FormEventKind.NeedMore && end < input.Length);

        log.Append(kind == FormEventKind.End ? "end" : $"fault {reader.Fault} {reader.Fault.HttpStatus()}");
        return log.ToString();
    }

    internal static string RunQuery(ReadOnlySpan<byte> input)
    {
        StringBuilder log = new();
        Span<byte> name = new byte[input.Length];
        Span<byte> value = new byte[input.Length];
        foreach (QueryArgument argument in new QueryArguments(input))
        {
            bool isWell = UrlEncoding.TryDecode(argument.EncodedName, name, out int nameLength);
            isWell &= UrlEncoding.TryDecode(argument.EncodedValue, value, out int valueLength);
            log.Append(isWell ? $"{NameText(name[..nameLength])} = {HttpCaseFile.Escape(value[..valueLength])}".TrimEnd(' ') : "malformed").Append('\n');
        }

        return log.Length == 0 ? "(nothing)" : log.ToString().TrimEnd('\n');
    }

    internal static string RunBasic(ReadOnlySpan<byte> input)
    {
        Span<byte> decoded = stackalloc byte[BasicCredentials.MaxLength];
        return BasicCredentials.TryParse(input, decoded, out Range user, out Range password)
            ? $"user {HttpCaseFile.Escape(decoded[user])}\npassword {HttpCaseFile.Escape(decoded[password])}".Replace(" \n", "\n", StringComparison.Ordinal).TrimEnd(' ')
            : "nobody";
    }

    internal static string RunHost(ReadOnlySpan<byte> input) =>
        HostName.IsValid(input) ? $"{HttpCaseFile.Escape(HostName.WithoutPort(input))}" : "invalid";

    internal static string RunParameters(ReadOnlySpan<byte> input)
    {
        ParameterList list = new(input);
        StringBuilder log = new StringBuilder().Append(HttpCaseFile.Escape(list.First)).Append('\n');
        byte[] value = new byte[input.Length];
        while (list.MoveNext())
            log.Append($"{HttpCaseFile.Escape(list.Name)} = {HttpCaseFile.Escape(value.AsSpan(0, ParameterList.Unescape(list.Value, value)))}".TrimEnd(' ')).Append('\n');
        return log.Append(list.IsWellFormed ? "" : "malformed").ToString().TrimEnd('\n');
    }

    private static string NameText(ReadOnlySpan<byte> name) => name.IsEmpty ? "(none)" : HttpCaseFile.Escape(name);

    private static FormEventKind ReadPiece(FormReader reader, ref ReadOnlySpan<byte> piece, bool isLast, StringBuilder log, List<byte> data)
    {
        while (true)
        {
            FormEvent step = reader.Read(ref piece, isLast);
            switch (step.Kind)
            {
                case FormEventKind.FieldBegin:
                    log.Append($"{NameText(reader.Name)} =");
                    if (reader.IsFile) log.Append($" file {HttpCaseFile.Escape(reader.FileName)}".TrimEnd(' '));
                    if (!reader.ContentType.IsEmpty) log.Append($" type {HttpCaseFile.Escape(reader.ContentType)}");
                    data.Clear();
                    break;
                case FormEventKind.Data:
                    data.AddRange(step.Data);
                    break;
                case FormEventKind.FieldEnd:
                    log.Append(data.Count == 0 ? "\n" : $" {HttpCaseFile.Escape([.. data])}\n");
                    break;
                case FormEventKind.Fault:
                    // How much of the last value was told before the fault depends on the cut.
                    int begun = log.ToString().LastIndexOf('\n') + 1;
                    if (begun < log.Length) log.Append(" …\n");
                    return step.Kind;
                default:
                    return step.Kind;
            }
        }
    }
}
