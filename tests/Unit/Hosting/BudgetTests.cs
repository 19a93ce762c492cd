using System.Net;
using System.Net.Sockets;
using Xunit;

namespace EventLoops.Tests.Hosting;

/// <summary>How many connections there may be: of all, by what the system says, and of one address.</summary>
public sealed class BudgetTests
{
    [Theory]
    [InlineData("Max open files            1024                 524288               files     ", 1024)]
    [InlineData("Max open files            unlimited            unlimited            files     ", null)]
    [InlineData("Max processes             63481                63481                processes ", null)]
    public void The_soft_limit_is_read_from_what_proc_says(string line, int? limit) =>
        Assert.Equal(limit, DescriptorBudget.SoftLimit(["Limit                     Soft Limit           Hard Limit           Units     ", line]));

    [Fact]
    public void The_budget_is_the_limit_less_what_is_open_less_a_reserve()
    {
        int before = DescriptorBudget.Remaining();
        int limit = DescriptorBudget.SoftLimit(File.ReadLines("/proc/self/limits")) ?? int.MaxValue;

        Assert.InRange(before, 1, limit - 32);
    }

    [Theory]
    [InlineData("192.0.2.1", "::ffff:192.0.2.1", true)]
    [InlineData("192.0.2.1", "192.0.2.2", false)]
    [InlineData("2001:db8:0:1::1", "2001:db8:0:1:ffff::", true)]
    [InlineData("2001:db8:0:1::1", "2001:db8:0:2::1", false)]
    [InlineData("::1", "192.0.2.1", false)]
    public void An_IPv4_address_stands_for_itself_and_an_IPv6_address_for_its_network(string one, string other, bool isSame)
    {
        ulong first = AddressLimit.KeyOf(new IPEndPoint(IPAddress.Parse(one), 1));
        ulong second = AddressLimit.KeyOf(new IPEndPoint(IPAddress.Parse(other), 2));

        Assert.NotEqual(AddressLimit.None, first);
        Assert.Equal(isSame, first == second);
    }

    [Fact]
    public void A_place_that_was_left_can_be_taken_again()
    {
        AddressLimit limit = new(2);
        ulong key = AddressLimit.KeyOf(new IPEndPoint(IPAddress.Loopback, 1));

        Assert.True(limit.TryEnter(key));
        Assert.True(limit.TryEnter(key));
        Assert.False(limit.TryEnter(key));
        limit.Leave(key);
        Assert.True(limit.TryEnter(key));
    }

    [Fact]
    public void Peers_without_an_address_are_not_limited()
    {
        AddressLimit limit = new(1);
        ulong key = AddressLimit.KeyOf(new UnixDomainSocketEndPoint("/nowhere"));

        Assert.Equal(AddressLimit.None, key);
        Assert.True(limit.TryEnter(key));
        Assert.True(limit.TryEnter(key));
        limit.Leave(key);
    }

    [Theory]
    [InlineData(0, 0, 1)]
    [InlineData(1, -1, 1)]
    [InlineData(1, 0, 0)]
    public void Limits_that_let_nobody_in_are_the_callers_mistake(int connections, int perAddress, int heads) =>
        Assert.Throws<ArgumentOutOfRangeException>(() => new LoopContext(new LoopContextOptions
        {
            MaxConnections = connections, MaxConnectionsPerAddress = perAddress, MaxRequestHeads = heads,
        }));
}
