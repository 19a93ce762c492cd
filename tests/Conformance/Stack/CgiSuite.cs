using System.Globalization;
using System.Net;
using System.Security.Cryptography;
using System.Text;
using Xunit;

namespace EventLoops.Tests.Conformance;

/// <summary>A mount of a CGI program: what it is told, what its output means, and how it ends.</summary>
public abstract class CgiSuite : LoopBench
{
    private readonly SiteFolder _folder;

    protected CgiSuite(LoopFactory factory)
        : base(factory) => _folder = Own(new SiteFolder());

    [Fact]
    public void A_program_is_told_its_request_by_variables()
    {
        LoopContext context = Serve("env | sort | sed 's/^/X /' > out; printf 'Content-Type: text/plain\\n\\n'; cat out", environment: ("OWN", "1"));
        RawPeer peer = Connect(context);
        peer.Send("GET /cgi/a%20b/c?x=%20&y HTTP/1.1\r\nHost: Example.com:80\r\nX-One: 1\r\nx-one: 2\r\nCookie: a=1\r\nCookie: b=2\r\n" +
            "Proxy: evil\r\nX_Two: 2\r\nAuthorization: Basic eA==\r\nConnection: keep-alive\r\n\r\n");
        string[] lines = HttpAnswer.Read(peer).Text.Split('\n');

        string port = ((IPEndPoint)EndPointOf(context)).Port.ToString(CultureInfo.InvariantCulture);
        foreach (string expected in new[]
        {
            "GATEWAY_INTERFACE=CGI/1.1", "SERVER_PROTOCOL=HTTP/1.1", "REQUEST_METHOD=GET", "SCRIPT_NAME=/cgi", "PATH_INFO=/a b/c", "QUERY_STRING=x=%20&y",
            "REQUEST_URI=/cgi/a%20b/c?x=%20&y", "SERVER_NAME=Example.com", "SERVER_PORT=" + port, "REMOTE_ADDR=127.0.0.1", "HTTP_HOST=Example.com:80",
            "HTTP_X_ONE=1, 2", "HTTP_COOKIE=a=1; b=2", "OWN=1", "SCRIPT_FILENAME=" + _folder["program"],
        })
        {
            Assert.Contains("X " + expected, lines, StringComparer.Ordinal);
        }

        foreach (string absent in new[] { "HTTP_PROXY", "HTTP_X_TWO", "HTTP_AUTHORIZATION", "HTTP_CONNECTION", "CONTENT_LENGTH", "DOTNET_", "HOME" })
            Assert.DoesNotContain(lines, line => line.StartsWith("X " + absent, StringComparison.Ordinal));
    }

    [Theory]
    [InlineData("Content-Type: text/plain", 200)]
    [InlineData("Status: 404 Not Found\\nContent-Type: text/plain", 404)]
    [InlineData("Status: 201\\r\\nContent-Type: text/plain\\r", 201)]
    public void The_head_of_the_output_is_the_head_of_the_answer(string head, int status)
    {
        LoopContext context = Serve($"printf '{head}\\nX-Own: yes\\nConnection: close\\n\\nbody'");
        HttpAnswer answer = Get(context);

        Assert.Equal((status, "text/plain", "yes", "body"), (answer.Status, answer["Content-Type"], answer["X-Own"], answer.Text));
        Assert.Null(answer["Connection"]);
    }

    [Fact]
    public void A_connection_is_kept_and_head_and_304_have_no_body()
    {
        LoopContext context = Serve("""
            case "$PATH_INFO" in
              /304) printf 'Status: 304\nETag: "a"\n\nbody' ;;
              *) printf 'Content-Type: text/plain\n\nbody' ;;
            esac
            """);
        RawPeer peer = Connect(context);
        peer.Send("HEAD /cgi HTTP/1.1\r\nHost: test\r\n\r\nGET /cgi/304 HTTP/1.1\r\nHost: test\r\n\r\nGET /cgi HTTP/1.1\r\nHost: test\r\n\r\n");

        Assert.Equal(200, HttpAnswer.Read(peer, hasBody: false).Status);
        HttpAnswer unchanged = HttpAnswer.Read(peer);
        Assert.Equal((304, "\"a\"", null), (unchanged.Status, unchanged["ETag"], unchanged["Content-Length"]));
        Assert.Equal("body", HttpAnswer.Read(peer).Text);
    }

    [Theory]
    [InlineData("Content-Length: 7\r\n\r\na\nb\nc\nd", "7")]
    [InlineData("Transfer-Encoding: chunked\r\n\r\n3\r\na\nb\r\n4\r\n\nc\nd\r\n0\r\n\r\n", "")]
    public void A_body_is_the_input_of_the_program_and_ends_with_it(string rest, string length)
    {
        LoopContext context = Serve("printf 'Content-Type: text/plain\\n\\n'; echo \"length $CONTENT_LENGTH type $CONTENT_TYPE\"; cat");
        RawPeer peer = Connect(context);
        peer.Send("POST /cgi HTTP/1.1\r\nHost: test\r\nContent-Type: text/x-test\r\n" + rest);

        Assert.Equal($"length {length} type text/x-test\na\nb\nc\nd", HttpAnswer.Read(peer).Text);
    }

    [Fact]
    public void A_type_is_told_without_a_body_as_well()
    {
        RawPeer peer = Connect(Serve("printf 'Content-Type: text/plain\\n\\n'; echo \"length ${CONTENT_LENGTH-none} type $CONTENT_TYPE\""));
        peer.Send("GET /cgi HTTP/1.1\r\nHost: test\r\nContent-Type: text/x-test\r\n\r\n");

        Assert.Equal("length none type text/x-test\n", HttpAnswer.Read(peer).Text);
    }

    [Fact]
    public void A_large_body_comes_back_whole_through_a_program_that_echoes_it()
    {
        byte[] body = new byte[10_000_000];
        new Random(1).NextBytes(body);
        LoopContext context = Serve("printf 'Content-Type: application/octet-stream\\n\\n'; exec cat");
        RawPeer peer = Connect(context, receiveBuffer: 64 * 1024);
        peer.Send($"POST /cgi HTTP/1.1\r\nHost: test\r\nContent-Length: {body.Length}\r\n\r\n");
        peer.Send(body);
        HttpAnswer answer = HttpAnswer.Read(peer);

        Assert.Equal(SHA256.HashData(body), SHA256.HashData(answer.Body));
    }

    [Fact]
    public void A_client_that_does_not_read_stops_the_program_and_not_the_server()
    {
        LoopContext context = Serve("printf 'Content-Type: application/octet-stream\\n\\n'; i=0; while [ $i -lt 100 ]; do head -c 100000 /dev/zero; i=$((i+1)); echo $i > \"$COUNT\"; done",
            environment: ("COUNT", _folder["count"]));
        RawPeer slow = Connect(context, receiveBuffer: 16 * 1024);
        slow.IsReading = false;
        slow.Send("GET /cgi HTTP/1.1\r\nHost: test\r\n\r\n");
        Harness.RunUntil(() => File.Exists(_folder["count"]));

        // The kernel holds some megabytes at most, and we a part of one; the program waits for the rest.
        Harness.RunUntil(() => Io.CountOf(SystemCall.Send) > 0);
        Harness.Settle();
        Assert.Equal(200, Get(context, "/other").Status);

        slow.IsReading = true;
        Assert.Equal(10_000_000, HttpAnswer.Read(slow).Body.Length);
    }

    [Fact]
    public void A_program_need_not_read_its_body_and_the_connection_goes_on()
    {
        LoopContext context = Serve("exec <&-; printf 'Content-Type: text/plain\\n\\nenough'");
        RawPeer peer = Connect(context);
        peer.Send("POST /cgi HTTP/1.1\r\nHost: test\r\nContent-Length: 1000000\r\n\r\n");
        peer.Send(new byte[1_000_000]);
        Assert.Equal("enough", HttpAnswer.Read(peer).Text);

        peer.Send("GET /cgi HTTP/1.1\r\nHost: test\r\n\r\n");
        Assert.Equal("enough", HttpAnswer.Read(peer).Text);
    }

    [Theory]
    [InlineData("Location: http://example.com/x\\n", 302, "http://example.com/x")]
    [InlineData("Status: 303 See Other\\nLocation: /cgi/x\\nContent-Type: text/plain\\n", 303, "/cgi/x")]
    [InlineData("Location: //example.com/x\\n", 302, "//example.com/x")]
    public void A_location_redirects_the_client(string head, int status, string location)
    {
        HttpAnswer answer = Get(Serve($"printf '{head}\\n'"));
        Assert.Equal((status, location), (answer.Status, answer["Location"]));
    }

    [Fact]
    public void A_location_that_begins_with_a_slash_is_answered_from_there()
    {
        _folder.Write("site/page.html", "the page");
        LoopContext context = Serve("""
            case "$PATH_INFO" in
              /second) printf 'Content-Type: text/plain\n\n%s %s %s' "$REQUEST_METHOD" "$QUERY_STRING" "$CONTENT_LENGTH" ;;
              /loop) printf 'Location: /cgi/loop\n\n' ;;
              /page) printf 'Location: /site/page.html\n\n' ;;
              /none) printf 'Location: /none\n\n' ;;
              /above) printf 'Location: /../x\n\n' ;;
              *) cat > /dev/null; printf 'Location: /cgi/second?from=first\n\n' ;;
            esac
            """);
        RawPeer peer = Connect(context);
        peer.Send("POST /cgi HTTP/1.1\r\nHost: test\r\nContent-Length: 3\r\n\r\nabc");

        Assert.Equal("GET from=first ", HttpAnswer.Read(peer).Text);
        Assert.Equal("the page", Get(peer, "/cgi/page").Text);
        Assert.Equal(404, Get(peer, "/cgi/none").Status);
        Assert.Equal(502, Get(peer, "/cgi/loop").Status);
        Assert.Equal(502, Get(peer, "/cgi/above").Status);
        Assert.Equal("the page", Get(peer, "/cgi/page").Text);
    }

    [Fact]
    public void A_location_may_lead_to_another_server_which_does_not_get_what_was_sent_to_the_program()
    {
        RawListener origin = Listen();
        LoopContext context = Serve(new VirtualHostOptions
        {
            Endpoints = [new IPEndPoint(IPAddress.Loopback, 0)],
            Protocols = [NewProtocol("zero")],
            Mounts =
            [
                new() { MountPoint = "/cgi", Origin = MountOrigin.Cgi(_folder.WriteScript("program", "printf 'Location: /app/a%%20b?x\n\n'")) },
                new() { MountPoint = "/app", Origin = Address("http://test").Scheme == "http" ? MountOrigin.Http(origin.EndPoint.ToString()!) : MountOrigin.Https(origin.EndPoint.ToString()!) },
            ],
        });
        RawPeer peer = Connect(context);
        peer.Send("POST /cgi HTTP/1.1\r\nHost: test\r\nContent-Length: 1000000\r\n\r\n");
        RawPeer server = origin.Accept();
        string head = server.ReadHead();
        Assert.StartsWith("GET /a%20b?x HTTP/1.1\r\n", head, StringComparison.Ordinal);
        Assert.DoesNotContain("Content-Length", head, StringComparison.Ordinal);
        peer.Send(new byte[1_000_000]);
        peer.WaitUntil(() => peer.HasSentAll);
        server.Send("HTTP/1.1 200 OK\r\nContent-Length: 4\r\n\r\nbody");

        Assert.Equal("body", HttpAnswer.Read(peer).Text);
        Assert.True(server.Received.IsEmpty);
        Assert.Equal(404, Get(peer, "/nowhere").Status);
    }

    [Fact]
    public void A_client_that_asks_first_sends_its_body_once_the_program_runs()
    {
        RawPeer peer = Connect(Serve("printf 'Content-Type: text/plain\\n\\n'; exec cat"));
        peer.Send("POST /cgi HTTP/1.1\r\nHost: test\r\nContent-Length: 5\r\nExpect: 100-continue\r\n\r\n");
        Assert.Equal("HTTP/1.1 100 Continue\r\n\r\n", peer.ReadHead());
        peer.Send("hello");

        Assert.Equal("hello", HttpAnswer.Read(peer).Text);
    }

    [Fact]
    public void A_user_who_has_come_in_is_known_to_the_program_and_a_redirect_inside_leads_no_stranger_in()
    {
        BasicAuthentication users = new("Members", (user, password) => password.SequenceEqual("secret"u8));
        string script = _folder.WriteScript("program", """
            case "$SCRIPT_NAME" in
              /open) printf 'Location: /members/x\n\n' ;;
              *) printf 'Content-Type: text/plain\n\n%s %s' "$AUTH_TYPE" "$REMOTE_USER" ;;
            esac
            """);
        LoopContext context = Serve(new VirtualHostOptions
        {
            Endpoints = [new IPEndPoint(IPAddress.Loopback, 0)],
            Protocols = [NewProtocol("zero")],
            Mounts =
            [
                new() { MountPoint = "/open", Origin = MountOrigin.Cgi(script) },
                new() { MountPoint = "/members", Origin = MountOrigin.Cgi(script), Authentication = users },
            ],
        });
        RawPeer peer = Connect(context);

        Assert.Equal(401, Get(peer, "/members").Status);
        Assert.Equal(401, Get(peer, "/open").Status);
        foreach (string path in new[] { "/members", "/open" })
        {
            peer.Send($"GET {path} HTTP/1.1\r\nHost: test\r\nAuthorization: Basic YW5uOnNlY3JldA==\r\n\r\n");
            Assert.Equal("Basic ann", HttpAnswer.Read(peer).Text);
        }
    }

    private LoopContext Serve(string script, params (string Name, string Value)[] environment) =>
        Serve(script, TimeSpan.FromSeconds(60), environment);

    private LoopContext Serve(string script, TimeSpan timeout, params (string Name, string Value)[] environment)
    {
        Directory.CreateDirectory(_folder["site"]);
        return Serve(new VirtualHostOptions
        {
            Endpoints = [new IPEndPoint(IPAddress.Loopback, 0)],
            Protocols = [NewProtocol("zero").On(CallbackReason.Http, (connection, ref _, in data) =>
            {
                connection.Respond(data.In.SequenceEqual("/other"u8) ? 200 : 404, "text/plain", default);
                return CallbackResult.Continue;
            })],
            Mounts =
            [
                new()
                {
                    MountPoint = "/cgi",
                    Origin = MountOrigin.Cgi(_folder.WriteScript("program", script)),
                    CgiTimeout = timeout,
                    CgiEnvironment = environment.ToDictionary(pair => pair.Name, pair => pair.Value, StringComparer.Ordinal),
                },
                new() { MountPoint = "/site", Origin = MountOrigin.Files(_folder["site"]) },
            ],
        });
    }

    private HttpAnswer Get(LoopContext context, string path = "/cgi") => Get(Connect(context), path);

    private static HttpAnswer Get(RawPeer peer, string path)
    {
        peer.Send($"GET {path} HTTP/1.1\r\nHost: test\r\n\r\n");
        return HttpAnswer.Read(peer);
    }
}
