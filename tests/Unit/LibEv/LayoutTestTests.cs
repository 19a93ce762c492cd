using System.Globalization;
using System.Runtime.InteropServices;
using EventLoops.LibEv;
using Xunit;

namespace EventLoops.Tests.LibEv;

/// <summary>The proof that libev's structs lie where this library believes: it holds for the system's libev, and fails for every other belief.</summary>
public sealed class LayoutTestTests
{
    [Fact]
    public void The_systems_libev_is_laid_out_as_expected()
    {
        LibEvLibrary library = LibEvLibrary.Load();

        Assert.Null(LayoutTest.FindDifference(library, EvLayout.Ours));
        Assert.Null(LibEvLibrary.FindMissing());
    }

    [Fact]
    public void The_expected_layout_is_that_of_libevs_header_on_machines_of_64_bits() =>
        Assert.Equal(new EvLayout(Active: 0, Pending: 4, Priority: 8, Callback: 24, IoFd: 40, IoEvents: 44, TimerAt: 32), EvLayout.Ours);

    [Theory]
    [InlineData("callback", 16)]
    [InlineData("callback", 32)]
    [InlineData("callback", 40)]
    [InlineData("time", 24)]
    [InlineData("time", 40)]
    [InlineData("state", 4)]
    [InlineData("state", 8)]
    [InlineData("priority", 12)]
    [InlineData("descriptor", 32)]
    [InlineData("descriptor", 44)]
    [InlineData("events", 48)]
    [InlineData("pending", 8)]
    public void Another_layout_is_refused_with_a_word_about_what_is_different(string member, int offset)
    {
        EvLayout wrong = member switch
        {
            "callback" => EvLayout.Ours with { Callback = offset },
            "time" => EvLayout.Ours with { TimerAt = offset },
            "state" => EvLayout.Ours with { Active = offset },
            "priority" => EvLayout.Ours with { Priority = offset },
            "descriptor" => EvLayout.Ours with { IoFd = offset, IoEvents = offset == 44 ? 40 : 44 },
            "events" => EvLayout.Ours with { IoEvents = offset },
            _ => EvLayout.Ours with { Pending = offset },
        };

        string? difference = LayoutTest.FindDifference(LibEvLibrary.Load(), wrong);

        Assert.NotNull(difference);
        Assert.Contains(member, difference, StringComparison.Ordinal);
        Assert.Contains(offset.ToString(CultureInfo.InvariantCulture), difference, StringComparison.Ordinal);
    }

    [Fact]
    public void A_library_that_is_no_libev_is_refused_before_anything_is_called()
    {
        nint other = NativeLibrary.Load("libc.so.6");

        LoopUnavailableException refusal = Assert.Throws<LoopUnavailableException>(() => LibEvLibrary.Load(other));

        Assert.Equal(LoopKind.LibEv, refusal.Kind);
        Assert.Contains("has no ev_version_major", refusal.Message, StringComparison.Ordinal);
        Assert.Contains("apt-get install libev4", refusal.Message, StringComparison.Ordinal);
        Assert.Throws<LoopUnavailableException>(() => HostedLibEvLoop.Attach(evLoop: 1, other));
    }

    [Fact]
    public void A_guest_needs_a_loop() => Assert.Throws<ArgumentException>(() => HostedLibEvLoop.Attach(evLoop: 0));
}
