using System.Net;
using System.Net.Sockets;
using System.Text;
using System.Text.RegularExpressions;
using EventLoops.Tests.Http;
using Microsoft.AspNetCore.Builder;
using Microsoft.AspNetCore.Hosting;
using Microsoft.AspNetCore.Hosting.Server;
using Microsoft.AspNetCore.Hosting.Server.Features;
using Microsoft.AspNetCore.Http;
using Microsoft.AspNetCore.Server.Kestrel.Core;
using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.Logging;
using Xunit;

namespace EventLoops.Tests.Interop;

/// <summary>
/// The requests of the corpus of the parser (<c>tests/Unit/Http/Cases</c>), sent to our server and to Kestrel with the same limits. Where the two answer with
/// different statuses, the difference stands in <c>KestrelDifferences.md</c> with the reason. One that does not, and one that stands there and is none, fail.
/// </summary>
public sealed partial class DifferentialTests
{
    private const string Signed = "tests/Interop/KestrelDifferences.md";
    private const int MaxRequestLine = 200;
    private const int MaxHeadSize = 1000;
    private const int MaxFields = 10;

    // A server that has answered nothing for so long waits for more of the request.
    private static readonly TimeSpan Silence = TimeSpan.FromSeconds(20);
    private static readonly TimeSpan LongAfterSilence = TimeSpan.FromMinutes(10);

    // Follows each case, so that a server that has taken it and keeps the connection comes to an end. Whoever has refused it does not see this any more.
    private static readonly byte[] Last = "GET / HTTP/1.1\r\nHost: a\r\nConnection: close\r\n\r\n"u8.ToArray();

    [Fact]
    public async Task Kestrel_answers_the_requests_of_the_corpus_as_we_do_or_the_difference_is_signed()
    {
        await using LoopThread ours = await LoopThread.StartAsync(
            new ConnectionLimits { MaxRequestLine = MaxRequestLine, MaxHeadSize = MaxHeadSize, MaxHeaderFields = MaxFields, MinDataRate = 0 },
            new ConnectionTimeouts { RequestHead = LongAfterSilence, RequestBody = LongAfterSilence },
            new AnswerAll());
        await using WebApplication kestrel = await StartKestrelAsync();
        EndPoint theirs = IPEndPoint.Parse(new Uri(kestrel.Services.GetRequiredService<IServer>().Features.Get<IServerAddressesFeature>()!.Addresses.First()).Authority);

        // All at once, so that the silences pass at the same time.
        string?[] all = await Task.WhenAll(Requests().Select(async one =>
        {
            string[] said = await Task.WhenAll(AskAsync(ours.EndPoint, one.Wire), AskAsync(theirs, one.Wire));
            return said[0] == said[1] ? null : $"{one.Name} | {said[0]} | {said[1]}";
        }));
        string[] found = [.. all.OfType<string>()];

        using CancellationTokenSource atOnce = new();
        await atOnce.CancelAsync();
        await kestrel.StopAsync(atOnce.Token);

        Assert.InRange(all.Length, 150, int.MaxValue);
        List<string> signed = [.. SignedDifferences()];
        Assert.Equal(signed.Count, signed.Distinct(StringComparer.Ordinal).Count());
        Assert.True(found.Except(signed, StringComparer.Ordinal).ToArray() is [], Report("not signed", found.Except(signed, StringComparer.Ordinal)));
        Assert.True(signed.Except(found, StringComparer.Ordinal).ToArray() is [], Report("signed, and no difference any more", signed.Except(found, StringComparer.Ordinal)));
    }

    [Fact]
    public void Every_signature_says_why() =>
        Assert.All(Rows(), row => Assert.True(row.Length == 4 && row[3].Length > 0, $"'{row[0]}' has no reason."));

    private static string Report(string what, IEnumerable<string> lines) => $"These are {what}:\n" + string.Join('\n', lines.Select(line => $"| {line} |"));

    private static IEnumerable<string> SignedDifferences() => Rows().Select(row => string.Join(" | ", row[..3]));

    /// <summary>Case, our statuses, Kestrel's, and why.</summary>
    private static IEnumerable<string[]> Rows() => RepositoryFiles.Read(Signed).Split('\n')
        .Where(line => line.StartsWith("| ", StringComparison.Ordinal) && !line.StartsWith("| Case", StringComparison.Ordinal) && !line.StartsWith("| ---", StringComparison.Ordinal))
        .Select(line => line.Trim('|', ' ').Split(" | ").Select(cell => cell.Trim()).ToArray());

    /// <summary>What of the corpus a server can be asked: whole requests, bodies in chunks, and paths. A head that does not end is no question.</summary>
    private static IEnumerable<(string Name, byte[] Wire)> Requests()
    {
        foreach (string file in RepositoryFiles.Under("tests/Unit/Http/Cases", ".md"))
        {
            foreach (HttpCase one in HttpCaseFile.Read(file))
            {
                byte[] before = one.Reader switch
                {
                    "chunked" => "POST / HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: chunked\r\n\r\n"u8.ToArray(),
                    "path" => "GET "u8.ToArray(),
                    _ => [],
                };
                byte[] after = one.Reader == "path" ? " HTTP/1.1\r\nHost: a\r\n\r\n"u8.ToArray() : [];
                if (one.Reader is "request" or "chunked" or "path" && one.Outcome != "needs more") yield return (one.Name, [.. before, .. one.Input, .. after, .. Last]);
            }
        }
    }

    /// <summary>
    /// The statuses of all answers, in order: that of the case, and 200 for the request behind it when the connection goes on. <c>none</c> when the stream ends
    /// without an answer, <c>waits</c> when it does not end.
    /// </summary>
    private static async Task<string> AskAsync(EndPoint endPoint, byte[] wire)
    {
        using Socket socket = new(endPoint.AddressFamily, SocketType.Stream, ProtocolType.Tcp);
        await socket.ConnectAsync(endPoint);
        StringBuilder answer = new();
        bool waits = false;
        try
        {
            for (int sent = 0; sent < wire.Length;) sent += await socket.SendAsync(wire.AsMemory(sent));
            byte[] buffer = new byte[16 * 1024];
            for (int count = 1; count > 0; answer.Append(Encoding.Latin1.GetString(buffer, 0, count)))
            {
                using CancellationTokenSource silence = new(Silence);
                count = await socket.ReceiveAsync(buffer, silence.Token);
            }
        }
        catch (SocketException)
        {
            // A server that closes with bytes unread resets the connection; what it said before counts.
        }
        catch (OperationCanceledException)
        {
            waits = true;
        }

        List<string> words = [.. StatusLine().Matches(answer.ToString()).Select(match => match.Groups[1].Value)];
        if (waits) words.Add("waits");
        return words.Count == 0 ? "none" : string.Join(' ', words);
    }

    private static async Task<WebApplication> StartKestrelAsync()
    {
        WebApplicationBuilder builder = WebApplication.CreateSlimBuilder();
        builder.Logging.ClearProviders();
        builder.WebHost.ConfigureKestrel(kestrel =>
        {
            kestrel.Limits.MaxRequestLineSize = MaxRequestLine;
            kestrel.Limits.MaxRequestHeadersTotalSize = MaxHeadSize;
            kestrel.Limits.MaxRequestHeaderCount = MaxFields;
            kestrel.Limits.MinRequestBodyDataRate = null;
            kestrel.Limits.RequestHeadersTimeout = LongAfterSilence;
            kestrel.Listen(IPAddress.Loopback, 0, listen => listen.Protocols = HttpProtocols.Http1);
        });
        WebApplication application = builder.Build();
        application.Run(async context =>
        {
            await context.Request.Body.CopyToAsync(Stream.Null);
            context.Response.ContentLength = 0;
        });
        await application.StartAsync();
        return application;
    }

    [GeneratedRegex(@"HTTP/1\.[01] (\d{3}) ")]
    private static partial Regex StatusLine();

    /// <summary>Reads what comes with a request, and answers 200.</summary>
    private sealed class AnswerAll() : Protocol<NoSession>("answer")
    {
        protected override CallbackResult OnHttp(Connection connection, ref NoSession session, ReadOnlySpan<byte> path)
        {
            if (connection.RequestContentLength == 0) connection.Respond(200, null, default);
            return CallbackResult.Continue;
        }

        protected override CallbackResult OnHttpBodyEnd(Connection connection, ref NoSession session)
        {
            connection.Respond(200, null, default);
            return CallbackResult.Continue;
        }
    }
}
