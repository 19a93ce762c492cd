using System.Security.Cryptography;
using System.Text;

namespace EventLoops.Benchmarks.Load.Wire;

/// <summary>The opening handshake of a WebSocket (RFC 6455 4.1), one for all connections of a run: the key is no secret here.</summary>
internal sealed class Handshake
{
    private readonly string _accept;

    public Handshake(LoadOptions options)
    {
        string key = Convert.ToBase64String(RandomNumberGenerator.GetBytes(16));
        _accept = Accept(key);
        string protocol = options.Subprotocol is { } name ? $"Sec-WebSocket-Protocol: {name}\r\n" : "";
        Request = Encoding.ASCII.GetBytes(
            $"GET {options.Path} HTTP/1.1\r\nHost: {options.Server}\r\nUpgrade: websocket\r\nConnection: Upgrade\r\nSec-WebSocket-Key: {key}\r\nSec-WebSocket-Version: 13\r\n{protocol}\r\n");
    }

    /// <summary>What the client sends.</summary>
    public byte[] Request { get; }

    /// <summary>Checks what the server has answered.</summary>
    /// <exception cref="LoadException">It is no agreement.</exception>
    public void Check(string reply)
    {
        if (!reply.StartsWith("HTTP/1.1 101 ", StringComparison.Ordinal) || !reply.Contains(_accept, StringComparison.Ordinal))
            throw new LoadException($"The server refused the handshake: {reply.Split('\r')[0]}");
    }

#pragma warning disable CA5350 // RFC 6455 4.2.2 names SHA-1; nothing is kept secret by it.
    /// <summary>The answer to a key (RFC 6455 4.2.2). Computed here and not by the library, which is measured: what it got wrong would look right to itself.</summary>
    public static string Accept(string key) => Convert.ToBase64String(SHA1.HashData(Encoding.ASCII.GetBytes(key + "258EAFA5-E914-47DA-95CA-C5AB0DC85B11")));
#pragma warning restore CA5350
}
