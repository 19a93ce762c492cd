using EventLoops.Simulated;
using EventLoops.Tests.Connections;
using EventLoops.Tests.WebSocket;
using FsCheck.Xunit;
using Xunit;

namespace EventLoops.Tests.Messages;

/// <summary>
/// What is sent is what arrives, whatever the messages are, however they are cut into fragments, pieces and reads, and whatever the kernel refuses
/// meanwhile. Both sides talk at once. A failure prints the shortest script that still fails.
/// </summary>
[Collection(nameof(ConnectionProperties))]
[Properties(Arbitrary = [typeof(TalkScripts)])]
public sealed class MessageProperties
{
    [Property(MaxTest = 150)]
    public void Our_server_and_a_peer_without_a_library_understand_each_other(TalkScript script) => TalkWithPeer(script, isServer: true);

    [Property(MaxTest = 150)]
    public void Our_client_and_a_peer_without_a_library_understand_each_other(TalkScript script) => TalkWithPeer(script, isServer: false);

    [Property(MaxTest = 150)]
    public void Our_client_and_our_server_understand_each_other(TalkScript script)
    {
        using LoopBench bench = New(script);
        TalkProtocol ours = new(script.Ours, script);
        TalkProtocol theirs = new(script.Theirs, script);
        LoopContext context = Serve(bench, theirs);
        bench.Dial(context, LoopBench.EndPointOf(context), ours);

        bench.Harness.RunUntil(() => ours.IsOver || theirs.IsOver || (ours.Heard.Count == script.Theirs.Count && theirs.Heard.Count == script.Ours.Count));

        AssertHeard(script.Theirs, ours.Heard);
        AssertHeard(script.Ours, theirs.Heard);
        AssertParts(script, ours);
        AssertParts(script, theirs);
    }

    private static void TalkWithPeer(TalkScript script, bool isServer)
    {
        using LoopBench bench = New(script);
        TalkProtocol ours = new(script.Ours, script);
        RawPeer peer = isServer ? bench.Open(Serve(bench, ours), "talk") : Answer(bench, ours);
        RawTalker theirs = new(peer, script);

        string[] pings = [.. RawTalker.PingsOf(script.Theirs)];
        bench.Harness.RunUntil(() =>
        {
            theirs.Go();
            return ours.IsOver || peer.IsOver
                || (ours.Heard.Count == script.Theirs.Count && theirs.Heard.Count == script.Ours.Count && theirs.Pongs.Count == pings.Length);
        });

        AssertHeard(script.Theirs, ours.Heard);
        AssertHeard(script.Ours, theirs.Heard);
        AssertParts(script, ours);
        Assert.Equal(pings, ours.Pings, StringComparer.Ordinal);
        Assert.Equal(pings, theirs.Pongs, StringComparer.Ordinal);
    }

    private static LoopBench New(TalkScript script) =>
        new(options => SimulatedLoopHarness.New(options, KernelScript.Random(script.Kernel)));

    private static LoopContext Serve(LoopBench bench, Protocol protocol) => bench.Own(new LoopContext(new LoopContextOptions
    {
        Loop = bench.Loop,
        Tracer = bench.Recorder,
        VirtualHosts = [LoopBench.HostOf(protocol)],

        // No pong may be left out, however long the kernel refuses to take one.
        Limits = new ConnectionLimits { MaxWaitingPongs = int.MaxValue },
    }));

    private static RawPeer Answer(LoopBench bench, Protocol protocol)
    {
        LoopContext context = bench.Own(new LoopContext(new LoopContextOptions
        {
            Loop = bench.Loop,
            Tracer = bench.Recorder,
            Limits = new ConnectionLimits { MaxWaitingPongs = int.MaxValue },
        }));
        RawListener listener = bench.Listen();
        bench.Dial(context, listener.EndPoint, protocol);
        RawPeer peer = listener.Accept();
        peer.AcceptUpgrade("talk");
        return peer;
    }

    private static void AssertHeard(IEnumerable<ScriptedMessage> said, IEnumerable<string> heard) =>
        Assert.Equal(said.Select(message => TalkProtocol.Describe(message.IsText, TalkProtocol.PayloadOf(message))), heard, StringComparer.Ordinal);

    private static void AssertParts(TalkScript script, TalkProtocol protocol)
    {
        Assert.False(script.IsWhole && protocol.WasCut);
        Assert.True(script.IsWhole || script.ReceiveBufferSize == 0 || protocol.LongestPart <= script.ReceiveBufferSize);
    }
}
