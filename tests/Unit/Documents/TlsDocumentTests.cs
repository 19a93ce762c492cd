using System.Globalization;
using System.Reflection;
using Xunit;

namespace EventLoops.Tests.Documents;

/// <summary>The tables of <c>docs/tls.md</c> are those of the code: every member once, with the default that it has.</summary>
public sealed class TlsDocumentTests
{
    private const string None = "none";

    private static readonly string Text = RepositoryFiles.Read("docs/tls.md");

    [Fact]
    public void Every_option_of_a_host_is_listed_with_its_default() =>
        Assert.Equal(Defaults(new TlsOptions { Certificates = [] }), Listed("Option of `TlsOptions`"));

    [Fact]
    public void Every_option_of_a_client_is_listed_with_its_default() =>
        Assert.Equal(Defaults(new ClientTlsOptions()), Listed("Option of `ClientTlsOptions`"));

    [Fact]
    public void Everything_that_is_known_of_a_connection_is_listed()
    {
        string[] members = [.. typeof(TlsInfo).GetProperties(BindingFlags.Public | BindingFlags.Instance).Select(property => property.Name).Order(StringComparer.Ordinal)];
        string[] listed = [.. Rows("Member of `TlsInfo`").Order(StringComparer.Ordinal)];
        Assert.Equal(members, listed);

        static IEnumerable<string> Rows(string column) => Markdown.Rows(Text).Where(row => row.Has(column)).Select(row => row[column].Trim('`'));
    }

    private static SortedDictionary<string, string> Defaults(object options) => new(
        options.GetType().GetProperties(BindingFlags.Public | BindingFlags.Instance).ToDictionary(
            property => property.Name,
            property => property.GetValue(options) switch
            {
                null => None,
                bool yes => yes ? "true" : "false",
                IReadOnlyList<TlsCertificate> => "must be there",
                IReadOnlyList<string> names => string.Join(", ", names),
                { } value => Convert.ToString(value, CultureInfo.InvariantCulture)!,
            },
            StringComparer.Ordinal),
        StringComparer.Ordinal);

    /// <summary>What stands behind a colon explains what nothing means, and is for OpenSSL to hold to.</summary>
    private static SortedDictionary<string, string> Listed(string column) => new(
        Markdown.Rows(Text).Where(row => row.Has(column)).ToDictionary(
            row => row[column].Trim('`'),
            row => row["Default"].StartsWith(None, StringComparison.Ordinal) ? None : row["Default"].Trim('`'),
            StringComparer.Ordinal),
        StringComparer.Ordinal);
}
