using System.Globalization;
using System.Net.WebSockets;
using System.Text;
using Microsoft.AspNetCore.Builder;
using Microsoft.AspNetCore.Hosting;
using Microsoft.AspNetCore.Hosting.Server;
using Microsoft.AspNetCore.Hosting.Server.Features;
using Microsoft.AspNetCore.Http;
using Microsoft.AspNetCore.Http.Features;
using Microsoft.AspNetCore.HttpOverrides;
using Microsoft.AspNetCore.Routing;
using Microsoft.AspNetCore.Server.Kestrel.Core;
using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.Logging;

namespace EventLoops.Tests.Interop;

/// <summary>Kestrel with the commands of <see cref="InteropProtocol"/>: the server that we did not write.</summary>
internal sealed class KestrelServer : IAsyncDisposable
{
    private readonly WebApplication _application;

    private KestrelServer(WebApplication application) => _application = application;

    public int Port => new Uri(_application.Services.GetRequiredService<IServer>().Features.Get<IServerAddressesFeature>()!.Addresses.First()).Port;

    /// <param name="wishes">What it wants of permessage-deflate, of which it can choose its own half; null to agree to none.</param>
    /// <param name="certificate">What it shows with TLS; null for no TLS.</param>
    /// <param name="files">What it sends to those who ask for a file below <c>/files</c>, in chunks since it is not told the length; null for nothing.</param>
    public static async Task<KestrelServer> StartAsync(DeflateWishes? wishes = null, SiteFolder? files = null, System.Security.Cryptography.X509Certificates.X509Certificate2? certificate = null)
    {
        WebApplicationBuilder builder = WebApplication.CreateSlimBuilder();
        builder.Logging.ClearProviders();
        builder.WebHost.ConfigureKestrel(kestrel =>
            kestrel.Listen(System.Net.IPAddress.Loopback, 0, listen =>
            {
                listen.Protocols = HttpProtocols.Http1;
                if (certificate is not null) listen.UseHttps(certificate);
            }));

        WebApplication application = builder.Build();
        application.UseForwardedHeaders(new ForwardedHeadersOptions { ForwardedHeaders = ForwardedHeaders.All });
        application.UseWebSockets();
        application.Map("/who", context => context.Response.WriteAsync($"{context.Connection.RemoteIpAddress} {context.Request.Scheme}://{context.Request.Host}"));
        application.Map("/away", context =>
        {
            context.Response.Redirect("/who");
            return Task.CompletedTask;
        });
        application.Map("/echo", async context =>
        {
            context.Features.GetRequiredFeature<IHttpMaxRequestBodySizeFeature>().MaxRequestBodySize = null;
            await context.Request.Body.CopyToAsync(context.Response.Body);
        });
        application.Map("/socket", context => ServeAsync(context, wishes));
        if (files is not null) application.Map("/files/{name}", context => context.Response.SendFileAsync(files[(string)context.GetRouteValue("name")!]));
        await application.StartAsync();
        return new KestrelServer(application);
    }

    public async ValueTask DisposeAsync()
    {
        using CancellationTokenSource atOnce = new();
        await atOnce.CancelAsync();
        await _application.StopAsync(atOnce.Token);
        await _application.DisposeAsync();
    }

    private static async Task ServeAsync(HttpContext context, DeflateWishes? wishes)
    {
        if (!context.WebSockets.IsWebSocketRequest)
        {
            context.Response.StatusCode = StatusCodes.Status400BadRequest;
            return;
        }

        string? protocol = context.WebSockets.WebSocketRequestedProtocols.FirstOrDefault(name => name == "interop");
        using WebSocket socket = await context.WebSockets.AcceptWebSocketAsync(new WebSocketAcceptContext
        {
            SubProtocol = protocol,
            DangerousEnableCompression = wishes is not null,
            DisableServerContextTakeover = wishes is { ServerForgets: true },
            ServerMaxWindowBits = wishes?.ServerBits ?? 15,
        });
        try
        {
            await TalkAsync(context, socket);
        }
        catch (WebSocketException)
        {
            // The client went away without a close frame; it checks its own side of that.
        }
        catch (OperationCanceledException)
        {
            // The server is stopped.
        }
    }

    private static async Task TalkAsync(HttpContext context, WebSocket socket)
    {
        byte[] buffer = new byte[16 * 1024];
        using MemoryStream message = new();
        while (true)
        {
            WebSocketReceiveResult part = await socket.ReceiveAsync(buffer, context.RequestAborted);
            if (part.MessageType == WebSocketMessageType.Close)
            {
                if (socket.State == WebSocketState.CloseReceived)
                    await socket.CloseOutputAsync(part.CloseStatus ?? WebSocketCloseStatus.Empty, part.CloseStatusDescription, context.RequestAborted);
                return;
            }

            message.Write(buffer, 0, part.Count);
            if (!part.EndOfMessage) continue;

            byte[] bytes = message.ToArray();
            message.SetLength(0);
            if (part.MessageType == WebSocketMessageType.Text && bytes is [(byte)'!', ..])
                await ObeyAsync(context, socket, Encoding.UTF8.GetString(bytes));
            else
                await socket.SendAsync(bytes, part.MessageType, endOfMessage: true, context.RequestAborted);
        }
    }

    private static async Task ObeyAsync(HttpContext context, WebSocket socket, string command)
    {
        string[] words = command.Split(' ', 3);
        switch (words[0])
        {
            case "!close":
                int code = int.Parse(words[1], CultureInfo.InvariantCulture);
                await socket.CloseOutputAsync((WebSocketCloseStatus)code, words[2], context.RequestAborted);
                return;
            case "!abort":
                context.Abort();
                return;
            case "!fragments":
                byte[] bytes = Message.Utf8Pattern(int.Parse(words[2], CultureInfo.InvariantCulture));
                byte[][] parts = [.. bytes.Chunk((bytes.Length / int.Parse(words[1], CultureInfo.InvariantCulture)) + 1)];
                for (int i = 0; i < parts.Length; i++)
                    await socket.SendAsync(parts[i], WebSocketMessageType.Text, endOfMessage: i == parts.Length - 1, context.RequestAborted);
                return;
            default:
                throw new InvalidOperationException($"'{words[0]}' is no command.");
        }
    }
}
