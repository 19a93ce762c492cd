using System.Runtime.InteropServices;
using Xunit;

namespace EventLoops.Tests.Conformance;

/// <summary>What loops promise about things that only a real kernel has: signals, files, and children that inherit descriptors.</summary>
public abstract class RealKernelSuite(LoopFactory factory) : LoopBench(factory)
{
    private const int CloseOnExec = 0x80000;

    private Descriptors Files => field ??= Own(new Descriptors());

    [Fact]
    public void O01_a_signal_during_the_wait_loses_nothing_and_throws_nothing()
    {
        (int read, int write) = Files.Pipe();
        ReadyRecorder recorder = new((watch, _) => Descriptors.Drain(watch.Fd));
        Watch watch = Loop.Watch(read, PollEvents.In, recorder);

        // A signal that has a handler ends the wait of whichever thread it reaches with EINTR.
        using PosixSignalRegistration handled = PosixSignalRegistration.Create(PosixSignal.SIGCONT, context => context.Cancel = true);
        Signals target = Signals.ToThisThread();
        int turns = 0;
        using CancellationTokenSource over = new();
        Thread sender = new(() =>
        {
            while (!over.IsCancellationRequested) target.Send(Signals.Continue);
        });
        sender.Start();
        Harness.RunUntil(() => ++turns > 200);
        Descriptors.Write(write, 1);
        Harness.RunUntil(() => recorder.Seen.Count == 1);
        over.Cancel();
        sender.Join();

        Assert.Equal((read, PollEvents.In), recorder.Seen[0]);
        Loop.Unwatch(watch);
    }

    [Fact]
    public void O11_a_file_is_refused_by_name_or_always_ready_and_nothing_is_half_added()
    {
        using FileStream file = File.OpenRead(typeof(RealKernelSuite).Assembly.Location);
        ReadyRecorder recorder = new();
        Watch? watch = null;
        Exception? refused = Record.Exception(() => watch = Loop.Watch((int)file.SafeFileHandle.DangerousGetHandle(), PollEvents.In, recorder));
        if (refused is null)
        {
            Harness.RunUntil(() => recorder.Seen.Count > 1);
            Loop.Unwatch(watch!);
        }
        else
        {
            Assert.Equal(Errno.EPERM, Assert.IsType<LoopFaultException>(refused).Errno);
        }

        Assert.Equal(0, Loop.WatchCount);
        recorder.Seen.Clear();
        Watch other = Loop.Watch(Files.EventFd(1), PollEvents.In, recorder);
        Harness.RunUntil(() => recorder.Seen.Count == 1);
        Loop.Unwatch(other);
    }

    [Fact]
    public void O19_no_descriptor_of_a_loop_and_its_connections_is_inherited_by_a_child()
    {
        HashSet<string> before = new(Open(), StringComparer.Ordinal);
        using LoopHarness another = NewLoop(new EventLoopOptions());
        using LoopContext context = new(new LoopContextOptions { Loop = another.Loop, VirtualHosts = [HostOf(new SendingEcho())] });
        RawPeer peer = Own(RawPeer.Connect(EndPointOf(context), another));
        peer.Upgrade();

        string[] opened = [.. Open().Where(fd => !before.Contains(fd))];

        // At least the listener and the connection, and what a child must not get is marked so from the beginning: between two calls another thread may start one.
        Assert.InRange(opened.Length, 2, int.MaxValue);
        Assert.All(opened, fd => Assert.Equal(CloseOnExec, FlagsOf(fd) & CloseOnExec));
    }

    private static IEnumerable<string> Open() => Directory.GetFiles("/proc/self/fd").Select(path => Path.GetFileName(path)!);

    private static int FlagsOf(string fd)
    {
        // The descriptor of the listing itself is gone by now, and has no flags.
        string path = $"/proc/self/fdinfo/{fd}";
        if (!File.Exists(path)) return CloseOnExec;

        string line = File.ReadLines(path).First(text => text.StartsWith("flags:", StringComparison.Ordinal));
        return Convert.ToInt32(line["flags:".Length..].Trim(), 8);
    }
}
