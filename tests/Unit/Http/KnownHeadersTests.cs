using System.Text;
using EventLoops.Protocols.Http;
using Xunit;

namespace EventLoops.Tests.Http;

public sealed class KnownHeadersTests
{
    public static TheoryData<KnownHeader> All() => [.. Enum.GetValues<KnownHeader>().Where(header => header != KnownHeader.None)];

    [Theory]
    [MemberData(nameof(All))]
    public void A_known_field_is_found_in_any_case_and_under_no_other_name(KnownHeader header)
    {
        string name = Encoding.ASCII.GetString(KnownHeaders.Name(header));
        Assert.Equal(header, Find(name));
        Assert.Equal(header, Find(name.ToLowerInvariant()));
        Assert.Equal(header, Find(name.ToUpperInvariant()));
        Assert.NotEqual(header, Find(name[..^1]));
        Assert.NotEqual(header, Find(name + "s"));
        Assert.NotEqual(header, Find("_" + name[1..]));
    }

    [Theory]
    [MemberData(nameof(All))]
    public void A_member_is_called_what_its_field_is_called(KnownHeader header)
    {
        string member = header == KnownHeader.DoNotTrack ? "DNT" : header.ToString();
        string name = Encoding.ASCII.GetString(KnownHeaders.Name(header)).Replace("-", "", StringComparison.Ordinal);
        Assert.Equal(member, name, ignoreCase: true);
    }

    [Fact]
    public void No_field_has_no_name()
    {
        Assert.True(KnownHeaders.Name(KnownHeader.None).IsEmpty);
        Assert.Equal(KnownHeader.None, Find(""));
    }

    /// <summary>By the name alone and by the line that it begins, which must be one.</summary>
    private static KnownHeader Find(string name)
    {
        KnownHeader found = KnownHeaders.Find(Encoding.ASCII.GetBytes(name));
        if (name.Length is 0 or >= HeadBlock.Size)
            return found;

        byte[] line = Encoding.ASCII.GetBytes($"{name}: {new string('v', HeadBlock.Size)}\r\n");
        Assert.Equal(found, KnownHeaders.Find(HeadBlock.Load(line, 0), line.AsSpan(0, name.Length)));
        return found;
    }
}
