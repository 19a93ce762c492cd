using FsCheck.Xunit;
using Xunit;

namespace EventLoops.Tests.Connections;

/// <summary>Counts the descriptors of the process, so that nothing else runs beside it.</summary>
[CollectionDefinition(nameof(ConnectionProperties), DisableParallelization = true)]
public sealed class Alone;

/// <summary>What holds for every order of things that may happen to a connection. A failure prints the shortest script that still fails.</summary>
[Collection(nameof(ConnectionProperties))]
[Properties(Arbitrary = [typeof(ConnectionScripts), typeof(HttpScripts)])]
public sealed class ConnectionProperties
{
    private static readonly LoopFactory s_poll = static options => new OwnedLoopHarness(new PollLoop(options), options);
    private static readonly LoopFactory s_external = static options => new ExternalLoopHarness(options);

    [Property(MaxTest = 200)]
    public void Any_order_of_data_and_ends_leads_to_one_closing_callback_on_the_poll_loop(ConnectionScript script) => Play(s_poll, script);

    [Property(MaxTest = 200)]
    public void Any_order_of_data_and_ends_leads_to_one_closing_callback_in_a_foreign_array(ConnectionScript script) => Play(s_external, script);

    [Property(MaxTest = 100)]
    public void The_same_script_gives_the_same_trace_on_both_loops(ConnectionScript script)
    {
        // How much the kernel takes of a message for a peer that does not read is the kernel's own affair.
        ConnectionScript steady = script with { Steps = [.. script.Steps.Where(step => step.Move != Move.PeerStopsReading && step.Amount < 3_000_000)] };

        Assert.Equal(Play(s_poll, steady, settles: true), Play(s_external, steady, settles: true));
    }

    [Property(MaxTest = 200)]
    public void Requests_are_answered_in_their_order_whatever_happens_on_the_poll_loop(HttpScript script) => Play(s_poll, script);

    [Property(MaxTest = 200)]
    public void Requests_are_answered_in_their_order_whatever_happens_in_a_foreign_array(HttpScript script) => Play(s_external, script);

    private static void Play(LoopFactory factory, HttpScript script)
    {
        using HttpScriptPlayer player = new(factory);
        player.Play(script);
    }

    private static string Play(LoopFactory factory, ConnectionScript script, bool settles = false)
    {
        using ScriptPlayer player = new(factory, script.IsServer);
        player.Play(script, settles);
        return player.Trace;
    }
}
