using System.Diagnostics;
using Xunit;

namespace EventLoops.Tests.Samples;

/// <summary>Two thousand connections at once, on each loop of the test server.</summary>
public sealed class TestServerCrowdTests
{
    private const int Connections = 2000;
    private const int Rounds = 3;

    private static readonly TimeSpan Patience = TimeSpan.FromSeconds(30);

    [Theory]
    [InlineData(TestServers.Poll)]
    [InlineData(TestServers.Epoll)]
    [InlineData(TestServers.External)]
    public async Task Two_thousand_connections_echo_at_once_and_leave_no_descriptor_behind(string loop)
    {
        await using SampleProcess server = TestServers.Start("--loop", loop);
        Uri address = await server.WaitForAddressAsync(loop);
        using Crowd crowd = new();

        // What the server opens once, it opens for the first one.
        crowd.Open(address, 1);
        crowd.EchoOnce();
        int withOne = server.CountDescriptors();
        crowd.Close();
        await WaitForDescriptorsAsync(server, withOne - 1);

        crowd.Open(address, Connections);
        await WaitForDescriptorsAsync(server, withOne - 1 + Connections);
        for (int round = 0; round < Rounds; round++) crowd.EchoOnce();
        crowd.Close();

        Assert.Empty(crowd.Failures);
        await WaitForDescriptorsAsync(server, withOne - 1);
    }

    private static async Task WaitForDescriptorsAsync(SampleProcess process, int expected)
    {
        long start = Stopwatch.GetTimestamp();
        while (process.CountDescriptors() != expected)
        {
            Assert.True(
                Stopwatch.GetElapsedTime(start) < Patience,
                $"The server has {process.CountDescriptors()} descriptors instead of {expected}. It printed:\n{process.Output}");

            // Nothing tells when another process has closed a descriptor, so that it is looked at again, without keeping it from its processor.
            await Task.Delay(TimeSpan.FromMilliseconds(10));
        }
    }
}
