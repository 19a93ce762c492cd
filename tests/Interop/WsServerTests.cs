using System.Text.RegularExpressions;
using Xunit;

namespace EventLoops.Tests.Interop;

/// <summary>Our client against the server of the library <c>ws</c>.</summary>
/// <param name="perMessageDeflate">Whether the server agrees to permessage-deflate.</param>
public abstract partial class WsServerTests(bool perMessageDeflate) : ClientTests, IAsyncLifetime
{
    private SampleProcess? _server;
    private Uri? _address;

    public async ValueTask InitializeAsync()
    {
        _server = WsTool.Start("server.mjs", perMessageDeflate ? "deflate" : "plain");
        _address = new Uri((await _server.WaitForLineAsync(ListeningLine())).Groups["address"].Value);
    }

    public async ValueTask DisposeAsync()
    {
        GC.SuppressFinalize(this);
        await _server!.DisposeAsync();
        Assert.DoesNotContain("error:", _server.Output.Replace("error: read ECONNRESET", "", StringComparison.Ordinal), StringComparison.Ordinal);
    }

    private protected override ClientConnectOptions Options(Conversation user, params Protocol[] protocols) => new()
    {
        Uri = _address!,
        Protocols = protocols,
        UserData = user,
        ConnectTimeout = Waiting.Limit,
        HandshakeTimeout = Waiting.Limit,
    };

    [GeneratedRegex(@"^listening on (?<address>ws://\S+)$")]
    private static partial Regex ListeningLine();
}

public sealed class WsPlainServerTests() : WsServerTests(perMessageDeflate: false);

/// <summary>The server would compress, and our client does not offer to.</summary>
public sealed class WsServerThatCouldCompressTests() : WsServerTests(perMessageDeflate: true);
