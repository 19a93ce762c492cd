using System.Net;

namespace EventLoops.Benchmarks.Load;

/// <summary>What is done to a server, and for how long.</summary>
internal sealed record LoadOptions
{
    /// <summary>Where the server is.</summary>
    public required IPEndPoint Server { get; init; }

    /// <summary>The target of requests and handshakes.</summary>
    public string Path { get; init; } = "/";

    /// <summary>The subprotocol to ask for; null for none.</summary>
    public string? Subprotocol { get; init; }

    /// <summary>Whether TLS is spoken. Whose certificate it is does not matter here.</summary>
    public bool IsTls { get; init; }

    /// <summary>How many connections, or how many at a time for churn.</summary>
    public int Connections { get; init; } = 64;

    /// <summary>The payload of a message in bytes.</summary>
    public int Size { get; init; } = 64;

    /// <summary>How many messages or requests of a connection are under way at the same time.</summary>
    public int Pipeline { get; init; } = 1;

    /// <summary>How long is measured.</summary>
    public TimeSpan Duration { get; init; } = TimeSpan.FromSeconds(3);

    /// <summary>How long the load is on before that.</summary>
    public TimeSpan WarmUp { get; init; } = TimeSpan.FromSeconds(0.5);

    /// <summary>Messages a second over all connections; 0 sends the next one when an answer has come.</summary>
    public double Rate { get; init; }

    /// <summary>From how many addresses 127.0.0.x the connections are made: each has its own ports.</summary>
    public int Sources { get; init; } = 1;

    /// <summary>The process of the server, whose processor time and memory are read; null to leave them out.</summary>
    public int? ServerProcess { get; init; }

    /// <summary>Is called when the load is on and nothing has been counted yet.</summary>
    public Action? BeforeMeasuring { get; init; }

    /// <summary>Is called when everything is counted, and little more is under way.</summary>
    public Action? AfterMeasuring { get; init; }

    /// <summary>How long nothing at all may happen before the run is given up.</summary>
    public TimeSpan Patience { get; init; } = TimeSpan.FromSeconds(10);
}
