using EventLoops.IoUring;
using Xunit;

namespace EventLoops.Tests.IoUring;

/// <summary>Saying why there is no io_uring: the only tests about it that also mean something on a machine that has none.</summary>
public sealed class UringSupportTests
{
    private const string Need = "The io_uring loop needs Linux 6.1 or newer and the right to use io_uring; ";
    private const string WayOut = " The epoll loop works without.";

    private readonly LoopRegistry _registry = new LoopRegistry().AddIoUring();

    [Theory]
    [InlineData(Errno.ENOSYS, -1, -1, "this kernel, Linux 4.19.0, has no io_uring_setup or hides it (ENOSYS).")]
    [InlineData(Errno.EPERM, 2, -1, "it is switched off here: sysctl kernel.io_uring_disabled is 2, and 0 allows it.")]
    [InlineData(Errno.EPERM, 1, -1, "here only administrators and the group of sysctl kernel.io_uring_group have it: kernel.io_uring_disabled is 1, and 0 allows it to everybody.")]
    [InlineData(Errno.EPERM, 0, -1, "io_uring_setup is forbidden to this process (EPERM), as a rule by the seccomp profile of its container.")]
    [InlineData(Errno.EACCES, -1, -1, "io_uring_setup is forbidden to this process (EACCES), as a rule by the seccomp profile of its container.")]
    [InlineData(Errno.EINVAL, -1, 0, "this kernel, Linux 4.19.0, lacks IORING_SETUP_R_DISABLED, which Linux has since 5.10.")]
    [InlineData(Errno.EINVAL, -1, 3, "this kernel, Linux 4.19.0, lacks IORING_SETUP_DEFER_TASKRUN, which Linux has since 6.1.")]
    [InlineData(Errno.EINVAL, -1, -1, "this kernel, Linux 4.19.0, does not take what the loop asks of io_uring_setup (EINVAL).")]
    public void Each_reason_has_its_own_words(Errno errno, int disabled, int refusedStep, string words) =>
        Assert.Equal(Need + words + WayOut, UringSupport.Describe("io_uring_setup", errno, disabled, "Linux 4.19.0", refusedStep));

    [Theory]
    [InlineData(Errno.EMFILE)]
    [InlineData(Errno.ENOMEM)]
    public void What_may_be_otherwise_in_a_moment_is_no_reason(Errno errno) =>
        Assert.Null(UringSupport.Describe("io_uring_setup", errno, disabled: 0, "Linux 6.6.0", refusedStep: -1));

    [Fact]
    public void A_feature_that_is_missing_is_named()
    {
        Assert.Null(UringSupport.DescribeFeatures((RingFeatures)uint.MaxValue));
        Assert.Contains(" makes rings without ExtendedArgument. ", UringSupport.DescribeFeatures(~RingFeatures.ExtendedArgument), StringComparison.Ordinal);
    }

    [Fact]
    public void On_this_machine_there_is_a_loop_or_a_sentence_that_says_why_not()
    {
        string? missing = _registry.FindMissing(LoopKind.IoUring);
        if (missing is null)
        {
            using OwnedEventLoop loop = _registry.Create(LoopKind.IoUring);
            Assert.Equal("io_uring", loop.Name);
            Assert.False(loop.RunOnce(0));
            return;
        }

        Assert.StartsWith(Need, missing, StringComparison.Ordinal);
        Assert.EndsWith(WayOut, missing, StringComparison.Ordinal);
        Assert.Equal(missing, Assert.Throws<LoopUnavailableException>(() => _registry.Create(LoopKind.IoUring)).Message);
        Assert.Equal(missing, Assert.Throws<LoopUnavailableException>(() => new IoUringLoop()).Message);
    }

    [Theory]
    [InlineData(SystemCallFilter.Setup, Errno.EPERM, "forbidden to this process (EPERM)", "seccomp")]
    [InlineData(SystemCallFilter.Setup, Errno.ENOSYS, "hides it (ENOSYS)", "no io_uring_setup")]
    [InlineData(SystemCallFilter.Enter, Errno.EPERM, "io_uring_enter is forbidden to this process (EPERM)", "seccomp")]
    public void O12_a_filter_of_system_calls_like_a_containers_is_found_out_and_named(int number, Errno errno, string words, string more)
    {
        Assert.SkipWhen(_registry.FindMissing(LoopKind.IoUring) is not null, _registry.FindMissing(LoopKind.IoUring) ?? "");

        string message = SystemCallFilter.Without(number, errno, () => Assert.Throws<LoopUnavailableException>(() => _registry.Create(LoopKind.IoUring)).Message);

        Assert.StartsWith(Need, message, StringComparison.Ordinal);
        Assert.Contains(words, message, StringComparison.Ordinal);
        Assert.Contains(more, message, StringComparison.Ordinal);
    }

    [Fact]
    public void Auto_does_not_pick_it() => Assert.IsType<PollLoop>(_registry.Create(LoopKind.Auto));
}
