using EventLoops.IoUring;
using Xunit;

namespace EventLoops.Tests.Samples;

/// <summary>A test server on each loop, for all tests of a class. They share nothing with those of other classes.</summary>
public sealed class TestServers : IAsyncLifetime
{
    public const string Poll = "poll";
    public const string Epoll = "epoll";
    public const string LibUv = "libuv";
    public const string LibEv = "libev";
    public const string IoUring = "io_uring";
    public const string External = "external";
    public const string Several = "epoll --threads 4";
    public const string Completion = "io_uring --completion --threads 2";

    /// <summary>What keeps io_uring from being used on this machine, in the words of the loop; null when nothing does.</summary>
    public static readonly string? WhyNoIoUring = LoopRegistry.Default.AddIoUring().FindMissing(LoopKind.IoUring);

    /// <summary>The loops that are tested: those that are made of different code. io_uring is one of them where the kernel has it and allows it.</summary>
    public static readonly string[] Loops = [Poll, Epoll, LibUv, LibEv, External, .. WhyNoIoUring is null ? [IoUring] : Array.Empty<string>()];

    /// <summary>The same for the mode in which the kernel receives, accepts and sends by itself.</summary>
    public static readonly string? WhyNoCompletion = new LoopRegistry().AddIoUring(IoUringMode.Completion).FindMissing(LoopKind.IoUring);

    /// <summary>All servers of this fixture: one on each loop, one with several service threads, and one with completion where that can be had.</summary>
    public static readonly string[] All = [.. Loops, Several, .. WhyNoCompletion is null ? [Completion] : Array.Empty<string>()];

    private readonly Dictionary<string, SampleProcess> _processes = [];
    private readonly Dictionary<string, Uri> _addresses = [];

    /// <summary>Where the server on a loop listens.</summary>
    public Uri this[string loop] => _addresses[loop];

    /// <summary>The process of the server on a loop.</summary>
    public SampleProcess Process(string loop) => _processes[loop];

    public async ValueTask InitializeAsync()
    {
        foreach (string loop in All)
        {
            string[] arguments = loop.Split(' ');
            SampleProcess process = Start(["--loop", .. arguments]);
            _processes.Add(loop, process);
            _addresses.Add(loop, await process.WaitForAddressAsync(arguments[0]));
        }
    }

    public async ValueTask DisposeAsync()
    {
        foreach (SampleProcess process in _processes.Values) await process.DisposeAsync();
    }

    /// <summary>Starts a test server on a port of the kernel's choice.</summary>
    public static SampleProcess Start(params string[] arguments) => SampleProcess.Start("TestServer", ["--port", "0", .. arguments]);
}
