using System.Globalization;
using System.Net;
using System.Net.Sockets;
using Xunit;

namespace EventLoops.Tests.Conformance;

/// <summary>
/// The table of failures in <c>docs/client.md</c>: each row is what <c>OnConnectFailed</c> says when the thing happens, on the simulated kernel. A row that is wrong
/// is printed as it has to be.
/// </summary>
public sealed class ConnectFailureTableTests
{
    [Fact]
    public void The_table_says_what_the_failures_say()
    {
        List<string> rows = [];
        foreach ((string what, Func<FailureScene, ClientConnectOptions> happen) in Scenarios())
        {
            using FailureScene scene = new();
            rows.Add(Row(what, scene.FailureOf(happen)));
        }

        string document = RepositoryFiles.Read("docs/client.md");
        string[] missing = [.. rows.Where(row => !document.Contains("\n" + row + "\n", StringComparison.Ordinal))];
        Assert.True(missing.Length == 0, "docs/client.md lacks these rows:\n" + string.Join('\n', missing));
        string table = document[document.IndexOf("| What happens |", StringComparison.Ordinal)..];
        Assert.Equal(rows.Count, table[..table.IndexOf("\n\n", StringComparison.Ordinal)].Split('\n').Length - 2);
    }

    private static IEnumerable<(string What, Func<FailureScene, ClientConnectOptions> Happen)> Scenarios()
    {
        yield return ("the name does not exist", scene => scene.Named((_, _) => Task.FromException<IPAddress[]>(new SocketException((int)SocketError.HostNotFound))));
        yield return ("the name servers cannot be asked", scene => scene.Named((_, _) => Task.FromException<IPAddress[]>(new SocketException((int)SocketError.TryAgain))));
        yield return ("the resolver does not answer", scene => scene.Named((_, _) => new TaskCompletionSource<IPAddress[]>().Task));
        yield return ("nobody listens on the port", scene => scene.To(scene.Gone()));
        yield return ("no address answers", scene => scene.To(scene.Silent()));
        yield return ("the proxy is not there", scene => scene.Through(scene.Gone(), _ => { }));
        yield return ("the proxy wants credentials", scene => scene.Through(null, peer => FailureScene.Answer(peer, "HTTP/1.1 407 Proxy Authentication Required\r\nContent-Length: 0\r\n\r\n")));
        yield return ("the proxy does not answer", scene => scene.Through(null, _ => { }));
        yield return ("the server does not answer the request", scene => scene.Served(_ => { }));
        yield return ("the server closes instead of answering", scene => scene.Served(peer => peer.EndStream()));
        yield return ("the server resets the connection", scene => scene.Served(peer => peer.Reset()));
        yield return ("the port speaks TLS and was asked without", scene => scene.Served(peer => peer.Send("\u0015\u0003\u0003\0\u0002\u0002\u0016")));
        yield return ("the port speaks something else", scene => scene.Served(peer => peer.Send("SSH-2.0-OpenSSH_9.2\r\n")));
        yield return ("the port does not speak TLS and was asked for it", scene => scene.SecuredAgainst("HTTP/1.1 400 Bad Request\r\nContent-Length: 0\r\n\r\n"));
        yield return ("the server says nothing to TLS", scene => scene.SecuredAgainst(""));
        yield return ("the certificate has expired", scene => scene.Showing(authority => authority.Expired("example.test")));
        yield return ("the certificate is for another name", scene => scene.Showing(authority => authority.Server("other.test")));
        yield return ("the certificate vouches for itself", scene => scene.Showing(_ => TestAuthority.SelfSigned(["example.test"])));
        yield return ("nobody knows the certificate's authority", scene => scene.Showing(authority => authority.Server("example.test"), isKnown: false));
        yield return ("both sides have no version of TLS in common", scene => scene.Showing(authority => authority.Server("example.test"), TlsVersion.Tls13));
        yield return ("404 instead of a WebSocket", scene => scene.Served(peer => FailureScene.Answer(peer, "HTTP/1.1 404 Not Found\r\nContent-Length: 0\r\n\r\n")));
        yield return ("401 instead of a WebSocket", scene => scene.Served(peer => FailureScene.Answer(peer, "HTTP/1.1 401 Unauthorized\r\nContent-Length: 0\r\n\r\n")));
        yield return ("503 instead of a WebSocket", scene => scene.Served(peer => FailureScene.Answer(peer, "HTTP/1.1 503 Service Unavailable\r\nContent-Length: 0\r\n\r\n")));
        yield return ("the accept key is wrong", scene => scene.Served(peer =>
            FailureScene.Answer(peer, "HTTP/1.1 101 Switching Protocols\r\nUpgrade: websocket\r\nConnection: Upgrade\r\nSec-WebSocket-Accept: s3pPLMBiTxaQ9kYGzzhZRbK+xOo=\r\n\r\n")));
        yield return ("a subprotocol that was not offered", scene => scene.Served(peer => peer.Send(RawPeer.UpgradeReply(peer.ReadHead(), "other"))));
        yield return ("redirects without end", scene => scene.Redirected());
        yield return ("the time for everything is over", scene => scene.Slow(peer => peer.ReadHead()));
        yield return ("the program calls `Close`", scene => scene.GivenUp());
    }

    private static string Row(string what, in ConnectFailure failure)
    {
        List<string> details = [];
        if (failure.HttpStatus > 0) details.Add($"`HttpStatus` {failure.HttpStatus.ToString(CultureInfo.InvariantCulture)}");
        if (failure.Fault != ProtocolFault.None) details.Add($"`ProtocolFault.{failure.Fault}`");
        if (failure.SystemError != Errno.None) details.Add($"`Errno.{failure.SystemError}`");
        if (failure.IsTimeout) details.Add("`IsTimeout`");
        return $"| {what} | `{failure.Stage}` | {failure.Reason} | {string.Join(", ", details)} | {(failure.IsTransient ? "yes" : "")} |";
    }
}
