using System.Globalization;
using Microsoft.Extensions.Logging;
using Xunit;

namespace EventLoops.Tests.Reliability;

/// <summary>What can go wrong with a CGI program: it is slow, it lies, it dies, it does not end, or its client goes. No process is ever left behind.</summary>
public abstract class CgiRows : ReliabilityRows
{
    private readonly SiteFolder _folder;

    protected CgiRows(LoopFactory factory)
        : base(factory) => _folder = Keep(new SiteFolder());

    [Theory]
    [InlineData("exit 3", "ended without an answer", "exit code 3")]
    [InlineData("kill -9 $$", "ended without an answer", "signal 9")]
    [InlineData("printf 'Content-Type: text/plain\\n'", "ended without an answer", "before its head was complete")]
    [InlineData("printf 'no colon\\n\\n'", "malformed head", "no colon")]
    [InlineData("printf 'X-Own: 1\\n\\n'", "malformed head", "no Content-Type")]
    [InlineData("printf '\\n\\n'", "malformed head", "no Content-Type")]
    [InlineData("printf 'Status: 99\\n\\n'", "malformed head", "status line")]
    [InlineData("printf 'Status: abc\\n\\n'", "malformed head", "status line")]
    [InlineData("printf 'Status: 200\\nStatus: 404\\n\\n'", "malformed head", "status line")]
    [InlineData("printf 'Content-Type: a\\nX: a\\rSet-Cookie: b\\n\\n'", "malformed head", "control byte")]
    [InlineData("printf 'Content-Type: a\\nContent-Length: 1\\nContent-Length: 2\\n\\n'", "malformed head", "more than one Content-Length")]
    [InlineData("printf 'Content-Type: a\\nContent-Length: -1\\n\\n'", "malformed head", "Content-Length is malformed")]
    [InlineData("printf 'Content-Type: a\\nX: '; head -c 100000 /dev/zero | tr '\\0' x", "malformed head", "longer than the limit")]
    public void A_program_that_gives_no_valid_answer_is_answered_502_and_named_in_the_log(string script, string told, string logged)
    {
        HttpAnswer answer = Get(script);

        Assert.Equal(502, answer.Status);
        Assert.Contains(told, answer.Text, StringComparison.Ordinal);
        Assert.Equal(1, Warnings(logged));
        AssertNoChildren();
    }

    [Theory]
    [InlineData("#!/no/such/interpreter\n")]
    [InlineData("")]
    public void A_program_that_cannot_be_started_is_answered_502(string text)
    {
        string path = _folder.WriteScript("program", "");
        File.WriteAllText(path, text);
        Mounts = [Mount(path)];

        Assert.Equal(502, Ask().Status);
        AssertNoChildren();
    }

    [Fact]
    public void A_program_that_is_silent_is_ended_at_its_deadline_and_the_client_is_told_504()
    {
        RawPeer peer = Begin("echo started >&2; exec sleep 1000", TimeSpan.FromSeconds(7));
        AwaitLine("started");
        Advance(TimeSpan.FromSeconds(6.5));
        Assert.Empty(peer.ReadAll());
        Advance(TimeSpan.FromSeconds(1));

        Assert.Equal(504, HttpAnswer.Read(peer).Status);
        AssertNoChildren();
    }

    [Fact]
    public void A_program_that_stops_in_the_middle_of_its_answer_drops_the_connection()
    {
        RawPeer peer = Begin("printf 'Content-Type: text/plain\\n\\nbegun'; exec sleep 1000", TimeSpan.FromSeconds(7));
        peer.WaitUntil(() => peer.Received.IndexOf("begun"u8) >= 0);
        Advance(TimeSpan.FromSeconds(8));

        Assert.DoesNotContain("0\r\n\r\n", peer.ReadToEnd()[^10..], StringComparison.Ordinal);
        AssertNoChildren();
    }

    [Fact]
    public void A_program_that_speaks_now_and_then_is_not_silent()
    {
        string step = _folder["step"];
        RawPeer peer = Begin($"printf 'Content-Type: text/plain\\n\\n'; for i in 1 2 3; do while [ ! -e {step}$i ]; do sleep 0.01; done; echo part $i; done", TimeSpan.FromSeconds(7));
        for (int i = 1; i <= 3; i++)
        {
            Advance(TimeSpan.FromSeconds(5));
            File.WriteAllText(step + i.ToString(CultureInfo.InvariantCulture), "");
            peer.WaitUntil(() => peer.Received.IndexOf(System.Text.Encoding.ASCII.GetBytes($"part {i}")) >= 0);
        }

        peer.WaitUntil(() => peer.Received.EndsWith("0\r\n\r\n"u8));
        AssertNoChildren();
    }

    [Fact]
    public void A_program_that_ignores_the_request_to_end_is_killed_with_its_group()
    {
        RawPeer peer = Begin("trap '' TERM; (trap '' TERM; echo child $$ >&2; while :; do sleep 1; done) & while :; do sleep 1; done", TimeSpan.FromSeconds(7));
        AwaitLine("child");
        Advance(TimeSpan.FromSeconds(8));
        Assert.Equal(504, HttpAnswer.Read(peer).Status);
        int group = GroupOf("child");
        Assert.True(IsAlive(group));

        Advance(TimeSpan.FromSeconds(3));
        AssertNoChildren();
        Harness.RunUntil(() => !IsAlive(group), "the whole group is gone");
    }

    [Fact]
    public void A_client_that_goes_ends_its_program()
    {
        RawPeer peer = Begin("echo group $$ >&2; exec sleep 1000", TimeSpan.FromSeconds(60));
        AwaitLine("group");
        peer.Reset();

        Harness.RunUntil(() => CountOf(CallbackReason.ClosedHttp) == 1);
        AssertNoChildren();
        Harness.RunUntil(() => !IsAlive(GroupOf("group")), "the program is gone");
    }

    [Theory]
    [InlineData("Content-Length: 10\\n\\nshort", "bytes of the length")]
    [InlineData("Content-Length: 1000000\\n\\n'; head -c 999999 /dev/zero; printf '", "1 bytes of the length")]
    public void A_program_that_gives_less_than_it_announced_drops_the_connection(string rest, string logged)
    {
        RawPeer peer = Begin($"printf 'Content-Type: text/plain\\n{rest}'");
        Assert.StartsWith("HTTP/1.1 200 OK\r\n", peer.ReadToEnd(), StringComparison.Ordinal);
        Assert.Equal(1, Warnings(logged));
        AssertNoChildren();
    }

    [Fact]
    public void What_a_program_gives_beyond_the_length_that_it_announced_never_reaches_the_client()
    {
        RawPeer peer = Begin("printf 'Content-Type: text/plain\\nContent-Length: 4\\n\\nbodyHTTP/1.1 200 OK\\r\\n\\r\\n'");
        Assert.Equal("body", HttpAnswer.Read(peer).Text);
        peer.Send("GET /other HTTP/1.1\r\nHost: test\r\n\r\n");
        Assert.Equal(404, HttpAnswer.Read(peer).Status);
        Assert.Equal(1, Log.CountContaining("more than the length"));
        AssertNoChildren();
    }

    [Fact]
    public void A_program_that_is_killed_in_the_middle_of_an_answer_without_a_length_does_not_look_complete()
    {
        RawPeer peer = Begin("printf 'Content-Type: text/plain\\n\\nhalf'; kill -9 $$");
        Assert.DoesNotContain("\r\n0\r\n", peer.ReadToEnd(), StringComparison.Ordinal);
        Assert.Equal(1, Warnings("signal 9"));
        AssertNoChildren();
    }

    [Fact]
    public void A_program_that_closes_its_output_and_goes_on_has_answered()
    {
        string go = _folder["go"];
        string closed = _folder["closed"];
        RawPeer peer = Begin($"printf 'Content-Type: text/plain\\n\\nall'; exec >&- 2>&-; : > {closed}; while [ ! -e {go} ]; do sleep 0.01; done");
        peer.WaitUntil(() => peer.Received.IndexOf("all"u8) >= 0);
        Harness.RunUntil(() => File.Exists(closed));
        Harness.Settle();
        Advance(TimeSpan.FromSeconds(1.1));
        Assert.Equal("all", HttpAnswer.Read(peer).Text);

        File.WriteAllText(go, "");
        AssertNoChildren();
    }

    [Fact]
    public void What_a_program_complains_about_is_a_bounded_number_of_bounded_lines_of_the_log()
    {
        HttpAnswer answer = Get("i=0; while [ $i -lt 300 ]; do printf 'line %s \\033[31m\\n' $i >&2; i=$((i+1)); done; head -c 5000 /dev/zero | tr '\\0' x >&2; printf 'Content-Type: a\\n\\nok'");

        Assert.Equal("ok", answer.Text);
        Assert.Equal(1, Log.CountContaining("line 0 ?[31m"));
        Assert.Equal(1, Log.CountContaining("line 99 "));
        Assert.Equal(0, Log.CountContaining("line 100 "));
        Assert.Equal(1, Log.CountContaining("and more, which is left out"));
        AssertNoChildren();
    }

    [Fact]
    public void A_context_that_goes_takes_its_programs_with_it()
    {
        Begin("trap '' TERM; echo group $$ >&2; while :; do sleep 1; done", TimeSpan.FromSeconds(60));
        AwaitLine("group");
        int group = GroupOf("group");
        Assert.True(IsAlive(group));

        Witness.Dispose();
        Context.Dispose();
        Assert.False(IsAlive(group));
        EndsWithItsContext = true;
    }

    [Fact]
    public void A_client_that_sends_its_body_slowly_does_not_make_its_program_late()
    {
        // T03 would drop it first.
        Limits.MinDataRate = 0;
        RawPeer peer = Begin("printf 'Content-Type: text/plain\\n\\n'; exec cat", TimeSpan.FromSeconds(7), "POST /cgi HTTP/1.1\r\nHost: test\r\nContent-Length: 4\r\n\r\nab");
        Harness.RunUntil(() => Context.Thread.ConnectionCount > 1);
        Advance(TimeSpan.FromSeconds(20));
        peer.Send("cd");

        Assert.Equal("abcd", HttpAnswer.Read(peer).Text);
        AssertNoChildren();
    }

    private static bool IsAlive(int process) => process != 0 && Directory.Exists(string.Create(CultureInfo.InvariantCulture, $"/proc/{process}")) && !IsZombie(process);

    private static bool IsZombie(int process)
    {
        try
        {
            string status = File.ReadAllText(string.Create(CultureInfo.InvariantCulture, $"/proc/{process}/stat"));
            return status[status.LastIndexOf(')') + 2] == 'Z';
        }
        catch (IOException)
        {
            return true;
        }
    }

    private static Mount Mount(string program, TimeSpan? timeout = null) =>
        new() { MountPoint = "/cgi", Origin = MountOrigin.Cgi(program), CgiTimeout = timeout ?? TimeSpan.FromSeconds(60) };

    private RawPeer Begin(string script, TimeSpan? timeout = null, string request = "GET /cgi HTTP/1.1\r\nHost: test\r\n\r\n")
    {
        Mounts = [Mount(_folder.WriteScript("program", script), timeout)];
        RawPeer peer = Connect();
        peer.Send(request);
        return peer;
    }

    private HttpAnswer Get(string script) => HttpAnswer.Read(Begin(script));

    private HttpAnswer Ask()
    {
        RawPeer peer = Connect();
        peer.Send("GET /cgi HTTP/1.1\r\nHost: test\r\n\r\n");
        return HttpAnswer.Read(peer);
    }

    private int Warnings(string words) => Log.Lines.Count(line => line.Level == LogLevel.Warning && line.Text.Contains(words, StringComparison.Ordinal));

    private void AwaitLine(string words) => Harness.RunUntil(() => Log.CountContaining(words) > 0, $"the program says '{words}'");

    /// <summary>The number that a program has told of itself: <c>says: child 4711</c>.</summary>
    private int GroupOf(string words)
    {
        string line = Log.Lines.First(line => line.Text.Contains($"says: {words} ", StringComparison.Ordinal)).Text;
        return int.Parse(line[(line.LastIndexOf(' ') + 1)..], CultureInfo.InvariantCulture);
    }

    /// <summary>Every program has ended and its exit status was taken, so that the system has forgotten it.</summary>
    private void AssertNoChildren() => Harness.RunUntil(() => ChildCount() == 0, "no process is left");

    /// <summary>How many processes the system knows whose parent is this one, those included that have ended and were not asked how.</summary>
    private static int ChildCount() => Directory.GetDirectories("/proc").Count(folder => int.TryParse(Path.GetFileName(folder), out _) && ParentOf(folder) == Environment.ProcessId);

    private static int ParentOf(string folder)
    {
        try
        {
            // proc(5): the name stands in parentheses and may hold anything; the state and the parent follow.
            string status = File.ReadAllText(Path.Combine(folder, "stat"));
            return int.Parse(status[(status.LastIndexOf(')') + 2)..].Split(' ')[1], CultureInfo.InvariantCulture);
        }
        catch (IOException)
        {
            return 0;
        }
    }
}
