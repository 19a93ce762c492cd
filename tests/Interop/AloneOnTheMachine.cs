using Xunit;

namespace EventLoops.Tests.Interop;

/// <summary>Tests that load the machine or weigh the memory of the process: what others do at the same time would be counted as theirs.</summary>
[CollectionDefinition(Name, DisableParallelization = true)]
public sealed class AloneOnTheMachine
{
    public const string Name = "alone on the machine";
}
