using System.Globalization;
using System.Net;
using System.Net.WebSockets;
using Microsoft.AspNetCore.Server.Kestrel.Core;

// What the benchmarks compare with: an echo of messages and GET of thirteen bytes, as little of ASP.NET Core around it as there can be.
int port = int.Parse(args[0], CultureInfo.InvariantCulture);
byte[] greeting = "Hello, World!"u8.ToArray();

WebApplicationBuilder builder = WebApplication.CreateSlimBuilder();
builder.Logging.ClearProviders();
builder.WebHost.UseKestrelHttpsConfiguration();
builder.WebHost.ConfigureKestrel(kestrel => kestrel.Listen(IPAddress.Loopback, port, endpoint =>
{
    endpoint.Protocols = HttpProtocols.Http1;
    if (args.Length == 3)
        endpoint.UseHttps(System.Security.Cryptography.X509Certificates.X509Certificate2.CreateFromPemFile(args[1], args[2]));
}));
WebApplication application = builder.Build();
application.UseWebSockets(new WebSocketOptions { KeepAliveInterval = Timeout.InfiniteTimeSpan });
application.Run(async context =>
{
    if (context.WebSockets.IsWebSocketRequest)
    {
        using WebSocket socket = await context.WebSockets.AcceptWebSocketAsync(context.WebSockets.WebSocketRequestedProtocols.FirstOrDefault());
        await EchoAsync(socket);
        return;
    }

    context.Response.ContentType = "text/plain";
    if (context.Request.Path == "/allocated")
    {
        await context.Response.WriteAsync(GC.GetTotalAllocatedBytes(precise: true).ToString(CultureInfo.InvariantCulture));
        return;
    }

    context.Response.ContentLength = greeting.Length;
    await context.Response.Body.WriteAsync(greeting);
});
await application.RunAsync();

static async Task EchoAsync(WebSocket socket)
{
    // Few messages need more than the small buffer, and whoever sends one that does gets the large one.
    byte[] buffer = new byte[4 * 1024];
    while (true)
    {
        ValueWebSocketReceiveResult received = await socket.ReceiveAsync(buffer.AsMemory(), CancellationToken.None);
        if (received.MessageType == WebSocketMessageType.Close)
        {
            await socket.CloseOutputAsync(WebSocketCloseStatus.NormalClosure, null, CancellationToken.None);
            return;
        }

        await socket.SendAsync(buffer.AsMemory(0, received.Count), received.MessageType, received.EndOfMessage, CancellationToken.None);
        if (!received.EndOfMessage && buffer.Length == 4 * 1024)
            buffer = new byte[64 * 1024];
    }
}
