namespace EventLoops.Simulated;

/// <summary>A run on a <see cref="SimulatedKernel"/> has failed. The message says with which seed and script it fails again, and what happened last.</summary>
public sealed class SimulationException : Exception
{
    internal SimulationException(string what, SimulatedKernel kernel, Exception? inner = null)
        : base($"{what}\nTo repeat it: new SimulatedKernel({kernel.Script})\n{kernel.Trace}", inner)
    {
    }
}
