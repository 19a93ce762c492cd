using System.Diagnostics;
using System.Net;
using System.Net.Sockets;

namespace EventLoops.Benchmarks.Load.Comparison;

/// <summary>What a server can be asked for.</summary>
[Flags]
internal enum Abilities
{
    None = 0,
    WebSocket = 1,
    Http = 2,
    FanOut = 4,
    Tls = 8,

    /// <summary>Sends a long message back as it comes.</summary>
    Streaming = 16,

    /// <summary>Sends a long message back when it is there whole.</summary>
    WholeMessages = 32,
    All = WebSocket | Http | FanOut | Streaming | WholeMessages,
}

/// <summary>One of the servers that are compared.</summary>
/// <param name="Name">Its name in the table.</param>
/// <param name="Abilities">What it can be asked for.</param>
/// <param name="Command">The program and its arguments, for a port.</param>
/// <param name="FindMissing">Why it cannot run here, in words; null when it can.</param>
/// <param name="Version">What it says of its version.</param>
internal sealed record Peer(string Name, Abilities Abilities, Func<int, IReadOnlyList<string>> Command, Func<string?> FindMissing, Func<string> Version)
{
    /// <summary>Whether it speaks TLS, and nothing else.</summary>
    public bool IsTls => Abilities == Abilities.Tls;

    /// <summary>Whether it is one of this library's own loops.</summary>
    public bool IsOurs { get; init; }

    /// <summary>Whether it answers <c>GET /allocated</c>.</summary>
    public bool TellsAllocations { get; init; }

    /// <summary>Whether it can be asked a question.</summary>
    public bool Can(Point point) => (Abilities & point.Needs) == point.Needs;

    public override string ToString() => Name;

    /// <summary>Starts the server on a processor of its own, and returns when it takes connections.</summary>
    public RunningPeer Start(int? processor)
    {
        // Kept until the server listens, so that nobody else gets the port meanwhile: who only binds it is in nobody's way (SO_REUSEADDR, socket(7)), which .NET and every server here says.
        using Socket reserved = new(AddressFamily.InterNetwork, SocketType.Stream, ProtocolType.Tcp);
        reserved.Bind(new IPEndPoint(IPAddress.Loopback, 0));
        int port = ((IPEndPoint)reserved.LocalEndPoint!).Port;
        string[] words = [.. processor is { } number ? ["taskset", "-c", $"{number}"] : Array.Empty<string>(), .. Command(port)];
        ProcessStartInfo start = new(words[0]) { UseShellExecute = false, RedirectStandardOutput = true };
        foreach (string word in words.Skip(1)) start.ArgumentList.Add(word);

        Process process = Process.Start(start)!;
        process.OutputDataReceived += (_, _) => { };
        process.BeginOutputReadLine();
        RunningPeer running = new(this, process, new IPEndPoint(IPAddress.Loopback, port));
        running.AwaitListening();
        return running;
    }
}

/// <summary>A server that runs.</summary>
internal sealed class RunningPeer(Peer peer, Process process, IPEndPoint endPoint) : IDisposable
{
    private static readonly TimeSpan StartPatience = TimeSpan.FromSeconds(20);

    public Peer Peer { get; } = peer;

    public IPEndPoint EndPoint { get; } = endPoint;

    public int ProcessId => process.Id;

    public void AwaitListening()
    {
        long start = Stopwatch.GetTimestamp();
        while (!Answers())
        {
            if (process.HasExited)
                throw new LoadException($"{Peer.Name} ended with {process.ExitCode} instead of listening.");
            if (Stopwatch.GetElapsedTime(start) > StartPatience)
                throw new LoadException($"{Peer.Name} does not listen on {EndPoint}.");

            // Nothing is measured yet, and servers have no common way to say that they listen.
            Thread.Sleep(20);
        }
    }

    public void Dispose()
    {
        if (!process.HasExited)
            process.Kill(entireProcessTree: true);
        process.WaitForExit();
        process.Dispose();
    }

    private bool Answers()
    {
        try
        {
            using TcpClient client = new();
            client.Connect(EndPoint);
            return true;
        }
        catch (SocketException)
        {
            return false;
        }
    }
}
