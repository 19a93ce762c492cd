using System.Runtime.InteropServices;

namespace EventLoops.Tests.Conformance;

/// <summary>Sends signals to one thread, so that it is this one's system call that is interrupted.</summary>
internal sealed partial class Signals
{
    /// <summary>SIGCONT, which stops nothing and ends nothing.</summary>
    public const int Continue = 18;

    private readonly nint _thread;

    private Signals(nint thread) => _thread = thread;

    /// <summary>For sending to the calling thread, from any other.</summary>
    public static Signals ToThisThread() => new(ThreadSelf());

    public void Send(int signal)
    {
        int error = ThreadKill(_thread, signal);
        if (error != 0) throw new InvalidOperationException($"pthread_kill: {Marshal.GetPInvokeErrorMessage(error)}");
    }

    [LibraryImport("libc", EntryPoint = "pthread_self")]
    private static partial nint ThreadSelf();

    [LibraryImport("libc", EntryPoint = "pthread_kill")]
    private static partial int ThreadKill(nint thread, int signal);
}
