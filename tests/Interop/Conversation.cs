using System.Text;
using System.Threading.Channels;

namespace EventLoops.Tests.Interop;

/// <summary>One connection of our client as a test sees it from its own thread: what is to be sent goes in, what happens comes out of channels.</summary>
internal sealed class Conversation(LoopThread thread)
{
    /// <summary>Messages that wait for the connection to be writable. On the loop's thread.</summary>
    public Queue<Message> Outgoing { get; } = [];

    public Connection? Connection { get; set; }

    public Channel<Message> Received { get; } = Channel.CreateUnbounded<Message>();

    public Channel<string> Pongs { get; } = Channel.CreateUnbounded<string>();

    /// <summary>The subprotocol that the server chose, once the connection is open.</summary>
    public TaskCompletionSource<string> Established { get; } = new(TaskCreationOptions.RunContinuationsAsynchronously);

    /// <summary>The extensions that the server agreed to, with their parameters. There once the connection is open.</summary>
    public string Extensions { get; set; } = "";

    public TaskCompletionSource<ConnectFailure> Failed { get; } = new(TaskCreationOptions.RunContinuationsAsynchronously);

    public TaskCompletionSource<CloseInfo> Closed { get; } = new(TaskCreationOptions.RunContinuationsAsynchronously);

    public Task SendAsync(string text) => SendAsync(new Message(MessageKind.Text, Encoding.UTF8.GetBytes(text)));

    public Task SendAsync(Message message) => thread.InvokeAsync(() =>
    {
        Outgoing.Enqueue(message);
        Connection!.RequestWritable();
    });

    public Task CloseAsync(int code, string reason) => thread.InvokeAsync(() => Connection!.Close((WebSocketCloseCode)code, Encoding.UTF8.GetBytes(reason)));

    public Task AbortAsync() => thread.InvokeAsync(Connection!.Abort);

    public Task PingAsync(string payload) => thread.InvokeAsync(() => Connection!.Ping(Encoding.UTF8.GetBytes(payload)));

    public Task<Message> ReceiveAsync() => Received.NextAsync();
}
