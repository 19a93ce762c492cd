using EventLoops;

namespace TestClient;

/// <summary>What the client was started for.</summary>
internal interface IErrand
{
    /// <summary>Connects.</summary>
    /// <param name="context">The context to connect in.</param>
    /// <param name="over">Cancelled when it is over.</param>
    void Begin(LoopContext context, CancellationTokenSource over);

    /// <summary>Ends it before its time.</summary>
    void Interrupt();

    /// <summary>Says how it went.</summary>
    /// <returns>The exit code.</returns>
    int Report();
}
