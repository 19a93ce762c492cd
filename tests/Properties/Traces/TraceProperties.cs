using System.Globalization;
using EventLoops.Simulated;
using EventLoops.Tests.Connections;
using FsCheck;
using FsCheck.Fluent;
using Xunit;

namespace EventLoops.Tests.Traces;

/// <summary>
/// One state machine on every loop: a random script of peers and user gives the same trace of callbacks (reason, length, close code, who ended it) for each connection,
/// on every loop, on the simulated kernel, and in a model that was written from the papers. A failure prints the shortest script that still fails.
/// </summary>
/// <remarks>
/// Each line of a script has all its consequences before the next one comes, since nobody can force an order on what is under way at the same time. Compared is what a
/// peer can force on real sockets, so that this is normalised:
/// <list type="bullet">
/// <item>the parts of a message are one, with the length of all: where a stream is cut into reads is the kernel's affair. A message that never becomes whole is left out;</item>
/// <item>writable callbacks (11) of one line are one at its end: an owned loop calls in the turn, a foreign array in the next one. In the line in which the
/// WebSocket ends, or begins to, they are left out, as that may come first;</item>
/// <item>the errno of an error is left out: it depends on which call meets the reset first;</item>
/// <item>on a difficult kernel, which cuts and refuses, writable callbacks are left out altogether, as there are extra ones after refused bytes.</item>
/// </list>
/// What the peers heard (status, frames, close codes) is compared between the loops too, but for echoes that were asked to be written later.
/// The environment variable EVENTLOOPS_TRACE_SCRIPTS has more scripts played than the usual 200.
/// </remarks>
[Collection(nameof(ConnectionProperties))]
public sealed class TraceProperties
{
    private const int UsualScripts = 200;

    // As roomy as the loopback is, so that echoes are not refused on one and taken on the other.
    private static readonly LoopFactory s_simulated = static options => SimulatedLoopHarness.New(options, new KernelScript { BufferSize = 4 << 20 });

    private static readonly int s_scripts = int.TryParse(
        Environment.GetEnvironmentVariable("EVENTLOOPS_TRACE_SCRIPTS"), NumberStyles.None, CultureInfo.InvariantCulture, out int scripts) ? scripts : UsualScripts;

    [Fact]
    public void The_simulated_kernel_gives_the_trace_that_the_papers_promise() => ForAll(3 * s_scripts, script =>
        Assert.Equal(TraceModel.Predict(script), TracePlayer.Play(s_simulated, script, listens: false)));

    [Fact]
    public void Every_loop_gives_the_trace_of_the_simulated_kernel() => ForAll(s_scripts, script =>
    {
        string expected = TracePlayer.Play(s_simulated, script);
        foreach ((string name, LoopFactory factory) in LoopFactories.Real)
            Assert.Equal($"{name}\n{expected}", $"{name}\n{TracePlayer.Play(factory, script)}");
    });

    [Fact]
    public void A_kernel_that_cuts_refuses_and_reorders_gives_the_trace_of_a_friendly_one()
    {
        ulong seed = 0;
        ForAll(2 * s_scripts, script =>
        {
            KernelScript difficult = KernelScript.Random(seed++);
            string expected = TracePlayer.Play(s_simulated, script, writables: false, listens: false);
            string actual = TracePlayer.Play(options => SimulatedLoopHarness.New(options, difficult), script, writables: false, listens: false);
            Assert.True(expected == actual, $"{difficult}\nexpected\n{expected}\nbut was\n{actual}");
        });
    }

    [Fact]
    public void A_script_reads_like_a_story() => Assert.Equal(
        "connect; #0 head(5); #0 send [text 5+3, ping 4, close 1000 with 7] but the last 2 bytes; #1 user will: EchoLater; #0 user: Pause; #0 rst; a minute passes",
        new TraceScript([
            new Connects(),
            new SendsHead(5),
            new SendsFrames([new MessageFrames(true, [5, 3]), new HeartFrame(true, 4), new CloseFrame(1000, 7)], 2),
            new UserWill(Reaction.EchoLater) { Who = 1 },
            new UserActs(UserAct.Pause),
            new Resets(),
            new MinutePasses(),
        ]).ToString());

    private static void ForAll(int scripts, Action<TraceScript> property) =>
        Check.One(Config.QuickThrowOnFailure.WithMaxTest(scripts), Prop.ForAll(TraceScripts.All(), property));
}
