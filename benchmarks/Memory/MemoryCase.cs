namespace EventLoops.Benchmarks.Memory;

/// <summary>What the connections of one measurement speak and have agreed on, and what they have done before they are idle.</summary>
/// <param name="Name">The name of the case.</param>
/// <param name="Meaning">What it stands for, in the table.</param>
internal sealed record MemoryCase(string Name, string Meaning)
{
    // A compressor or a TLS session for each of very many connections is more than a small machine has; what each of fewer holds is the same.
    private const int FewConnections = 2000;

    public static IReadOnlyList<MemoryCase> All { get; } =
    [
        new("plain", "WebSocket"),
        new("asked", "WebSocket with keep-alive") { KeepAlive = new WebSocketKeepAlive { PingAfter = TimeSpan.FromHours(1) } },
        new("http", "HTTP, one request answered") { IsHttp = true },
        new("tls", "WebSocket over TLS 1.3") { IsTls = true },
        new("agreed", "permessage-deflate agreed, never used") { Extension = new PermessageDeflate() },
        new("forgetting", "no context takeover either way, one message each way")
        {
            Extension = new PermessageDeflate { ServerNoContextTakeover = true, ClientNoContextTakeover = true },
            Exchanges = 1,
        },
        new("receiving", "context takeover of the client only, one message each way") { Extension = new PermessageDeflate { ServerNoContextTakeover = true }, Exchanges = 1, AreFew = true },
        new("both", "context takeover both ways, one message each way") { Extension = new PermessageDeflate(), Exchanges = 1, AreFew = true },
        new("small", "the same with zlib, windows of 12 bits and memory level 5")
        {
            Extension = new PermessageDeflate { ServerMaxWindowBits = 12, ClientMaxWindowBits = 12, MemoryLevel = 5, Library = DeflateLibrary.System },
            Exchanges = 1,
            AreFew = true,
        },
    ];

    /// <summary>What the server has; null for nothing.</summary>
    public PermessageDeflate? Extension { get; init; }

    /// <summary>How many compressed messages each connection has sent and got back.</summary>
    public int Exchanges { get; init; }

    /// <summary>Whether the connections speak TLS.</summary>
    public bool IsTls { get; init; }

    /// <summary>Whether they stay with HTTP.</summary>
    public bool IsHttp { get; init; }

    /// <summary>How the server finds out that a peer has gone; null for not at all.</summary>
    public WebSocketKeepAlive? KeepAlive { get; init; }

    private bool AreFew { get; init; }

    public static MemoryCase Named(string name) =>
        All.FirstOrDefault(one => one.Name == name) ?? throw new ArgumentException($"There is no case '{name}'.", nameof(name));

    /// <summary>How many connections of this case a machine can be asked for that is asked for so many.</summary>
    public int CountOf(int connections) => AreFew || IsTls ? Math.Min(connections, FewConnections) : connections;
}
