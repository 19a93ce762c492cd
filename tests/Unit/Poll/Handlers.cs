namespace EventLoops.Tests.Poll;

/// <summary>A handler that remembers what it was told, and then does what the test says.</summary>
internal sealed class Recorder(Action<Watch, PollEvents>? then = null) : IReadyHandler
{
    public List<(int Fd, PollEvents Ready)> Seen { get; } = [];

    public void OnReady(Watch watch, PollEvents ready)
    {
        Seen.Add((watch.Fd, ready));
        then?.Invoke(watch, ready);
    }
}

/// <summary>A participant that remembers in which order its steps came, and does what the test says in them.</summary>
internal sealed class RecordingParticipant(List<string> log, string name = "") : ITurnParticipant
{
    public bool HasPendingWork { get; set; }

    public Action? OnInput { get; set; }

    public void ServicePendingInput()
    {
        log.Add(name + "input");
        OnInput?.Invoke();
    }

    public void ServiceWrites() => log.Add(name + "writes");

    public void ServiceCloses() => log.Add(name + "closes");
}
