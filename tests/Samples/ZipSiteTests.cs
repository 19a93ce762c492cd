using System.IO.Compression;
using System.Net;
using System.Text.RegularExpressions;
using Xunit;

namespace EventLoops.Tests.Samples;

/// <summary>The sample that serves a site from inside a zip archive.</summary>
public sealed partial class ZipSiteTests : IDisposable
{
    private readonly SiteFolder _folder = new();
    private readonly HttpClient _http = new() { Timeout = TimeSpan.FromSeconds(30) };

    [Fact]
    public async Task It_serves_what_lies_in_the_archive_and_nothing_else()
    {
        byte[] large = new byte[3_000_000];
        new Random(1).NextBytes(large);
        string archive = _folder["site.zip"];
        await using (ZipArchive zip = await ZipFile.OpenAsync(archive, ZipArchiveMode.Create))
        {
            await using (Stream page = await zip.CreateEntry("index.html").OpenAsync()) await page.WriteAsync("<p>zipped</p>"u8.ToArray());
            await using (Stream file = await zip.CreateEntry("files/large.bin", CompressionLevel.Fastest).OpenAsync()) await file.WriteAsync(large);
        }

        await using SampleProcess sample = SampleProcess.Start("ZipSite", archive, "0");
        Uri address = new((await sample.WaitForLineAsync(Ready())).Groups["address"].Value);

        Assert.Equal("<p>zipped</p>", await _http.GetStringAsync(address));
        Assert.Equal(large, await _http.GetByteArrayAsync(new Uri(address, "/files/large.bin")));
        using HttpResponseMessage none = await _http.GetAsync(new Uri(address, "/none.html"));
        Assert.Equal(HttpStatusCode.NotFound, none.StatusCode);

        sample.Interrupt();
        Assert.Equal(0, await sample.WaitForExitAsync());
    }

    [Fact]
    public async Task What_is_no_archive_is_answered_with_a_sentence()
    {
        await using SampleProcess none = SampleProcess.Start("ZipSite", _folder["none.zip"], "0");
        await using SampleProcess text = SampleProcess.Start("ZipSite", _folder.Write("text.zip", "no archive"), "0");
        await using SampleProcess usage = SampleProcess.Start("ZipSite");

        Assert.Equal((1, 1, 2), (await none.WaitForExitAsync(), await text.WaitForExitAsync(), await usage.WaitForExitAsync()));
        Assert.DoesNotContain("   at ", none.Output + text.Output + usage.Output, StringComparison.Ordinal);
    }

    [Fact]
    public void It_stays_short() => Assert.InRange(RepositoryFiles.Read("samples/ZipSite/Program.cs").Split('\n').Length, 1, 40);

    public void Dispose()
    {
        _http.Dispose();
        _folder.Dispose();
    }

    [GeneratedRegex(@"^serving \S+ on (?<address>http://\S+)$")]
    private static partial Regex Ready();
}
