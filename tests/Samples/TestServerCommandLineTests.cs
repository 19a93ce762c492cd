using System.Net;
using System.Net.Sockets;
using System.Text.RegularExpressions;
using Xunit;

namespace EventLoops.Tests.Samples;

/// <summary>How the test server is started, what it says, and how it ends.</summary>
public sealed class TestServerCommandLineTests
{
    public static MatrixTheoryData<string, bool> LoopsAndSignals => new(TestServers.Loops, [true, false]);

    [Theory]
    [MemberData(nameof(LoopsAndSignals))]
    public async Task A_signal_ends_it_cleanly_and_its_connections_are_told(string loop, bool terminate)
    {
        await using SampleProcess server = TestServers.Start("--loop", loop);
        using WebSocketClient client = await WebSocketClient.ConnectAsync(await server.WaitForAddressAsync(loop), "lws-mirror-protocol");

        if (terminate) server.Terminate();
        else server.Interrupt();

        Assert.Equal(1001, (await client.ReceiveCloseAsync()).Code);
        await client.AnswerCloseAsync();
        Assert.Equal(0, await server.WaitForExitAsync());
    }

    [Fact]
    public async Task The_ready_line_is_all_that_it_prints_when_nothing_is_wrong()
    {
        await using SampleProcess server = TestServers.Start("--log-level", "err");
        Uri address = await server.WaitForAddressAsync();

        Assert.NotEqual(0, address.Port);
        Assert.Equal($"listening on {address.ToString().TrimEnd('/')} (loop: poll)\n", server.Output);
    }

    [Fact]
    public async Task It_listens_on_the_address_that_it_is_given()
    {
        await using SampleProcess server = TestServers.Start("--host", "127.0.0.2");
        Uri address = await server.WaitForAddressAsync();
        using HttpClient http = new();

        Assert.Equal("127.0.0.2", address.Host);
        Assert.Equal("Hello, World!", await http.GetStringAsync(new Uri(address, "/plaintext")));
    }

    [Fact]
    public async Task A_port_that_is_taken_is_a_failure_in_a_sentence()
    {
        using TcpListener taken = new(IPAddress.Loopback, 0);
        taken.Start();
        int port = ((IPEndPoint)taken.LocalEndpoint).Port;
        await using SampleProcess server = SampleProcess.Start("TestServer", "--port", $"{port}");

        Assert.Equal(1, await server.WaitForExitAsync());
        Assert.Contains($"127.0.0.1:{port}", server.Output, StringComparison.Ordinal);
        Assert.Contains("EADDRINUSE", server.Output, StringComparison.Ordinal);
        Assert.Single(server.Output.TrimEnd('\n').Split('\n'));
    }

    [Theory]
    [InlineData("--port 70000", "--port takes a number from 0 to 65535, not '70000'.")]
    [InlineData("--port -1", "--port takes a number from 0 to 65535, not '-1'.")]
    [InlineData("--host localhost.", "--host takes an IP address, not 'localhost.'.")]
    [InlineData("--root /no/such/folder", "--root takes a folder that exists, not '/no/such/folder'.")]
    [InlineData("--origin some", "--origin takes one of the policies (same, any), not 'some'.")]
    [InlineData("--log-level loud", "--log-level takes levels or the sum of their numbers (1 err, 2 warn, 4 notice, 8 info, 16 debug), not 'loud'.")]
    [InlineData("-d err,loud", "--log-level takes levels or the sum of their numbers (1 err, 2 warn, 4 notice, 8 info, 16 debug), not 'err,loud'.")]
    [InlineData("-d 32", "--log-level takes levels or the sum of their numbers (1 err, 2 warn, 4 notice, 8 info, 16 debug), not '32'.")]
    [InlineData("--busy-poll 100001", "--busy-poll takes a number from 0 to 100000, not '100001'.")]
    [InlineData("--busy-poll -1", "--busy-poll takes a number from 0 to 100000, not '-1'.")]
    [InlineData("--loop external --busy-poll 50", "--busy-poll needs loops that the library makes: not --foreign, and not --loop external.")]
    [InlineData("--loop libuv --foreign --busy-poll 50", "--busy-poll needs loops that the library makes: not --foreign, and not --loop external.")]
    [InlineData("--max-message 124", "--max-message takes a number of bytes, at least 125, not '124'.")]
    [InlineData("--access-log /no/such/folder/log", "--access-log takes a file in a folder that exists, not '/no/such/folder/log'.")]
    [InlineData("--lock-file /no/such/folder/lock", "--lock-file takes a file in a folder that exists, not '/no/such/folder/lock'.")]
    [InlineData("--foreign", "--foreign needs a loop that another library brings: --loop libuv or libev.")]
    [InlineData("--loop epoll --foreign", "--foreign needs a loop that another library brings: --loop libuv or libev.")]
    [InlineData("--cert /no/such/file", "--cert takes a file that is there, not '/no/such/file'.")]
    [InlineData("--key /etc/hostname", "--key belongs to a certificate: --cert names it.")]
    [InlineData("--cert /etc/hostname --self-signed", "--cert and --self-signed are two certificates, so one of the two is too much.")]
    [InlineData("--redirect-http", "--redirect-http is about TLS, which needs --cert or --self-signed.")]
    [InlineData("--self-signed --ca /etc/hostname", "--ca and --verify-client belong together: whose certificates are good, and who has to show one.")]
    [InlineData("--self-signed --tls-min 1.1", "--tls-min takes a version of TLS (1.2, 1.3), not '1.1'.")]
    [InlineData("--self-signed --ciphers NONSENSE", "Tls.CipherList: 'NONSENSE' is not taken: no cipher match.")]
    [InlineData("--cert /etc/hostname", "Tls.Certificates[0]: there is no certificate in PEM in '/etc/hostname': one begins with -----BEGIN CERTIFICATE-----.")]
    [InlineData("--colour", "Unrecognized command or argument '--colour'.")]
    public async Task A_wrong_argument_is_answered_with_a_sentence(string arguments, string sentence)
    {
        await using SampleProcess server = SampleProcess.Start("TestServer", arguments.Split(' '));

        Assert.Equal(2, await server.WaitForExitAsync());
        Assert.Equal(sentence + "\n", server.Output);
    }

    [Theory]
    [InlineData("notice", true, false)]
    [InlineData("info", true, true)]
    [InlineData("12", true, true)]
    [InlineData("err,info", false, true)]
    [InlineData("0", false, false)]
    public async Task The_levels_that_are_asked_for_are_logged_and_no_others(string levels, bool notices, bool infos)
    {
        await using SampleProcess server = TestServers.Start("-d", levels);
        Uri address = await server.WaitForAddressAsync();
        using (RawPeer peer = RawPeer.Connect(IPEndPoint.Parse(address.Authority)))
        {
            peer.Send("GET / HTTP/1.0\r\nHost : a\r\n\r\n");
            Assert.StartsWith("HTTP/1.1 400 ", peer.ReadHead(), StringComparison.Ordinal);
        }

        server.Terminate();
        Assert.Equal(0, await server.WaitForExitAsync());
        Assert.Equal(notices, Regex.IsMatch(server.Output, @"^\[\d{4}/\d\d/\d\d \d\d:\d\d:\d\d:\d{4}\] NOTICE: default listens on ", RegexOptions.Multiline));
        Assert.Equal(infos, Regex.IsMatch(server.Output, @"\] INFO: Connection 1: refused with 400: A blank stands before the colon", RegexOptions.Multiline));
    }

    [Fact]
    public async Task Syslog_gets_the_lines_under_the_name_of_the_server_and_its_number()
    {
        await using SampleProcess server = TestServers.Start("--syslog");
        await server.WaitForAddressAsync();

        server.Terminate();

        Assert.Equal(0, await server.WaitForExitAsync());
        Assert.Matches(@"(?m)^TestServer\[\d+\]: default listens on ", server.Output);
    }

    [Fact]
    public async Task A_loop_that_is_not_there_is_answered_with_those_that_are()
    {
        await using SampleProcess server = SampleProcess.Start("TestServer", "--loop", "spiral");

        Assert.Equal(2, await server.WaitForExitAsync());
        Assert.Matches(@"^--loop takes a loop that this build has \((?<names>[a-z_, ]+)\), not 'spiral'\.\n$", server.Output);
        foreach (string loop in TestServers.Loops) Assert.Matches($@"\b{loop}\b", server.Output);
    }

    [Theory]
    [InlineData("--loop libev")]
    [InlineData("--loop libev --foreign")]
    public async Task A_loop_whose_library_is_missing_is_answered_with_a_sentence_that_names_the_package(string arguments)
    {
        string[] all = ["--port", "0", .. arguments.Split(' ')];
        await using SampleProcess server = SampleProcess.StartWith("EVENTLOOPS_LIBEV=/nowhere/libev.so", "TestServer", all);

        Assert.Equal(2, await server.WaitForExitAsync());
        Assert.Equal("The libev loop needs libev 4, which was not found here (tried /nowhere/libev.so): apt-get install libev4.\n", server.Output);
    }

    [Fact]
    public async Task On_io_uring_it_serves_or_says_why_the_kernel_does_not_let_it()
    {
        await using SampleProcess server = TestServers.Start("--loop", TestServers.IoUring);
        if (TestServers.WhyNoIoUring is null)
        {
            Assert.NotEqual(0, (await server.WaitForAddressAsync(TestServers.IoUring)).Port);
            return;
        }

        Assert.Equal(2, await server.WaitForExitAsync());
        Assert.Equal(TestServers.WhyNoIoUring + "\n", server.Output);
    }

    [Fact]
    public async Task With_completion_it_serves_or_says_what_the_kernel_lacks()
    {
        await using SampleProcess server = TestServers.Start("--loop", TestServers.IoUring, "--completion");
        if (TestServers.WhyNoCompletion is null)
        {
            Uri address = await server.WaitForAddressAsync(TestServers.IoUring);
            using HttpClient client = new();
            Assert.Contains("<html", await client.GetStringAsync(address, TestContext.Current.CancellationToken), StringComparison.Ordinal);
            return;
        }

        Assert.Equal(2, await server.WaitForExitAsync());
        Assert.Equal(TestServers.WhyNoCompletion + "\n", server.Output);
    }

    [Theory]
    [InlineData("--completion")]
    [InlineData("--completion --loop epoll")]
    [InlineData("--completion --loop external")]
    public async Task Completion_is_for_io_uring_only(string arguments)
    {
        await using SampleProcess server = SampleProcess.Start("TestServer", arguments.Split(' '));

        Assert.Equal(2, await server.WaitForExitAsync());
        Assert.StartsWith("--completion needs --loop io_uring.\n", server.Output, StringComparison.Ordinal);
    }

    [Theory]
    [InlineData("--loop libuv")]
    [InlineData("--loop libuv --foreign")]
    public async Task Without_libuv_a_sentence_names_its_package(string arguments)
    {
        await using SampleProcess server = SampleProcess.StartWith("EVENTLOOPS_LIBUV=/nowhere/libuv.so", "TestServer", ["--port", "0", .. arguments.Split(' ')]);

        Assert.Equal(2, await server.WaitForExitAsync());
        Assert.Equal(
            "The libuv loop cannot load '/nowhere/libuv.so', which EVENTLOOPS_LIBUV names; without that variable it takes the system's own library: apt-get install libuv1.\n",
            server.Output);
    }

    [Fact]
    public async Task The_help_names_every_option()
    {
        await using SampleProcess server = SampleProcess.Start("TestServer", "--help");

        Assert.Equal(0, await server.WaitForExitAsync());
        string[] options = ["--port", "--host", "--loop <poll|", "--completion", "--foreign", "--busy-poll <MICROSECONDS>", "--root", "--mount <POINT=ORIGIN>", "--config <FILE>", "--origin <same|any>", "--log-level", "--syslog", "--access-log <FILE>", "--max-message", "--deflate",
            "--daemonize", "--lock-file <FILE>", "--user <NAME>", "--group <NAME>"];
        foreach (string option in options)
            Assert.Contains(option, server.Output, StringComparison.Ordinal);
    }

    [Fact]
    public async Task A_message_above_the_limit_closes_its_connection()
    {
        await using SampleProcess server = TestServers.Start("--max-message", "1000");
        using WebSocketClient client = await WebSocketClient.ConnectAsync(await server.WaitForAddressAsync(), "echo");
        await client.SendAsync(new string('x', 1000));
        Assert.Equal(1000, (await client.ReceiveTextAsync()).Length);

        await client.SendAsync(new string('x', 1001));
        Assert.Equal(1009, (await client.ReceiveCloseAsync()).Code);
    }

    [Theory]
    [InlineData("same", "HTTP/1.1 403 ")]
    [InlineData("any", "HTTP/1.1 101 ")]
    public async Task A_page_of_another_site_opens_a_WebSocket_only_where_any_may(string policy, string status)
    {
        await using SampleProcess server = TestServers.Start("--origin", policy);
        using RawPeer peer = RawPeer.Connect(IPEndPoint.Parse((await server.WaitForAddressAsync()).Authority));
        peer.RequestUpgrade(fields: "Origin: http://elsewhere.example\r\n");

        Assert.StartsWith(status, peer.ReadHead(), StringComparison.Ordinal);
    }
}
