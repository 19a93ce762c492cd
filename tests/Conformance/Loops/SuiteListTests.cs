using Xunit;

namespace EventLoops.Tests.Conformance;

/// <summary>
/// The suites on each loop are a list of its own, since a test is found only where its class stands. Here the lists are compared with all the suites there are, so that none is
/// forgotten anywhere: what a list lacks has a reason below.
/// </summary>
public sealed class SuiteListTests
{
    // These show what is special about one loop, and leave the rest to the loop that they are a variant of.
    private static readonly Type[] s_extracts = [typeof(OnPpollLoop), typeof(OnSharedPollArray)];

    private static readonly Omission[] s_omissions =
    [
        new([typeof(BusyPollSuite)], list => list.Name.Contains("Hosted", StringComparison.Ordinal) || list == typeof(OnExternalPollLoop), "somebody else waits"),
        new([typeof(TortureSuite)], list => list != typeof(OnPollLoop) && list != typeof(OnEpollLoop), "it takes long, and the calls are the same on two loops"),
        new([typeof(RealKernelSuite), typeof(CgiSuite)], list => list == typeof(OnSimulatedLoop), "real descriptors and programs are no part of the simulated kernel"),
        new([typeof(ServiceThreadSuite), typeof(ServiceThreadPlaceSuite)], list => list == typeof(OnSimulatedLoop), "the simulated kernel has one thread"),
        new([typeof(TlsSuite), typeof(TlsHostSuite), typeof(TlsHandshakeSuite)], list => !IsOverTls(list), "it is about TLS"),
        new([typeof(ReadinessSuite), typeof(RealKernelSuite), typeof(TimerSuite), typeof(ThreadSuite), typeof(BusyPollSuite)], IsOverTls, "a loop knows nothing of TLS"),
        new([typeof(AttemptSuite), typeof(ConnectingSuite), typeof(ProxySuite), typeof(RedirectSuite), typeof(VirtualHostSuite)], IsOverTls, "TlsSuite and TlsHostSuite say it for TLS"),
        new([typeof(CgiSuite), typeof(ServiceThreadSuite), typeof(ServiceThreadPlaceSuite), typeof(ShutdownSuite), typeof(TortureSuite)], IsOverTls, "nothing of it is different over TLS"),
    ];

    private static readonly Type[] s_all = [.. typeof(SuiteListTests).Assembly.GetTypes().Where(type => type.IsAbstract && type.Name.EndsWith("Suite", StringComparison.Ordinal))];

    /// <summary>The lists, which are the classes whose names begin with "On".</summary>
    public static TheoryData<string> Lists => [.. typeof(SuiteListTests).Assembly.GetTypes().Where(IsWholeList).Select(list => list.Name).Order(StringComparer.Ordinal)];

    [Theory]
    [MemberData(nameof(Lists))]
    public void Every_suite_is_on_every_loop_or_there_is_a_reason(string name)
    {
        Type list = typeof(SuiteListTests).Assembly.GetTypes().Single(type => type.Name == name && !type.IsNested);
        Type[] present = [.. list.GetNestedTypes().Where(type => type.BaseType is { } suite && s_all.Contains(suite)).Select(type => type.BaseType!)];
        HashSet<Type> omitted = [.. s_omissions.Where(omission => omission.IsMeant(list)).SelectMany(omission => omission.Suites)];

        Assert.Equal(present.Distinct(), present);
        Assert.Equal(Names(s_all.Where(suite => !omitted.Contains(suite))), Names(present), StringComparer.Ordinal);
    }

    [Fact]
    public void Every_loop_has_a_list_over_TLS_too()
    {
        string[] names = [.. Lists.Select(row => row.Data)];

        Assert.Equal(names.Where(name => !name.EndsWith("OverTls", StringComparison.Ordinal)).Select(name => name + "OverTls"), names.Where(name => name.EndsWith("OverTls", StringComparison.Ordinal)), StringComparer.Ordinal);
        Assert.True(names.Length >= 18, string.Join(' ', names));
    }

    private static bool IsWholeList(Type type) => type is { IsAbstract: true, IsSealed: true, IsNested: false } && type.Name.StartsWith("On", StringComparison.Ordinal) && !s_extracts.Contains(type);

    private static bool IsOverTls(Type list) => list.Name.EndsWith("OverTls", StringComparison.Ordinal);

    private static IEnumerable<string> Names(IEnumerable<Type> types) => types.Select(type => type.Name).Order(StringComparer.Ordinal);

    /// <summary>Suites that some lists lack.</summary>
    /// <param name="Suites">The suites.</param>
    /// <param name="IsMeant">Which lists lack them.</param>
    /// <param name="Reason">Why.</param>
    private sealed record Omission(Type[] Suites, Predicate<Type> IsMeant, string Reason);
}
