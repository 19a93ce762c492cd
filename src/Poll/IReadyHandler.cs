namespace EventLoops;

/// <summary>Is told when a watched descriptor is ready. One handler may serve any number of watches.</summary>
public interface IReadyHandler
{
    /// <summary>
    /// Called on the loop's thread, in step 3 of a turn, while the watch is active.
    /// What is reported is a hint: a read or a write may still be refused with EAGAIN, and the handler then does nothing.
    /// An exception thrown here does not stop the loop; it goes to <see cref="EventLoop.UnhandledException"/>.
    /// </summary>
    /// <param name="watch">The watch that is ready.</param>
    /// <param name="ready">
    /// Bits of <see cref="Watch.Interest"/>, and <see cref="PollEvents.Error"/>, <see cref="PollEvents.HangUp"/> and
    /// <see cref="PollEvents.Invalid"/>, which are reported without being asked for. A watch that was reported invalid is
    /// unwatched after this call, if the handler has not done so.
    /// </param>
    void OnReady(Watch watch, PollEvents ready);
}
