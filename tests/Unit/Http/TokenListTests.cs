using System.Text;
using EventLoops.Protocols.Http;
using Xunit;

namespace EventLoops.Tests.Http;

public sealed class TokenListTests
{
    [Theory]
    [InlineData("upgrade", true)]
    [InlineData("keep-alive, Upgrade", true)]
    [InlineData(" ,\t,UPGRADE\t, x", true)]
    [InlineData("upgraded", false)]
    [InlineData("up grade", false)]
    [InlineData("upgrade;q=1", false)]
    [InlineData("", false)]
    [InlineData(",", false)]
    public void A_token_is_found_in_a_list_whatever_its_case_and_neighbours(string list, bool found) =>
        Assert.Equal(found, TokenList.Contains(Encoding.ASCII.GetBytes(list), "Upgrade"u8));

    [Theory]
    [InlineData("chat,b", true)]
    [InlineData("b , chat ", true)]
    [InlineData("Chat", false)]
    public void An_exact_search_minds_the_case(string list, bool found) =>
        Assert.Equal(found, TokenList.ContainsExactly(Encoding.ASCII.GetBytes(list), "chat"u8));

    [Theory]
    [InlineData("", "", "[]")]
    [InlineData("a", "[a]", "[a]")]
    [InlineData(" a ,b\t", "[a][b]", "[a][b]")]
    [InlineData(",a,, b c,", "[a][b c]", "[][a][][b c][]")]
    public void Empty_elements_are_left_out_unless_they_are_asked_for(string list, string some, string all)
    {
        byte[] bytes = Encoding.ASCII.GetBytes(list);
        Assert.Equal(some, Join(TokenList.Elements(bytes)));
        Assert.Equal(all, Join(TokenList.AllElements(bytes)));
    }

    private static string Join(TokenList.Enumerator elements)
    {
        StringBuilder text = new();
        while (elements.MoveNext())
            text.Append('[').Append(Encoding.ASCII.GetString(elements.Current)).Append(']');
        return text.ToString();
    }
}
