namespace EventLoops.Tests.Architecture;

/// <summary>
/// What the codecs may not name. They turn bytes into events and calls into bytes, and nothing else, so that every cut, fault and order
/// can be tried on them without a socket, without waiting and without luck.
/// </summary>
internal static class Purity
{
    private static readonly string[] ForbiddenNamespaces =
        ["System.Net.Sockets", "System.Net.Security", "System.Threading", "System.IO.Pipes", "System.Timers", "System.Runtime.InteropServices.LibraryImport"];

    /// <summary>Implicit usings bring some of these in without a using directive, so each is looked for by its own name.</summary>
    private static readonly string[] ForbiddenWords =
    [
        "Socket", "SocketIo", "NetworkStream", "SslStream", "Dns",                                    // sockets
        "EventLoop", "OwnedEventLoop", "HostedEventLoop", "PollLoop", "LoopTimer", "IReadyHandler",   // the loop
        "Libc", "LibraryImport", "LibraryImportAttribute", "DllImport", "DllImportAttribute",         // system calls
        "Stopwatch", "TimeProvider", "Now", "UtcNow", "Today", "TickCount", "TickCount64",            // clocks; a date that is given is no clock
        "Thread", "ThreadPool", "ThreadStatic", "ThreadLocal", "AsyncLocal", "Task", "ValueTask",     // threads
        "Timer", "PeriodicTimer", "CancellationToken", "Interlocked", "Volatile", "Monitor", "SpinLock", "SemaphoreSlim",
        "lock", "volatile", "async", "await",
        "File", "FileStream", "Console", "Process", "Environment",                                    // the rest of the world
    ];

    /// <summary>One sentence for each thing that a codec's source names and must not.</summary>
    public static IReadOnlyList<string> Violations(string path, string source)
    {
        string code = SourceText.CodeOf(source);
        IReadOnlySet<string> words = SourceText.WordsOf(source);
        return [.. ForbiddenNamespaces.Where(name => code.Contains(name, StringComparison.Ordinal))
            .Concat(ForbiddenWords.Where(words.Contains))
            .Select(name => $"{path} names {name}: nothing under src/Core/Protocols may touch a socket, a clock or a thread.")];
    }
}
