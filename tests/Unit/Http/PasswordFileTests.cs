using Xunit;

namespace EventLoops.Tests.Http;

public sealed class PasswordFileTests
{
    // "secret" as htpasswd -s writes it; the same with the salt "salt"; and the two as they are.
    private static readonly PasswordFile Users = PasswordFile.Parse(
    [
        "# users",
        "",
        "anna:{SHA}5en6G6MezRroT3XKqkdPOmY/BfQ=",
        "bert:{SSHA}gVK8WC9YyFT1gMsQHTGCgT3sSv5zYWx0",
        "carl:{PLAIN}secret",
        "dora:{PLAIN}",
    ]);

    [Theory]
    [InlineData("anna", "secret", true)]
    [InlineData("bert", "secret", true)]
    [InlineData("carl", "secret", true)]
    [InlineData("dora", "", true)]
    [InlineData("anna", "Secret", false)]
    [InlineData("anna", "", false)]
    [InlineData("bert", "secretsalt", false)]
    [InlineData("Anna", "secret", false)]
    [InlineData("eve", "secret", false)]
    [InlineData("", "", false)]
    public void A_user_is_let_in_with_the_password_that_is_stored(string user, string password, bool isRight) =>
        Assert.Equal(isRight, Users.Check(System.Text.Encoding.UTF8.GetBytes(user), System.Text.Encoding.UTF8.GetBytes(password)));

    [Fact]
    public void A_very_long_password_is_checked_as_well()
    {
        string password = new('x', 5000);
        PasswordFile users = PasswordFile.Parse([$"anna:{{PLAIN}}{password}"]);

        Assert.True(users.Check("anna"u8, System.Text.Encoding.ASCII.GetBytes(password)));
        Assert.False(users.Check("anna"u8, System.Text.Encoding.ASCII.GetBytes(password + "x")));
    }

    [Theory]
    [InlineData("anna")]
    [InlineData(":{PLAIN}x")]
    [InlineData("anna:secret")]
    [InlineData("anna:$2y$05$abcdefghijklmnopqrstuv")]
    [InlineData("anna:{SHA}short")]
    [InlineData("anna:{SHA}gVK8WC9YyFT1gMsQHTGCgT3sSv5zYWx0")]
    [InlineData("anna:{SSHA}5en6G6MezRroT3XKqkdPOmY/BfQ=")]
    public void A_line_that_cannot_be_read_is_named_by_its_number_and_not_quoted(string line)
    {
        FormatException mistake = Assert.Throws<FormatException>(() => PasswordFile.Parse(["bert:{PLAIN}x", line], "users.txt"));

        Assert.Contains("users.txt, line 2:", mistake.Message, StringComparison.Ordinal);
        Assert.DoesNotContain("anna", mistake.Message, StringComparison.Ordinal);
    }

    [Fact]
    public void A_user_who_is_there_twice_is_an_error() =>
        Assert.Contains("line 2", Assert.Throws<FormatException>(() => PasswordFile.Parse(["a:{PLAIN}x", "a:{PLAIN}y"])).Message, StringComparison.Ordinal);

    [Fact]
    public void A_file_is_read_from_where_it_lies()
    {
        string path = Path.GetTempFileName();
        try
        {
            File.WriteAllText(path, "anna:{PLAIN}x\n");
            Assert.Equal(1, PasswordFile.Load(path).Count);
        }
        finally
        {
            File.Delete(path);
        }
    }

    [Theory]
    [InlineData("")]
    [InlineData("caf\u00E9")]
    [InlineData("a\r\nb")]
    public void A_realm_that_cannot_be_written_is_the_callers_mistake(string realm) =>
        Assert.Throws<ArgumentException>(() => new BasicAuthentication(realm, (_, _) => true));
}
