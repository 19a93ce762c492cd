namespace EventLoops.Benchmarks.Load;

/// <summary>The server did something that it must not do, or nothing at all: what was measured is worth nothing.</summary>
internal sealed class LoadException(string message) : Exception(message);
