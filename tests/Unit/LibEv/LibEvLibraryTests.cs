using EventLoops.LibEv;
using Xunit;

namespace EventLoops.Tests.LibEv;

/// <summary>Finding libev, and saying what is missing when there is none.</summary>
public sealed class LibEvLibraryTests
{
    [Fact]
    public void Where_libev_is_not_installed_one_sentence_names_it_and_its_package()
    {
        Assert.False(LibEvLibrary.TryFind(["libev.so.404", "/nowhere/libev.so"], out LibEvLibrary? library, out string? missing));

        Assert.Null(library);
        Assert.Equal("The libev loop needs libev 4, which was not found here (tried libev.so.404, /nowhere/libev.so): apt-get install libev4.", missing);
    }

    [Fact]
    public void The_same_library_is_bound_once_whatever_it_is_called()
    {
        Assert.True(LibEvLibrary.TryFind(["libev.so.404", "libev.so.4"], out LibEvLibrary? library, out string? missing));

        Assert.Null(missing);
        Assert.Same(LibEvLibrary.Load(), library);
        Assert.Same(library, LibEvLibrary.Load(EvHost.Library));
    }

    [Fact]
    public void A_registered_libev_loop_is_made_by_its_name()
    {
        LoopRegistry registry = new();
        Assert.Throws<LoopUnavailableException>(() => registry.Create(LoopKind.LibEv));

        using OwnedEventLoop loop = registry.AddLibEv().Create(LoopKind.LibEv);

        Assert.IsType<LibEvLoop>(loop);
        Assert.Equal("libev", loop.Name);
        Assert.Null(registry.FindMissing(LoopKind.LibEv));
    }
}
