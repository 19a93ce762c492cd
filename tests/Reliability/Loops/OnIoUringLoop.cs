using EventLoops.IoUring;
using Xunit;

namespace EventLoops.Tests.Reliability;

/// <summary>The rows on <see cref="IoUringLoop"/>, where the kernel lets us have one: otherwise each of them is skipped with the reason that users are told.</summary>
public static class OnIoUringLoop
{
    private static readonly string? s_missing = LoopRegistry.Default.AddIoUring().FindMissing(LoopKind.IoUring);

    private static readonly LoopFactory s_new = static options =>
    {
        Assert.SkipWhen(s_missing is not null, s_missing ?? "");
        return new OwnedLoopHarness(new IoUringLoop(options), options);
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
