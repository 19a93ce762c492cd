using System.Globalization;
using System.Text.RegularExpressions;
using Xunit;

namespace EventLoops.Tests.Documents;

/// <summary><c>docs/from-libwebsockets.md</c> leaves no name out, and names nothing that is not there.</summary>
public sealed class PortingGuideTests
{
    private const string NotYet = "not yet";
    private const string Prefix = "LWS_CALLBACK_";

    private static readonly TimeSpan Limit = TimeSpan.FromSeconds(10);
    private static readonly string Text = RepositoryFiles.Read("docs/from-libwebsockets.md");
    private static readonly PublicNames Ours = PublicNames.OfRepository();

    public static TheoryData<string> Names => [.. LibwebsocketsNames.All];

    [Theory]
    [MemberData(nameof(Names))]
    public void Every_name_of_the_coding_notes_has_its_place(string name) =>
        Assert.Contains(Markdown.Rows(Text), row => Mentions(row["There"], name));

    [Fact]
    public void Every_counterpart_exists_or_is_said_to_be_missing()
    {
        Assert.All(Markdown.Rows(Text), row => Assert.NotEmpty(row["Here"]));
        Assert.Empty(Unknown(Markdown.Rows(Text), Ours));
    }

    [Fact]
    public void Nothing_that_exists_is_said_to_be_missing() => Assert.Empty(Outdated(Markdown.Rows(Text), Ours));

    [Fact]
    public void Every_reason_is_listed_with_its_number()
    {
        int[] numbers = [.. Reasons().Select(reason => reason.Number)];
        int[] expected = [.. Enumerable.Range(0, 49), 50, 57, 900, 901, 902, 903, 1000];

        Assert.Equal(expected, numbers);
        Assert.Equal(
            Enum.GetValues<CallbackReason>().Select(reason => ((int)reason, reason.ToString())).Order(),
            Reasons().Where(reason => Enum.IsDefined((CallbackReason)reason.Number)).Order());
    }

    [Theory]
    [InlineData("Connection.Close(code, reason)", true)]
    [InlineData("Protocol<TSession>", true)]
    [InlineData("OnReceive", true)]
    [InlineData("OnInit", true)]
    [InlineData("PollArgs.PreviousEvents", true)]
    [InlineData("MessageKind.Text", true)]
    [InlineData("MessageKind.Txt", false)]
    [InlineData("PollArgs.Close", false)]
    [InlineData("void", false)]
    public void A_name_is_known_when_the_public_surface_has_it(string code, bool isKnown) => Assert.Equal(isKnown, Ours.Contains(code));

    [Fact]
    public void A_counterpart_that_does_not_exist_is_found()
    {
        IReadOnlyList<Markdown.Row> rows = Table("| `lws_a` | `Connection.Walk` |", "| `lws_b` | not yet: `Connection.Run` |");

        Assert.Equal(["Connection.Walk"], Unknown(rows, Ours));
        Assert.Empty(Outdated(rows, Ours));
    }

    [Fact]
    public void A_counterpart_that_has_come_meanwhile_is_found()
    {
        IReadOnlyList<Markdown.Row> rows = Table("| `lws_a` | not yet: `Connection.Close` |", "| `lws_b` | not yet |");

        Assert.Equal(["`lws_a` | not yet: `Connection.Close`"], Outdated(rows, Ours));
    }

    private static IReadOnlyList<Markdown.Row> Table(params string[] rows) =>
        Markdown.Rows("| There | Here |\n| --- | --- |\n" + string.Join('\n', rows));

    private static IReadOnlyList<string> Unknown(IEnumerable<Markdown.Row> rows, PublicNames names) =>
        [.. rows.Where(row => !IsNotYet(row)).SelectMany(row => Markdown.Code(row["Here"])).Where(code => !names.Contains(code))];

    /// <summary>Rows that say "not yet" of names all of which are there.</summary>
    private static IReadOnlyList<string> Outdated(IEnumerable<Markdown.Row> rows, PublicNames names) =>
        [.. rows.Where(row => IsNotYet(row) && AreAllThere(Markdown.Code(row["Here"]), names)).Select(row => row.ToString())];

    private static bool AreAllThere(IEnumerable<string> codes, PublicNames names) => codes.Any() && codes.All(names.Contains);

    private static bool IsNotYet(Markdown.Row row) => row["Here"].StartsWith(NotYet, StringComparison.Ordinal);

    private static bool Mentions(string cell, string name) =>
        Markdown.Code(cell).Any(code => Regex.IsMatch(code, $@"\b{Regex.Escape(name)}\b", RegexOptions.None, Limit));

    private static IEnumerable<(int Number, string Name)> Reasons() => Markdown.Rows(Text)
        .Where(row => row.Has("Number"))
        .Select(row => (int.Parse(row["Number"], CultureInfo.InvariantCulture), InOurSpelling(row["There"].Trim('`'))));

    /// <summary><c>LWS_CALLBACK_ADD_POLL_FD</c> is <c>AddPollFd</c> here.</summary>
    private static string InOurSpelling(string name) =>
        string.Concat(name[Prefix.Length..].Split('_').Select(word => word[..1] + word[1..].ToLowerInvariant()));
}
