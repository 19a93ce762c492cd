namespace EventLoops.Tests.Traces;

/// <summary>How much of a trace is compared.</summary>
internal enum TraceDetail
{
    /// <summary>Every call in its order, and all that the peers heard.</summary>
    Everything,

    /// <summary>
    /// Where the kernel cuts and refuses, the user is asked to write between two pieces of what came as one elsewhere, and finds a full socket where there was room: of the
    /// writable calls of a line one is left, at its end, and none in a line after which the WebSocket is not open; and what the peers heard is left out.
    /// </summary>
    WhateverTheKernelDoes,
}

/// <summary>What one line of a script has come to for one connection.</summary>
internal static class TraceLine
{
    /// <summary>The calls, and what the peer heard.</summary>
    public static string Write(IReadOnlyList<string> calls, string heard) =>
        heard.Length == 0 ? string.Join(' ', calls) : $"{string.Join(' ', calls)} > {heard}".TrimStart();

    /// <summary>The calls as <see cref="TraceDetail.WhateverTheKernelDoes"/> wants them.</summary>
    public static IReadOnlyList<string> WithoutOrder(IReadOnlyList<string> calls, bool isOpen)
    {
        string[] writables = [.. calls.Where(IsWritable).Distinct(StringComparer.Ordinal)];
        return [.. calls.Where(call => !IsWritable(call)), .. isOpen ? writables : []];
    }

    private static bool IsWritable(string call) => call is "11" or "10";
}
