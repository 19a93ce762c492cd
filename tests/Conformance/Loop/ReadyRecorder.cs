namespace EventLoops.Tests.Conformance;

/// <summary>A handler that remembers what it was told, and then does what the test says.</summary>
internal sealed class ReadyRecorder(Action<Watch, PollEvents>? then = null) : IReadyHandler
{
    public List<(int Fd, PollEvents Ready)> Seen { get; } = [];

    public bool HasSeen(PollEvents bits) => Seen.Exists(seen => (seen.Ready & bits) == bits);

    public void OnReady(Watch watch, PollEvents ready)
    {
        Seen.Add((watch.Fd, ready));
        then?.Invoke(watch, ready);
    }
}
