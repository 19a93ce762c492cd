using System.Net;
using System.Net.WebSockets;
using EventLoops.Hosting;
using Microsoft.Extensions.Configuration;
using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.Diagnostics.HealthChecks;
using Microsoft.Extensions.Hosting;
using Microsoft.Extensions.Logging;
using Microsoft.Extensions.Options;
using Xunit;

namespace EventLoops.Tests.Hosting;

/// <summary>A loop in an application of Microsoft.Extensions.Hosting, with the real host around it.</summary>
public sealed class LoopServiceTests
{
    private static readonly Dictionary<string, string?> s_settings = new(StringComparer.Ordinal)
    {
        ["EventLoops:Loop"] = "epoll",
        ["EventLoops:VirtualHosts:0:Endpoints:0"] = "127.0.0.1:0",
        ["EventLoops:VirtualHosts:0:Origin"] = "Any",
        ["EventLoops:MaxMessageSize"] = "1000",
    };

    [Fact]
    public async Task A_protocol_from_the_services_is_served_and_the_end_of_the_application_is_told_to_its_clients()
    {
        using IHost host = Build(s_settings);
        await host.StartAsync(Late());
        LoopService loop = host.Services.GetRequiredService<LoopService>();
        IPEndPoint endPoint = Assert.IsType<IPEndPoint>(Assert.Single(loop.EndPoints));
        using ClientWebSocket client = new();
        await client.ConnectAsync(new Uri($"ws://{endPoint}/"), Late());
        await client.SendAsync("hello"u8.ToArray(), WebSocketMessageType.Text, endOfMessage: true, Late());
        byte[] buffer = new byte[64];
        WebSocketReceiveResult answer = await client.ReceiveAsync(buffer, Late());
        Assert.Equal("services say hello"u8, buffer.AsSpan(0, answer.Count));

        Task stopped = host.StopAsync(Late());

        Assert.Equal(WebSocketCloseStatus.EndpointUnavailable, (await client.ReceiveAsync(buffer, Late())).CloseStatus);
        await client.CloseOutputAsync(WebSocketCloseStatus.EndpointUnavailable, null, Late());
        await stopped;
        Assert.False(loop.IsRunning);
        Assert.False(loop.Post(_ => { }));
    }

    [Fact]
    public async Task Limits_of_the_configuration_are_in_force()
    {
        using IHost host = Build(s_settings);
        await host.StartAsync(Late());
        using ClientWebSocket client = new();
        await client.ConnectAsync(new Uri($"ws://{host.Services.GetRequiredService<LoopService>().EndPoints[0]}/"), Late());

        await client.SendAsync(new byte[1001], WebSocketMessageType.Binary, endOfMessage: true, Late());

        Assert.Equal(WebSocketCloseStatus.MessageTooBig, (await client.ReceiveAsync(new byte[64], Late())).CloseStatus);
        await host.StopAsync(Late());
    }

    [Theory]
    [InlineData("Loop", "spiral", "Loop: 'spiral' is none of auto, epoll, io_uring, libev, libuv, poll.")]
    [InlineData("MaxMessageSize", "124", "MaxMessageSize: 124 is less than 125.")]
    [InlineData("MaxConnections", "0", "MaxConnections: 0 is less than 1.")]
    [InlineData("ServiceThreadCount", "33", "ServiceThreadCount: 33 is not between 1 and 32.")]
    [InlineData("ShutdownGrace", "00:00:00", "ShutdownGrace: 00:00:00 is no time.")]
    [InlineData("PingAfter", "00:00:00", "PingAfter: 00:00:00 is no time.")]
    [InlineData("StallThreshold", "-00:00:01", "StallThreshold: -00:00:01 is no time.")]
    [InlineData("BusyPoll", "00:00:01", "BusyPoll: 00:00:01 is not between 0 and 00:00:00.1000000.")]
    [InlineData("VirtualHosts:0:Endpoints:0", "127.0.0.1", "VirtualHosts:0:Endpoints:0: '127.0.0.1' is no address with a port and no unix:PATH.")]
    [InlineData("VirtualHosts:0:Endpoints:0", "localhost:80", "VirtualHosts:0:Endpoints:0: 'localhost:80' is no address with a port and no unix:PATH.")]
    [InlineData("VirtualHosts:0:Protocols:0", "shout", "VirtualHosts:0:Protocols:0: there is no protocol 'shout' among the services (greet).")]
    [InlineData("VirtualHosts:0:DefaultProtocol", "shout", "VirtualHosts:0:DefaultProtocol: there is no protocol 'shout' among the services (greet).")]
    [InlineData("VirtualHosts:0:ProxyNetworks:0", "10.0.0.0/33", "VirtualHosts:0:ProxyNetworks:0: '10.0.0.0/33' is no network.")]
    [InlineData("VirtualHosts:0:Folders:/", "/no/such/folder", "VirtualHosts:0:Folders:/: '/no/such/folder' is no folder below a path that begins with a slash.")]
    public async Task An_option_that_is_wrong_keeps_the_application_from_starting_and_is_named(string member, string value, string sentence)
    {
        using IHost host = Build(new Dictionary<string, string?>(s_settings, StringComparer.Ordinal) { ["EventLoops:" + member] = value });

        OptionsValidationException wrong = await Assert.ThrowsAsync<OptionsValidationException>(() => host.StartAsync(Late()));

        Assert.Equal([sentence], wrong.Failures, StringComparer.Ordinal);
    }

    [Fact]
    public async Task A_port_that_is_in_use_keeps_the_application_from_starting()
    {
        using System.Net.Sockets.Socket taken = new(System.Net.Sockets.AddressFamily.InterNetwork, System.Net.Sockets.SocketType.Stream, System.Net.Sockets.ProtocolType.Tcp);
        taken.Bind(new IPEndPoint(IPAddress.Loopback, 0));
        taken.Listen();
        using IHost host = Build(new Dictionary<string, string?>(s_settings, StringComparer.Ordinal) { ["EventLoops:VirtualHosts:0:Endpoints:0"] = $"{taken.LocalEndPoint}" });

        LoopFaultException refused = await Assert.ThrowsAsync<LoopFaultException>(() => host.StartAsync(Late()));

        Assert.Equal(Errno.EADDRINUSE, refused.Errno);
    }

    [Fact]
    public async Task A_loop_that_turns_is_healthy_and_one_that_is_stuck_or_gone_is_not()
    {
        // The loop may come to wait for it after it was set.
        using ManualResetEventSlim blocked = new();
        using IHost host = Build(new Dictionary<string, string?>(s_settings, StringComparer.Ordinal) { ["EventLoops:HealthTimeout"] = "00:00:00.050" });
        HealthCheckService health = host.Services.GetRequiredService<HealthCheckService>();
        Assert.Equal(HealthStatus.Unhealthy, (await health.CheckHealthAsync(Late())).Status);
        await host.StartAsync(Late());

        // A machine that is busy may be late once.
        HealthReport report;
        for (Deadline deadline = new(); (report = await health.CheckHealthAsync(Late())).Status != HealthStatus.Healthy; deadline.Check())
        {
        }

        Assert.Equal("epoll", report.Entries["eventloops"].Data["loop"]);
        host.Services.GetRequiredService<LoopService>().Post(_ => blocked.Wait());
        report = await health.CheckHealthAsync(Late());
        blocked.Set();

        Assert.Equal(HealthStatus.Unhealthy, report.Status);
        Assert.Equal("The loop has given no sign of life for 0.05 s.", report.Entries["eventloops"].Description);
        await host.StopAsync(Late());
        Assert.Equal("The loop does not run.", (await health.CheckHealthAsync(Late())).Entries["eventloops"].Description);
    }

    [Fact]
    public async Task An_answer_that_is_under_way_is_finished_when_the_application_stops()
    {
        Connection? asked = null;
        using IHost host = Build(s_settings, builder => builder.AddVirtualHost(_ => new VirtualHostOptions
        {
            Name = "slow",
            Endpoints = [new IPEndPoint(IPAddress.Loopback, 0)],
            Protocols = [new SlowProtocol(connection => Volatile.Write(ref asked, connection))],
        }));
        await host.StartAsync(Late());
        LoopService loop = host.Services.GetRequiredService<LoopService>();
        using HttpClient client = new();
        Task<string> answer = client.GetStringAsync(new Uri($"http://{loop.EndPoints[1]}/"), Late());
        for (Deadline deadline = new(); Volatile.Read(ref asked) is null; deadline.Check()) await Task.Yield();

        Task stopped = host.StopAsync(Late());
        for (Deadline deadline = new(); !answer.IsCompleted && loop.Post(context => Answer(context, asked!)); deadline.Check()) await Task.Yield();

        Assert.Equal("at last", await answer);
        await stopped;
    }

    [Fact]
    public async Task Several_threads_serve_when_they_are_asked_for()
    {
        using IHost host = Build(new Dictionary<string, string?>(s_settings, StringComparer.Ordinal) { ["EventLoops:ServiceThreadCount"] = "3" });
        await host.StartAsync(Late());
        TaskCompletionSource<int> count = new();
        Assert.True(host.Services.GetRequiredService<LoopService>().Post(context => count.SetResult(context.Threads.Count)));

        Assert.Equal(3, await count.Task.WaitAsync(Late()));
        await host.StopAsync(Late());
    }

    [Fact]
    public async Task Virtual_hosts_of_code_are_served_beside_those_of_the_configuration()
    {
        using IHost host = Build(s_settings, builder => builder.AddVirtualHost(services => new VirtualHostOptions
        {
            Name = "second",
            Endpoints = [new IPEndPoint(IPAddress.Loopback, 0)],
            Protocols = [.. services.GetServices<Protocol>()],
        }));
        await host.StartAsync(Late());

        Assert.Equal(2, host.Services.GetRequiredService<LoopService>().EndPoints.Count);
        await host.StopAsync(Late());
    }

    [Fact]
    public async Task A_callback_that_disposes_the_context_ends_the_application()
    {
        using IHost host = Build(s_settings);
        await host.StartAsync(Late());

        host.Services.GetRequiredService<LoopService>().Post(context => context.Dispose());

        await host.WaitForShutdownAsync(Late());
    }

    private static IHost Build(Dictionary<string, string?> settings, Action<EventLoopsBuilder>? more = null)
    {
        HostApplicationBuilder application = Host.CreateEmptyApplicationBuilder(new HostApplicationBuilderSettings());
        application.Configuration.AddInMemoryCollection(settings);
        application.Logging.ClearProviders();
        application.Services.AddSingleton(new Greeting("services say "));
        EventLoopsBuilder builder = application.Services
            .AddEventLoops(application.Configuration.GetSection(EventLoopsOptions.SectionName))
            .AddProtocol<GreetingProtocol>();
        more?.Invoke(builder);
        application.Services.AddHealthChecks().AddEventLoops();
        return application.Build();
    }

    private static CancellationToken Late() => new CancellationTokenSource(TimeSpan.FromSeconds(60)).Token;

    /// <summary>Answers once the end has begun.</summary>
    private static void Answer(LoopContext context, Connection asked)
    {
        if (context.IsShuttingDown && asked.State == ConnectionState.Responding) asked.Respond(200, "text/plain", "at last"u8);
    }

    private sealed class SlowProtocol(Action<Connection> asked) : Protocol<NoSession>("slow")
    {
        protected override CallbackResult OnHttp(Connection connection, ref NoSession session, ReadOnlySpan<byte> path)
        {
            asked(connection);
            return CallbackResult.Continue;
        }
    }

    private sealed record Greeting(string Text);

    /// <summary>Echoes behind words that it has from the services.</summary>
    private sealed class GreetingProtocol(Greeting greeting) : Protocol<NoSession>("greet")
    {
        protected override CallbackResult OnReceive(Connection connection, ref NoSession session, ReadOnlySpan<byte> part, in MessageInfo info)
        {
            connection.TrySend([.. System.Text.Encoding.UTF8.GetBytes(greeting.Text), .. part], MessageKind.Text);
            return CallbackResult.Continue;
        }
    }
}
