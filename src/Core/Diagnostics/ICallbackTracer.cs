namespace EventLoops;

/// <summary>
/// Told of every callback just before it is made, in order: what a trace is made of. The order of the calls for one connection is the same
/// on every loop.
/// </summary>
public interface ICallbackTracer
{
    /// <summary>A callback is about to be made.</summary>
    /// <param name="reason">Why.</param>
    /// <param name="connection">For which connection; null for the reasons that have none.</param>
    /// <param name="length">How many bytes come with it: the length of <see cref="CallbackData.In"/>.</param>
    void OnCallback(CallbackReason reason, Connection? connection, long length);
}
