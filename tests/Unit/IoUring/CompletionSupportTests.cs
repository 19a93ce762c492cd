using EventLoops.IoUring;
using Xunit;

namespace EventLoops.Tests.IoUring;

/// <summary>Saying why there can be no completion.</summary>
public sealed class CompletionSupportTests
{
    private readonly LoopRegistry _registry = new LoopRegistry().AddIoUring(IoUringMode.Completion);

    public static TheoryData<int> Needs => [.. Enumerable.Range(0, CompletionSupport.Needs.Length)];

    [Theory]
    [MemberData(nameof(Needs))]
    public void Each_thing_that_is_missing_is_named_with_the_version_that_brought_it(int need)
    {
        (string name, string since) = CompletionSupport.Needs[need];

        Assert.Equal(
            $"Completion on io_uring needs {name}, which Linux has since {since}; this kernel, Linux 4.19.0, lacks it or hides it. IoUringMode.Readiness works without.",
            CompletionSupport.Describe(need, "Linux 4.19.0"));
    }

    [Fact]
    public void On_this_machine_there_is_a_loop_or_a_sentence_that_says_why_not()
    {
        if (_registry.FindMissing(LoopKind.IoUring) is not { } missing)
        {
            using OwnedEventLoop loop = _registry.Create(LoopKind.IoUring);
            Assert.Same(loop.SocketIo, Assert.IsType<IoUringLoop>(loop).CompletionIo);
            Assert.False(loop.RunOnce(0));
            return;
        }

        Assert.EndsWith(" works without.", missing, StringComparison.Ordinal);
        Assert.Equal(missing, Assert.Throws<LoopUnavailableException>(() => _registry.Create(LoopKind.IoUring)).Message);
    }

    [Theory]
    [InlineData(SystemCallFilter.Setup, "io_uring_setup is forbidden to this process (EPERM)")]
    [InlineData(SystemCallFilter.Enter, "io_uring_enter is forbidden to this process (EPERM)")]
    [InlineData(SystemCallFilter.Register, "io_uring_register is forbidden to this process (EPERM)")]
    public void A_filter_of_system_calls_is_named(int number, string words)
    {
        Assert.SkipWhen(_registry.FindMissing(LoopKind.IoUring) is not null, _registry.FindMissing(LoopKind.IoUring) ?? "");

        string message = SystemCallFilter.Without(number, Errno.EPERM, () => Assert.Throws<LoopUnavailableException>(() => _registry.Create(LoopKind.IoUring)).Message);

        Assert.Contains(words, message, StringComparison.Ordinal);
    }

    [Fact]
    public void Calls_that_the_program_brings_stay_in_front_and_readiness_has_none()
    {
        Assert.SkipWhen(CompletionLoopHarness.Missing is not null, CompletionLoopHarness.Missing ?? "");
        CountingSocketIo counting = new();
        using IoUringLoop loop = new(new EventLoopOptions { SocketIo = counting }, IoUringMode.Completion);
        using IoUringLoop ready = new();

        Assert.Same(counting, loop.SocketIo);
        Assert.NotNull(loop.CompletionIo);
        Assert.Null(ready.CompletionIo);
        Assert.Same(SocketIo.System, ready.SocketIo);
    }

    [Fact]
    public void A_mode_that_there_is_not_is_refused_by_name() =>
        Assert.Equal("mode", Assert.Throws<ArgumentOutOfRangeException>(() => new IoUringLoop(null, (IoUringMode)7)).ParamName);
}
