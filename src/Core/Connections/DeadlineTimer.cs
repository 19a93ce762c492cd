namespace EventLoops;

/// <summary>
/// The timer behind the deadline of a connection. The service thread lends it for as long as the connection may need one: an open WebSocket that asks for no
/// signs of life has no deadline, and there may be very many of those.
/// </summary>
internal sealed class DeadlineTimer : LoopTimer
{
    /// <summary>Whose deadline it is; null while nobody has it.</summary>
    public Connection? Owner { get; set; }

    public Deadline Purpose { get; set; }

    protected override void OnDue() => Owner!.OnDeadline(Purpose);
}
