using System.Globalization;
using EventLoops.Simulated;
using EventLoops.Tests.Connections;
using FsCheck;
using FsCheck.Fluent;
using Xunit;

namespace EventLoops.Tests.Traces;

/// <summary>
/// One state machine on every loop: a random script of peers and user gives the same trace (each callback's reason and length, close codes, who ended it and why, and
/// what each peer heard) for each connection of our server or our client, on every loop, on the simulated kernel, and in a model that was written from the papers. A
/// failure prints the shortest script that still fails.
/// </summary>
/// <remarks>
/// Each line of a script has all its consequences before the next one comes, since nobody can force an order on what is under way at the same time. Compared is what a
/// peer can force on real sockets, so that this is normalised, and nothing else:
/// <list type="bullet">
/// <item>the parts of a message are one, with the length of all, and a message that is not whole at the end of a line is told with what has come of it (<c>6:~3</c>): where a
/// stream is cut into reads is the kernel's affair;</item>
/// <item>writable callbacks (11, or 10 of a client) that nobody asked for are left out: they follow refused bytes, and how much is refused is the kernel's affair;</item>
/// <item>the errno of an error is left out: it depends on which call meets the reset first. So is the length of the words of a client's failure (1), which may name
/// it; that the words are as long as was told is checked;</item>
/// <item>whether a peer hears the end of the stream or a reset is not told apart: it depends on what it had still under way;</item>
/// <item>on a difficult kernel, which cuts and refuses, a little more: see <see cref="TraceDetail.WhateverTheKernelDoes"/>.</item>
/// </list>
/// The environment variable EVENTLOOPS_TRACE_SCRIPTS has more scripts played than the usual 200 of each side.
/// </remarks>
[Collection(nameof(ConnectionProperties))]
public sealed class TraceProperties
{
    private const int UsualScripts = 200;

    // As roomy as the loopback is, so that echoes are not refused on one and taken on the other.
    private static readonly LoopFactory s_simulated = static options => SimulatedLoopHarness.New(options, new KernelScript { BufferSize = 4 << 20 });

    private static readonly int s_scripts = int.TryParse(
        Environment.GetEnvironmentVariable("EVENTLOOPS_TRACE_SCRIPTS"), NumberStyles.None, CultureInfo.InvariantCulture, out int scripts) ? scripts : UsualScripts;

    [Theory]
    [InlineData(true)]
    [InlineData(false)]
    public void The_simulated_kernel_gives_the_trace_that_the_papers_promise(bool isServer) => ForAll(3 * s_scripts, isServer, script =>
        Assert.Equal(TraceModel.Predict(script), TracePlayer.Play(s_simulated, script)));

    [Theory]
    [InlineData(true)]
    [InlineData(false)]
    public void Every_loop_gives_the_trace_of_the_simulated_kernel(bool isServer) => ForAll(s_scripts, isServer, script =>
    {
        string expected = TracePlayer.Play(s_simulated, script);
        foreach ((string name, LoopFactory factory) in LoopFactories.Real)
            Assert.Equal($"{name}\n{expected}", $"{name}\n{TracePlayer.Play(factory, script)}");
    });

    /// <summary>TLS lies beneath all that a callback is told of, so it leaves no trace of its own. A tenth of the scripts: each connection shakes hands first.</summary>
    [Theory]
    [InlineData(true)]
    [InlineData(false)]
    public void Over_TLS_every_loop_gives_the_same_trace_as_without(bool isServer) => ForAll(s_scripts / 10, isServer, script =>
    {
        string expected = TracePlayer.Play(s_simulated, script);
        foreach ((string name, LoopFactory factory) in LoopFactories.Real.Append(("simulated", s_simulated)))
            Assert.Equal($"{name}\n{expected}", $"{name}\n{TracePlayer.Play(OverTls.On(factory), script)}");
    });

    [Theory]
    [InlineData(true)]
    [InlineData(false)]
    public void A_kernel_that_cuts_refuses_and_reorders_gives_the_trace_of_a_friendly_one(bool isServer)
    {
        ulong seed = 0;
        ForAll(2 * s_scripts, isServer, script =>
        {
            KernelScript difficult = KernelScript.Random(seed++);
            string expected = TracePlayer.Play(s_simulated, script, TraceDetail.WhateverTheKernelDoes);
            string actual = TracePlayer.Play(options => SimulatedLoopHarness.New(options, difficult), script, TraceDetail.WhateverTheKernelDoes);
            Assert.True(expected == actual, $"{difficult}\nexpected\n{expected}\nbut was\n{actual}");
        });
    }

    [Theory]
    [MemberData(nameof(Misbehaviours))]
    public void A_loop_that_misbehaves_is_found_out_by_a_script_of_a_few_lines(Misbehaviour misbehaviour, int mostLines)
    {
        TraceScript? found = null;

        // The same scripts in every run: how short the shortest is depends on where the shrinking begins.
        Config sameScripts = Config.QuickThrowOnFailure.WithMaxTest(5 * UsualScripts).WithReplay(20_260_101, 77);
        Exception failure = Assert.ThrowsAny<Exception>(() => ForAll(sameScripts, isServer: true, script =>
        {
            string expected = TraceModel.Predict(script);
            string actual = TracePlayer.Play(options => MisbehavingHarness.New(options, misbehaviour), script);
            if (actual != expected) found = script;
            Assert.Equal(expected, actual);
        }));

        // What failed last is what was printed: the end of the shrinking.
        Assert.Contains(found!.ToString(), failure.Message, StringComparison.Ordinal);
        Assert.InRange(found.Commands.Count, 1, mostLines);
        Assert.All(found.Commands.OfType<SendsFrames>(), sends => Assert.InRange(sends.Frames.Count, 0, 1));
    }

    public static TheoryData<Misbehaviour, int> Misbehaviours() => new()
    {
        // The connection; that it is late with its request.
        { Misbehaviour.StandsStill, 2 },

        // The connection; the wish to pause, the message that fulfils it, resumed, and something to read.
        { Misbehaviour.NeverReadsAgain, 5 },

        // The connection; open, and a wish to write.
        { Misbehaviour.NeverWrites, 3 },

        // Two connections, and something that the second one says.
        { Misbehaviour.ServesOnlyOne, 3 },
    };

    [Fact]
    public void A_script_reads_like_a_story() => Assert.Equal(
        "client: connect, answered WrongKey; connect, user ClosesWhenOpen; #0 head(5); #0 send [text 5+3, ping 4, close 1000 with 7] but the last 2 bytes; " +
        "#1 user will: EchoLater; #0 user: Pause; #0 rst; a minute passes",
        new TraceScript(IsServer: false, [
            new Connects(Reply: Reply.WrongKey),
            new Connects(Welcome.ClosesWhenOpen),
            new SendsHead(5),
            new SendsFrames([new MessageFrames(true, [5, 3]), new HeartFrame(true, 4), new CloseFrame(1000, 7)], 2),
            new UserWill(Reaction.EchoLater) { Who = 1 },
            new UserActs(UserAct.Pause),
            new Resets(),
            new MinutePasses(),
        ]).ToString());

    private static void ForAll(int scripts, bool isServer, Action<TraceScript> property) =>
        ForAll(Config.QuickThrowOnFailure.WithMaxTest(scripts), isServer, property);

    private static void ForAll(Config config, bool isServer, Action<TraceScript> property) =>
        Check.One(config, Prop.ForAll(TraceScripts.Of(isServer), property));
}
