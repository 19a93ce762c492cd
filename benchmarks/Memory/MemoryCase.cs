namespace EventLoops.Benchmarks.Memory;

/// <summary>What the connections of one measurement have agreed on, and what they have done before they are idle.</summary>
/// <param name="Name">The name of the case.</param>
/// <param name="Meaning">What it stands for, in the table.</param>
/// <param name="Extension">What the server has; null for nothing.</param>
/// <param name="Exchanges">How many compressed messages each connection has sent and got back.</param>
internal sealed record MemoryCase(string Name, string Meaning, PermessageDeflate? Extension, int Exchanges)
{
    public static IReadOnlyList<MemoryCase> All { get; } =
    [
        new("plain", "no extension", null, 0),
        new("agreed", "permessage-deflate agreed, never used", new PermessageDeflate(), 0),
        new("forgetting", "no context takeover either way, one message each way", new PermessageDeflate { ServerNoContextTakeover = true, ClientNoContextTakeover = true }, 1),
        new("receiving", "context takeover of the client only, one message each way", new PermessageDeflate { ServerNoContextTakeover = true }, 1),
        new("both", "context takeover both ways, one message each way", new PermessageDeflate(), 1),
        new("small", "the same with zlib, windows of 12 bits and memory level 5",
            new PermessageDeflate { ServerMaxWindowBits = 12, ClientMaxWindowBits = 12, MemoryLevel = 5, Library = DeflateLibrary.System }, 1),
    ];

    public static MemoryCase Named(string name) =>
        All.FirstOrDefault(one => one.Name == name) ?? throw new ArgumentException($"There is no case '{name}'.", nameof(name));
}
