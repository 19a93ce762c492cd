using System.Diagnostics.CodeAnalysis;
using System.Runtime.CompilerServices;

namespace EventLoops.Tests;

/// <summary>Tests say what they have to say in their results: contexts that are given no log write none.</summary>
internal static class QuietLog
{
    [ModuleInitializer]
    [SuppressMessage("Usage", "CA2255", Justification = "Every test that makes a context uses this library, and none of them should have to remember it.")]
    public static void Begin() => LevelLogger.Default.Levels = LogLevels.None;
}
