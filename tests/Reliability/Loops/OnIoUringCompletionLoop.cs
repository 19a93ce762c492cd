using Xunit;

namespace EventLoops.Tests.Reliability;

/// <summary>The rows on the loop on io_uring whose kernel receives, accepts and sends by itself; see <see cref="OnIoUringLoop"/>.</summary>
public static class OnIoUringCompletionLoop
{
    private static readonly LoopFactory s_new = static options =>
    {
        Assert.SkipWhen(CompletionLoopHarness.Missing is not null, CompletionLoopHarness.Missing ?? "");
        return CompletionLoopHarness.New(options);
    };

    public sealed class Upgrade() : UpgradeRows(s_new);

    public sealed class Reply() : ReplyRows(s_new);

    public sealed class HttpReply() : HttpReplyRows(s_new);

    public sealed class Frames() : FrameRows(s_new);

    public sealed class Messages() : MessageRows(s_new);

    public sealed class Deflate() : DeflateRows(s_new);

    public sealed class Closing() : CloseRows(s_new);

    public sealed class Cuts() : CutRows(s_new);

    public sealed class Slowness() : SlownessRows(s_new);

    public sealed class Load() : LoadRows(s_new);

    public sealed class Request() : RequestRows(s_new);

    public sealed class Noise() : NoiseRows(s_new);

    public sealed class Files() : FileRows(s_new);

    public sealed class ReverseProxies() : ReverseProxyRows(s_new);

    public sealed class Cgi() : CgiRows(s_new);

    public sealed class System() : SystemRows(s_new);

    public sealed class Proxy() : ProxyRows(s_new);

    public sealed class Stalls() : StallRows(s_new);
}
