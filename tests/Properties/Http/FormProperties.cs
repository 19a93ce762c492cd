using System.Globalization;
using System.Text;
using FsCheck.Xunit;
using Xunit;

namespace EventLoops.Tests.Http;

/// <summary>Forms of any content, written as browsers write them and read in pieces.</summary>
public sealed class FormProperties
{
    private const string Boundary = "XX";

    // Values made of what a delimiter is made of meet every way in which it can almost be there.
    private static readonly byte[] Alphabet = "\r\n-X-\r\nab"u8.ToArray();

    private static readonly FormLimits Limits = new() { MaxFields = 10_000, MaxFieldSize = long.MaxValue, MaxFileSize = long.MaxValue };

    [Property(MaxTest = 1000)]
    public void A_multipart_form_that_was_written_is_read_back_equal((bool IsFile, byte[] Value)[] fields, byte[] lengths)
    {
        List<Field> written = [.. fields.Select((field, index) => new Field($"n{index}", field.IsFile, Likely(field.Value)))];
        List<byte> wire = [];
        foreach (Field field in written)
        {
            string file = field.IsFile ? "; filename=\"f\"" : "";
            wire.AddRange(Encoding.ASCII.GetBytes($"--{Boundary}\r\nContent-Disposition: form-data; name=\"{field.Name}\"{file}\r\n\r\n"));
            wire.AddRange(field.Value);
            wire.AddRange("\r\n"u8);
        }

        wire.AddRange(Encoding.ASCII.GetBytes($"--{Boundary}--\r\n"));

        AssertRead(written, $"multipart/form-data; boundary={Boundary}", [.. wire], lengths);
    }

    [Property(MaxTest = 1000)]
    public void A_form_of_pairs_that_was_written_is_read_back_equal((byte[] Name, byte[] Value)[] fields, byte[] lengths)
    {
        List<Field> written = [.. fields.Where(field => field.Name.Length > 0)
            .Select(field => new Field(Encoding.Latin1.GetString(field.Name), IsFile: false, field.Value))];
        string wire = string.Join('&', written.Select(field => $"{Encoded(Encoding.Latin1.GetBytes(field.Name))}={Encoded(field.Value)}"));

        AssertRead(written, "application/x-www-form-urlencoded", Encoding.ASCII.GetBytes(wire), lengths);
    }

    private static void AssertRead(List<Field> written, string contentType, byte[] wire, byte[] lengths)
    {
        foreach (Func<int, int> pieces in new[] { _ => int.MaxValue, HttpScript.Pieces(lengths), end => end + 1 })
        {
            List<Field> read = Read(contentType, wire, pieces);
            Assert.Equal(written.Select(field => (field.Name, field.IsFile)), read.Select(field => (field.Name, field.IsFile)));
            Assert.All(written.Zip(read), pair => Assert.Equal(pair.First.Value, pair.Second.Value));
        }
    }

    private static List<Field> Read(string contentType, byte[] wire, Func<int, int> pieces)
    {
        Assert.True(FormReader.TryCreate(Encoding.ASCII.GetBytes(contentType), out FormReader? reader, Limits));
        List<Field> fields = [];
        List<byte> value = [];
        int end = 0;
        while (true)
        {
            int start = end;
            end = Math.Min(pieces(end), wire.Length);
            ReadOnlySpan<byte> piece = wire.AsSpan(start, end - start);
            FormEvent step;
            while ((step = reader.Read(ref piece, end == wire.Length)).Kind is not (FormEventKind.NeedMore or FormEventKind.End))
            {
                Assert.NotEqual(FormEventKind.Fault, step.Kind);
                if (step.Kind == FormEventKind.FieldBegin)
                    value.Clear();
                else if (step.Kind == FormEventKind.Data)
                    value.AddRange(step.Data);
                else
                    fields.Add(new Field(Encoding.Latin1.GetString(reader.Name), reader.IsFile, [.. value]));
            }

            if (step.Kind == FormEventKind.End)
                return fields;
        }
    }

    private static byte[] Likely(byte[] bytes)
    {
        byte[] likely = [.. bytes.Select(value => Alphabet[value % Alphabet.Length])];

        // A browser chooses a boundary that is not in the data; here the data gives way.
        while (likely.AsSpan().IndexOf("\r\n--XX"u8) is var place and >= 0)
            likely[place] = (byte)'a';
        return likely;
    }

    private static string Encoded(byte[] bytes) => string.Concat(bytes.Select(value => char.IsAsciiLetterOrDigit((char)value)
        ? ((char)value).ToString()
        : value == ' ' ? "+" : string.Create(CultureInfo.InvariantCulture, $"%{value:x2}")));

    private sealed record Field(string Name, bool IsFile, byte[] Value);
}
