namespace EventLoops;

/// <summary>
/// What a layer above the loop does in the steps 6 to 8 of each turn. The loop calls its participants in the order in which they
/// joined. Work that comes up outside a turn is announced by <see cref="EventLoop.Wake"/>, so that a loop that sleeps takes a turn.
/// Exceptions do not stop the loop; they go to <see cref="EventLoop.UnhandledException"/>.
/// </summary>
public interface ITurnParticipant
{
    /// <summary>
    /// Whether there is work that cannot wait for an event: while true, the loop does not sleep. Must be cheap and have no effect.
    /// </summary>
    bool HasPendingWork { get; }

    /// <summary>Step 6: handle input that has already been taken from the kernel, which therefore will not report it again.</summary>
    void ServicePendingInput();

    /// <summary>
    /// Step 7: send what was collected in this turn and, where <see cref="EventLoop.ServicesWritesInTurn"/> is true, make the writable
    /// callbacks that were asked for.
    /// </summary>
    void ServiceWrites();

    /// <summary>Step 8: finish what was closed in this turn, now that no event of the turn can refer to it.</summary>
    void ServiceCloses();
}
