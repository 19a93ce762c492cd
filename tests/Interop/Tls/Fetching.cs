using System.Text;

namespace EventLoops.Tests.Interop.Tls;

/// <summary>One request of our client on a loop's thread, awaited from a test.</summary>
internal static class Fetching
{
    /// <summary>Gets a page, on a connection of its own.</summary>
    public static Task<string> GetAsync(this LoopThread thread, string address, ClientTlsOptions? tls, Action<TlsInfo>? look = null) =>
        FetchAsync(thread, address, tls, look, follow: false).InTime();

    /// <summary>Gets a page, wherever redirects lead.</summary>
    public static Task<string> FollowAsync(this LoopThread thread, string address, ClientTlsOptions? tls) =>
        FetchAsync(thread, address, tls, null, follow: true).InTime();

    /// <summary>Asks where nothing is to be had, and tells why.</summary>
    public static async Task<ConnectFailure> FailAsync(this LoopThread thread, string address, ClientTlsOptions? tls)
    {
        try
        {
            string page = await FetchAsync(thread, address, tls, null, follow: true).InTime();
            throw new InvalidOperationException($"It did not fail, but got '{page}'.");
        }
        catch (FetchException exception)
        {
            return exception.Failure;
        }
    }

    private static async Task<string> FetchAsync(LoopThread thread, string address, ClientTlsOptions? tls, Action<TlsInfo>? look, bool follow)
    {
        Fetch fetch = new(look);
        await thread.InvokeAsync(() => thread.Context.Connect(new ClientConnectOptions
        {
            Uri = new Uri(address),
            Protocols = [fetch],
            Tls = tls,
            ReuseConnection = false,
            FollowRedirects = follow,
            ConnectTimeout = Waiting.Limit,
            HandshakeTimeout = Waiting.Limit,
        }));
        return await fetch.Page.Task;
    }

    private sealed class FetchException(ConnectFailure failure) : Exception(failure.ToString())
    {
        public ConnectFailure Failure => failure;
    }

    private sealed class Fetch(Action<TlsInfo>? look) : Protocol<NoSession>("")
    {
        private readonly byte[] _buffer = new byte[64 * 1024];
        private MessageBuffer _page;

        public TaskCompletionSource<string> Page { get; } = new(TaskCreationOptions.RunContinuationsAsynchronously);

        protected override CallbackResult OnHttpReply(Connection connection, ref NoSession session)
        {
            look?.Invoke(connection.Tls!);
            return CallbackResult.Continue;
        }

        protected override CallbackResult OnHttpReceive(Connection connection, ref NoSession session)
        {
            _page.Append(_buffer.AsSpan(0, connection.ReadHttpBody(_buffer)));
            return CallbackResult.Continue;
        }

        protected override void OnHttpClosed(Connection connection, ref NoSession session, in CloseInfo close)
        {
            string page = Encoding.UTF8.GetString(_page.Span);
            _page.Clear();
            Page.TrySetResult(page);
        }

        protected override void OnConnectFailed(Connection connection, ref NoSession session, in ConnectFailure failure) =>
            Page.TrySetException(new FetchException(failure));
    }
}
