namespace EventLoops.Simulated;

/// <summary>In which order a wait reports the descriptors that are ready.</summary>
public enum ReadyOrder
{
    /// <summary>By their numbers, as <c>poll(2)</c> does for an array that is filled in this order.</summary>
    Ascending,

    /// <summary>By their numbers, the highest first.</summary>
    Descending,

    /// <summary>In an order that is drawn from <see cref="KernelScript.Seed"/> for each wait.</summary>
    Random,
}
