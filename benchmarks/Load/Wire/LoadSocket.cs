using System.Net;
using System.Net.Sockets;
using System.Text;
using EventLoops.Benchmarks.Load.Runs;

namespace EventLoops.Benchmarks.Load.Wire;

/// <summary>One connection to the server: connects, reads whatever has come in one call, and writes as much as the kernel takes.</summary>
internal abstract class LoadSocket : IReadyHandler, IDisposable
{
    private const int LongestHead = 16 * 1024;

    private readonly StringBuilder _head = new();
    private readonly Func<ReadOnlyMemory<byte>, int> _send;
    private ReadOnlyMemory<byte> _unsent;
    private TlsLayer? _tls;
    private Watch? _watch;
    private int _fd = -1;
    private bool _isConnecting;
    private bool _isReadingHead;

    protected LoadSocket(LoadRun run, int id)
    {
        Run = run;
        Id = id;
        _send = SendBytes;
    }

    /// <summary>The number of the connection in its run.</summary>
    public int Id { get; }

    protected LoadRun Run { get; }

    private SocketIo Io => Run.Loop.SocketIo;

    /// <summary>Begins to connect.</summary>
    public void Connect()
    {
        _fd = Checked("socket", Io.OpenStream(AddressFamily.InterNetwork));
        Checked("setsockopt", Io.SetOption(_fd, SocketTuning.NoDelay, 1));
        if (Run.Options.Sources > 1)
            Checked("bind", Io.Bind(_fd, new IPEndPoint(new IPAddress([127, 0, 0, (byte)(1 + (Id % Run.Options.Sources))]), 0)));

        IoResult connected = Io.Connect(_fd, Run.Options.Server);
        if (connected.IsError && connected.Errno != Errno.EINPROGRESS)
            throw new LoadException($"connect: {connected}");

        _isConnecting = true;
        _watch = Run.Loop.Watch(_fd, PollEvents.Out, this);
    }

    /// <summary>Closes the connection, without a word.</summary>
    public void Dispose()
    {
        if (_fd < 0)
            return;

        // One that could not even begin to connect is not watched.
        if (_watch is not null)
            Run.Loop.Unwatch(_watch);
        Io.Close(_fd);
        _fd = -1;
        _tls?.Dispose();
        _tls = null;
        _unsent = default;
        _head.Clear();
    }

    void IReadyHandler.OnReady(Watch watch, PollEvents ready)
    {
        Run.NoteProgress();
        try
        {
            Serve(ready);
        }
        catch (LoadException fault)
        {
            Run.NoteFault(Id, fault.Message);
            Dispose();
        }
    }

    /// <summary>There is a connection.</summary>
    protected abstract void OnConnected();

    /// <summary>The head that was awaited has come.</summary>
    protected abstract void OnHead(string head);

    /// <summary>Bytes have come that are no head.</summary>
    protected abstract void OnBytes(ReadOnlySpan<byte> bytes);

    /// <summary>The kernel takes bytes again.</summary>
    protected abstract void OnWritable();

    /// <summary>The server has ended the stream.</summary>
    protected virtual void OnEndOfStream() => throw new LoadException("The server closed the connection.");

    /// <summary>Reads until an empty line, and then calls <see cref="OnHead"/>.</summary>
    protected void AwaitHead() => _isReadingHead = true;

    /// <summary>Sends bytes that never change; what the kernel does not take goes out later, before anything else.</summary>
    protected void Send(ReadOnlyMemory<byte> bytes)
    {
        if (!_unsent.IsEmpty)
            throw new InvalidOperationException("The last bytes have not left yet.");
        _unsent = bytes[SendSome(bytes.Span)..];
    }

    /// <summary>Sends what the kernel takes, and has <see cref="OnWritable"/> called when it takes more after it did not take all.</summary>
    /// <returns>How many bytes it took.</returns>
    protected int SendSome(ReadOnlySpan<byte> bytes)
    {
        if (_fd < 0)
            return 0;
        if (_tls is null)
            return SendBytes(bytes);

        int taken = _tls.Write(bytes, _send);

        // What was encrypted is as good as sent, but the kernel has to say when more may be.
        if (_tls.HasUnsent)
            Run.Loop.Change(_watch!, PollEvents.In | PollEvents.Out);
        return taken;
    }

    private int SendBytes(ReadOnlyMemory<byte> bytes) => SendBytes(bytes.Span);

    private int SendBytes(ReadOnlySpan<byte> bytes)
    {
        IoResult sent = Io.Send(_fd, bytes);
        if (sent.IsError && !sent.WouldBlock)
            throw new LoadException($"send: {sent}");

        Run.Loop.Change(_watch!, sent.Value < bytes.Length ? PollEvents.In | PollEvents.Out : PollEvents.In);
        return sent.Value;
    }

    private static int Checked(string call, IoResult result) => result.IsError ? throw new LoadException($"{call}: {result}") : result.Value;

    private void Serve(PollEvents ready)
    {
        if (_isConnecting)
        {
            Checked("connect", Io.GetPendingError(_fd));
            _isConnecting = false;
            Run.Loop.Change(_watch!, PollEvents.In);
            OnSocketConnected();
            return;
        }

        if ((ready & PollEvents.Out) != 0)
        {
            _tls?.Flush(_send);
            if (_tls is null or { HasUnsent: false, IsOpen: true })
                GoOn();
        }

        if (_fd >= 0 && (ready & ~PollEvents.Out) != 0)
            Receive();
    }

    private void Receive()
    {
        IoResult received = Io.Receive(_fd, Run.ReceiveBuffer);
        if (received.WouldBlock)
            return;
        if (received.IsError)
            throw new LoadException($"recv: {received}");
        if (received.Value == 0)
        {
            OnEndOfStream();
            return;
        }

        ReadOnlySpan<byte> bytes = Run.ReceiveBuffer.AsSpan(0, received.Value);
        if (_tls is null)
            Take(bytes);
        else
            Decrypt(_tls, bytes);
    }

    private void GoOn()
    {
        if (_unsent.IsEmpty)
            OnWritable();
        else
            _unsent = _unsent[SendSome(_unsent.Span)..];
    }

    private void OnSocketConnected()
    {
        if (!Run.Options.IsTls)
        {
            OnConnected();
            return;
        }

        _tls = new TlsLayer(Run.NewTlsEngine(), Run.TlsRoom);
        ReadOnlySpan<byte> nothing = [];
        _tls.ShakeHands(ref nothing, _send);
    }

    private void Decrypt(TlsLayer tls, ReadOnlySpan<byte> ciphertext)
    {
        if (!tls.IsOpen)
        {
            tls.ShakeHands(ref ciphertext, _send);
            if (!tls.IsOpen)
                return;
            OnConnected();
        }

        bool hasMore = true;
        while (hasMore && _tls == tls)
        {
            hasMore = tls.Read(ref ciphertext, Run.PlaintextBuffer, out int length, out bool isEnd);
            if (length > 0)
                Take(Run.PlaintextBuffer.AsSpan(0, length));
            if (isEnd && _tls == tls)
                OnEndOfStream();
        }
    }

    private void Take(ReadOnlySpan<byte> bytes)
    {
        if (!_isReadingHead || TryReadHead(ref bytes))
        {
            if (!bytes.IsEmpty)
                OnBytes(bytes);
        }
    }

    private bool TryReadHead(ref ReadOnlySpan<byte> bytes)
    {
        // The end may be cut anywhere, so it is looked for in all that has come.
        int before = _head.Length;
        _head.Append(Encoding.Latin1.GetString(bytes));
        string text = _head.ToString();
        int end = text.IndexOf("\r\n\r\n", StringComparison.Ordinal);
        if (end < 0)
            return text.Length < LongestHead ? false : throw new LoadException("The server's head does not end.");

        bytes = bytes[(end + 4 - before)..];
        _head.Clear();
        _isReadingHead = false;
        OnHead(text[..(end + 2)]);
        return true;
    }
}
