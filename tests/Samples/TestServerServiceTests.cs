using System.Globalization;
using System.Net;
using System.Net.Sockets;
using System.Text;
using Xunit;

namespace EventLoops.Tests.Samples;

/// <summary>The test server under a service manager: sockets that it was given, and word that it sends.</summary>
public sealed class TestServerServiceTests : IDisposable
{
    private readonly DirectoryInfo _folder = Directory.CreateTempSubdirectory("service-");

    public void Dispose() => _folder.Delete(recursive: true);

    [Fact]
    public async Task A_socket_that_was_bound_for_it_is_where_it_serves()
    {
        string path = Path.Combine(_folder.FullName, "passed.sock");
        await using SampleProcess manager = SampleProcess.StartTool(
            "systemd-socket-activate", "--fdname=web", "-l", path, "dotnet", SampleProcess.PathOf("TestServer"), "-d", "notice");
        for (Deadline deadline = new(); !File.Exists(path); deadline.Check()) Thread.Yield();

        using Socket socket = new(AddressFamily.Unix, SocketType.Stream, ProtocolType.Unspecified) { ReceiveTimeout = 60_000 };
        Connect(socket, path);
        socket.Send("GET /plaintext HTTP/1.1\r\nHost: a\r\nConnection: close\r\n\r\n"u8);
        byte[] answer = new byte[4096];
        Assert.StartsWith("HTTP/1.1 200 OK\r\n", Encoding.ASCII.GetString(answer, 0, socket.Receive(answer)), StringComparison.Ordinal);

        manager.Terminate();
        Assert.Equal(0, await manager.WaitForExitAsync());
        Assert.DoesNotContain("127.0.0.1", manager.Output, StringComparison.Ordinal);
    }

    [Fact]
    public async Task The_service_manager_hears_when_it_is_ready_that_it_lives_and_that_it_ends()
    {
        string path = Path.Combine(_folder.FullName, "notify.sock");
        using Socket manager = new(AddressFamily.Unix, SocketType.Dgram, ProtocolType.Unspecified) { ReceiveTimeout = 60_000 };

        // Twice a second: a socket whose reader is late holds ten words at least (unix(7)), and what is beyond them is lost.
        manager.Bind(new UnixDomainSocketEndPoint(path));
        await using SampleProcess server = SampleProcess.StartTool(
            "env", $"NOTIFY_SOCKET={path}", "WATCHDOG_USEC=1000000", "dotnet", SampleProcess.PathOf("TestServer"), "--port", "0");

        Assert.Equal("READY=1", Receive(manager));
        Assert.Equal("WATCHDOG=1", Receive(manager));
        Assert.Equal("WATCHDOG=1", Receive(manager));

        server.Terminate();
        string word;
        do
            word = Receive(manager);
        while (word == "WATCHDOG=1");
        Assert.Equal("STOPPING=1", word);
        Assert.Equal(0, await server.WaitForExitAsync());
    }

    [Theory]
    [InlineData("LISTEN_PID=1")]
    [InlineData("LISTEN_PID=")]
    public async Task Sockets_that_were_passed_to_another_process_are_left_alone(string meant)
    {
        await using SampleProcess server = SampleProcess.StartTool("env", "LISTEN_FDS=1", meant, "dotnet", SampleProcess.PathOf("TestServer"), "--port", "0");

        Assert.Equal("127.0.0.1", (await server.WaitForAddressAsync()).Host);
    }

    [Fact]
    public async Task Its_access_log_is_opened_anew_by_a_hang_up()
    {
        string log = Path.Combine(_folder.FullName, "access.log");
        await using SampleProcess server = TestServers.Start("--access-log", log);
        Uri address = await server.WaitForAddressAsync();
        using HttpClient client = new();
        await client.GetStringAsync(new Uri(address, "/plaintext?first"));
        for (Deadline deadline = new(); !File.ReadAllText(log).Contains("/plaintext?first HTTP/1.1\" 200 ", StringComparison.Ordinal); deadline.Check()) await Task.Yield();
        File.Move(log, log + ".1");

        server.HangUp();
        for (Deadline deadline = new(); !File.Exists(log); deadline.Check()) await Task.Yield();
        await client.GetStringAsync(new Uri(address, "/plaintext?second"));

        for (Deadline deadline = new(); !File.ReadAllText(log).Contains("/plaintext?second", StringComparison.Ordinal); deadline.Check()) await Task.Yield();
        Assert.DoesNotContain("second", await File.ReadAllTextAsync(log + ".1"), StringComparison.Ordinal);
    }

    [Theory]
    [InlineData("poll")]
    [InlineData("epoll")]
    public async Task O16_a_server_that_was_stopped_goes_on_with_whom_it_had_and_with_who_came_meanwhile(string loop)
    {
        await using SampleProcess server = TestServers.Start("--loop", loop);
        Uri address = await server.WaitForAddressAsync(loop);
        using WebSocketClient client = await WebSocketClient.ConnectAsync(address, "echo");
        await client.SendAsync("before");
        Assert.Equal("before", await client.ReceiveTextAsync());

        server.Suspend();
        await client.SendAsync("meanwhile");
        using RawPeer arrival = RawPeer.Connect(IPEndPoint.Parse(address.Authority));
        arrival.Send("GET /plaintext HTTP/1.1\r\nHost: a\r\n\r\n");
        server.Continue();

        Assert.Equal("meanwhile", await client.ReceiveTextAsync());
        Assert.StartsWith("HTTP/1.1 200 ", arrival.ReadHead(), StringComparison.Ordinal);
        await client.CloseAsync();
    }

    private static void Connect(Socket socket, string path)
    {
        // The file is there a moment before somebody listens.
        for (Deadline deadline = new(); ; deadline.Check())
        {
            try
            {
                socket.Connect(new UnixDomainSocketEndPoint(path));
                return;
            }
            catch (SocketException refused) when (refused.SocketErrorCode == SocketError.ConnectionRefused)
            {
                Thread.Yield();
            }
        }
    }

    private static string Receive(Socket socket)
    {
        byte[] word = new byte[1024];
        return Encoding.UTF8.GetString(word, 0, socket.Receive(word));
    }
}
