using System.Net.WebSockets;
using System.Text;
using Xunit;

namespace EventLoops.Tests.Samples;

/// <summary>The framework's WebSocket client, with a deadline for everything that waits.</summary>
internal sealed class WebSocketClient : IDisposable
{
    private static readonly TimeSpan Patience = TimeSpan.FromSeconds(30);

    private readonly ClientWebSocket _socket = new();
    private readonly byte[] _buffer = new byte[64 * 1024];

    private WebSocketClient()
    {
    }

    /// <summary>The protocol that the server chose.</summary>
    public string? Protocol => _socket.SubProtocol;

    private static CancellationToken Deadline => new CancellationTokenSource(Patience).Token;

    public static async Task<WebSocketClient> ConnectAsync(Uri server, string? protocol = null, string? userAgent = null)
    {
        WebSocketClient client = new();
        try
        {
            if (protocol is not null) client._socket.Options.AddSubProtocol(protocol);
            if (userAgent is not null) client._socket.Options.SetRequestHeader("User-Agent", userAgent);
            await client._socket.ConnectAsync(new UriBuilder(server) { Scheme = "ws" }.Uri, Deadline);
            return client;
        }
        catch
        {
            client.Dispose();
            throw;
        }
    }

    public Task SendAsync(string text) => SendAsync(Encoding.UTF8.GetBytes(text), WebSocketMessageType.Text);

    public Task SendAsync(ReadOnlyMemory<byte> bytes, WebSocketMessageType kind, bool isLast = true) =>
        _socket.SendAsync(bytes, kind, isLast, Deadline).AsTask();

    /// <summary>The next message, as text.</summary>
    public async Task<string> ReceiveTextAsync()
    {
        (WebSocketMessageType kind, byte[] bytes) = await ReceiveAsync();
        Assert.Equal(WebSocketMessageType.Text, kind);
        return Encoding.UTF8.GetString(bytes);
    }

    /// <summary>The next message.</summary>
    public async Task<(WebSocketMessageType Kind, byte[] Bytes)> ReceiveAsync()
    {
        using MemoryStream message = new();
        while (true)
        {
            ValueWebSocketReceiveResult part = await _socket.ReceiveAsync(_buffer.AsMemory(), Deadline);
            message.Write(_buffer, 0, part.Count);
            if (part.EndOfMessage) return (part.MessageType, message.ToArray());
        }
    }

    /// <summary>Receives and forgets until a close frame comes. Returns what it says.</summary>
    public async Task<(int Code, string? Reason)> ReceiveCloseAsync()
    {
        while ((await ReceiveAsync()).Kind != WebSocketMessageType.Close)
        {
        }

        return ((int)_socket.CloseStatus!, _socket.CloseStatusDescription);
    }

    /// <summary>Closes with 1000 and waits for the server's answer, which is the same.</summary>
    public async Task CloseAsync()
    {
        await _socket.CloseAsync(WebSocketCloseStatus.NormalClosure, "", Deadline);
        Assert.Equal(WebSocketCloseStatus.NormalClosure, _socket.CloseStatus);
    }

    /// <summary>Answers the close frame that was received.</summary>
    public Task AnswerCloseAsync() => _socket.CloseOutputAsync(_socket.CloseStatus!.Value, "", Deadline);

    public void Dispose() => _socket.Dispose();
}
