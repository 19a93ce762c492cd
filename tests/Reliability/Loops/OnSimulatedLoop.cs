using EventLoops.Simulated;

namespace EventLoops.Tests.Reliability;

/// <summary>
/// The rows on <see cref="SimulatedLoop"/>, with peers in the simulated kernel. Noise is not among them: its megabytes go through sockets of the framework, past
/// the harness. Nor is CGI, whose pipes are those of real programs.
/// </summary>
public static class OnSimulatedLoop
{
    private static readonly LoopFactory s_new = LoopFactories.Simulated;

    public sealed class Upgrade() : UpgradeRows(s_new);

    public sealed class Reply() : ReplyRows(s_new);

    public sealed class HttpReply() : HttpReplyRows(s_new);

    public sealed class Frames() : FrameRows(s_new);

    public sealed class Messages() : MessageRows(s_new);

    public sealed class Deflate() : DeflateRows(s_new);

    public sealed class Closing() : CloseRows(s_new);

    public sealed class Cuts() : CutRows(s_new);

    public sealed class Slowness() : SlownessRows(s_new);

    public sealed class Files() : FileRows(s_new);

    public sealed class ReverseProxies() : ReverseProxyRows(s_new);

    public sealed class Load() : LoadRows(s_new);

    public sealed class Request() : RequestRows(s_new);

    public sealed class System() : SystemRows(s_new);

    public sealed class Proxy() : ProxyRows(s_new);

    public sealed class Stalls() : StallRows(s_new);
}
