using System.Text.RegularExpressions;
using Xunit;

namespace EventLoops.Tests.Samples;

/// <summary>The sample that sends events.</summary>
public sealed partial class EventsTests
{
    [Fact]
    public async Task It_sends_events_in_order_and_goes_on_after_the_last_one_that_was_seen()
    {
        await using SampleProcess sample = SampleProcess.Start("Events", "0");
        Uri address = new((await sample.WaitForLineAsync(Ready())).Groups["address"].Value);
        using CancellationTokenSource late = new(SampleProcess.Deadline);
        using HttpClient http = new();
        Assert.Contains("EventSource", await http.GetStringAsync(address, late.Token), StringComparison.Ordinal);

        using (HttpResponseMessage answer = await http.GetAsync(new Uri(address, "/events"), HttpCompletionOption.ResponseHeadersRead, late.Token))
        {
            Assert.Equal("text/event-stream", answer.Content.Headers.ContentType?.ToString());
            using StreamReader reader = new(await answer.Content.ReadAsStreamAsync(late.Token));
            long first = await ReadEventAsync(reader, late.Token);
            Assert.Equal(first + 1, await ReadEventAsync(reader, late.Token));
        }

        using HttpRequestMessage again = new(HttpMethod.Get, new Uri(address, "/events"));
        again.Headers.Add("Last-Event-ID", "0");
        using HttpResponseMessage rest = await http.SendAsync(again, HttpCompletionOption.ResponseHeadersRead, late.Token);
        using StreamReader more = new(await rest.Content.ReadAsStreamAsync(late.Token));
        Assert.True(await ReadEventAsync(more, late.Token) >= 2);

        sample.Interrupt();
        Assert.Equal(0, await sample.WaitForExitAsync());
    }

    [Fact]
    public void It_stays_short() => Assert.InRange(RepositoryFiles.Read("samples/Events/Program.cs").Split('\n').Length, 1, 90);

    /// <summary>Reads one event and returns its number.</summary>
    private static async Task<long> ReadEventAsync(StreamReader reader, CancellationToken late)
    {
        Match id = EventId().Match(await reader.ReadLineAsync(late) ?? "");
        Assert.True(id.Success);
        Assert.Equal($"data: tick {id.Groups["id"].Value}", await reader.ReadLineAsync(late));
        Assert.Equal("", await reader.ReadLineAsync(late));
        return long.Parse(id.Groups["id"].Value, System.Globalization.CultureInfo.InvariantCulture);
    }

    [GeneratedRegex(@"^events on (?<address>http://\S+)$")]
    private static partial Regex Ready();

    [GeneratedRegex(@"^id: (?<id>[0-9]+)$")]
    private static partial Regex EventId();
}
