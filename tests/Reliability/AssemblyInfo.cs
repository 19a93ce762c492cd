using System.Runtime.Versioning;
using Xunit.Sdk;
using Xunit.v3;

// Each row compares the descriptors of the process before and after it, so that it needs the process to itself.
[assembly: Parallelization(Mode = ParallelMode.None)]
[assembly: SupportedOSPlatform("linux")]
