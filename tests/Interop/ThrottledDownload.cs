using System.Security.Cryptography;
using System.Threading.Channels;

namespace EventLoops.Tests.Interop;

/// <summary>A client that takes no more of a reply than 10 MB in a second, however fast the server is, and keeps nothing of it but the hash.</summary>
internal sealed class ThrottledDownload() : Protocol<NoSession>("")
{
    private const int BytesPerTick = 200_000;

    private static readonly TimeSpan Tick = TimeSpan.FromMilliseconds(20);

    private readonly byte[] _buffer = new byte[64 * 1024];
    private readonly IncrementalHash _sha256 = IncrementalHash.CreateHash(HashAlgorithmName.SHA256);
    private readonly TaskCompletionSource<byte[]> _hash = new(TaskCreationOptions.RunContinuationsAsynchronously);
    private readonly Channel<long> _progress = Channel.CreateBounded<long>(new BoundedChannelOptions(1) { FullMode = BoundedChannelFullMode.DropOldest });
    private LoopTimer? _ticking;
    private long _received;
    private bool _isComplete;

    /// <summary>How many bytes there are, after each tick that brought some; complete when the download is over, well or not.</summary>
    public ChannelReader<long> Progress => _progress.Reader;

    /// <summary>The SHA-256 of the reply, or why there is none.</summary>
    public Task<byte[]> Hash => _hash.Task;

    /// <summary>Begins. On the loop's thread.</summary>
    public void Start(LoopContext context, Uri uri, TimeSpan timeout) =>
        context.Connect(new ClientConnectOptions { Uri = uri, Protocols = [this], OverallTimeout = timeout });

    protected override CallbackResult OnHttpReply(Connection connection, ref NoSession session)
    {
        if (connection.Status != 200)
        {
            _hash.TrySetException(new InvalidOperationException($"The server answered {connection.Status}."));
            return CallbackResult.Close;
        }

        _ticking = new LoopTimer(again =>
        {
            Read(connection);
            if (!connection.IsClosed) connection.Context.Loop.Schedule(again, Tick);
        });
        connection.Context.Loop.Schedule(_ticking, Tick);
        return CallbackResult.Continue;
    }

    /// <summary>Nothing is taken here: the next tick does it, and the server waits.</summary>
    protected override CallbackResult OnHttpReceive(Connection connection, ref NoSession session) => CallbackResult.Continue;

    protected override CallbackResult OnHttpCompleted(Connection connection, ref NoSession session)
    {
        _isComplete = true;
        return CallbackResult.Continue;
    }

    protected override void OnHttpClosed(Connection connection, ref NoSession session, in CloseInfo close)
    {
        if (_isComplete && close.IsClean)
            _hash.TrySetResult(_sha256.GetHashAndReset());
        else
            _hash.TrySetException(new InvalidOperationException($"The reply is not complete after {_received} bytes: {close}"));
        Finish(connection);
    }

    protected override void OnConnectFailed(Connection connection, ref NoSession session, in ConnectFailure failure)
    {
        _hash.TrySetException(new InvalidOperationException(failure.ToString()));
        Finish(connection);
    }

    private void Read(Connection connection)
    {
        int left = BytesPerTick;
        while (left > 0)
        {
            int count = connection.ReadHttpBody(_buffer.AsSpan(0, Math.Min(left, _buffer.Length)));
            if (count == 0) break;

            _sha256.AppendData(_buffer, 0, count);
            left -= count;
        }

        if (left == BytesPerTick) return;

        _received += BytesPerTick - left;
        _progress.Writer.TryWrite(_received);
    }

    private void Finish(Connection connection)
    {
        if (_ticking is not null) connection.Context.Loop.Cancel(_ticking);
        _sha256.Dispose();
        _progress.Writer.Complete();
    }
}
