using Xunit;

namespace EventLoops.Tests;

/// <summary>Tests that count the descriptors of the process run one after the other, and not beside any that opens some of its own.</summary>
[CollectionDefinition(nameof(AloneInTheProcess), DisableParallelization = true)]
public static class AloneInTheProcess;
