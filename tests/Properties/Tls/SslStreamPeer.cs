using System.Net.Security;
using System.Security.Authentication;

namespace EventLoops.Tests.Tls;

/// <summary>
/// The framework's <see cref="SslStream"/> over a stream in memory. Everything it waits for completes inside of <see cref="Feed"/>, so it runs on the test's thread.
/// </summary>
internal sealed class SslStreamPeer : TlsPeer
{
    private readonly FedStream _wire;
    private readonly SslStream _stream;
    private readonly Func<SslStream, Task> _authenticate;
    private readonly byte[] _buffer = new byte[16 * 1024];
    private Task? _handshake;
    private Task<int>? _read;

    private SslStreamPeer(Func<SslStream, Task> authenticate)
    {
        _wire = new FedStream(Outgoing);
        _stream = new SslStream(_wire, leaveInnerStreamOpen: true, static (_, certificate, _, _) => certificate is null || certificate.GetRawCertData().AsSpan().SequenceEqual(TestCertificate.Ecdsa.Certificate.RawData));
        _authenticate = authenticate;
    }

    public override bool IsReady => _handshake is { IsCompletedSuccessfully: true };

    public override bool IsBroken => _handshake is { IsFaulted: true } || _read is { IsFaulted: true };

    public static SslStreamPeer Server(SslProtocols protocols) => new(stream => stream.AuthenticateAsServerAsync(new SslServerAuthenticationOptions
    {
        ServerCertificate = TestCertificate.Ecdsa.Certificate,
        EnabledSslProtocols = protocols,
    }));

    public static SslStreamPeer Client(SslProtocols protocols) => new(stream => stream.AuthenticateAsClientAsync(new SslClientAuthenticationOptions
    {
        TargetHost = "localhost",
        EnabledSslProtocols = protocols,
    }));

    public override void Start() => _handshake = _authenticate(_stream);

    public override void Feed(ReadOnlySpan<byte> ciphertext)
    {
        if (_handshake is null) Start();
        _wire.Feed(ciphertext);
        Pump();
    }

    public override void Write(ReadOnlySpan<byte> plaintext) => _stream.Write(plaintext);

    public override void End()
    {
        Task done = _stream.ShutdownAsync();
        if (!done.IsCompletedSuccessfully) throw new InvalidOperationException("SslStream did not shut down at once.", done.Exception);
    }

    public override void Dispose()
    {
        _wire.FeedEnd();
        _stream.Dispose();
    }

    private void Pump()
    {
        while (IsReady && !IsEnded)
        {
            _read ??= _stream.ReadAsync(_buffer).AsTask();
            if (!_read.IsCompletedSuccessfully) return;

            int count = _read.Result;
            _read = null;
            Received.AddRange(_buffer[..count]);
            IsEnded = count == 0;
        }
    }

    /// <summary>A stream that reads what it was fed, and writes into a list.</summary>
    private sealed class FedStream(List<byte> written) : Stream
    {
        private readonly List<byte> _fed = [];
        private TaskCompletionSource<int>? _waiting;
        private Memory<byte> _destination;
        private bool _isEnded;

        public override bool CanRead => true;

        public override bool CanWrite => true;

        public override bool CanSeek => false;

        public override long Length => throw new NotSupportedException();

        public override long Position
        {
            get => throw new NotSupportedException();
            set => throw new NotSupportedException();
        }

        public void Feed(ReadOnlySpan<byte> bytes)
        {
            _fed.AddRange(bytes);
            Complete();
        }

        public void FeedEnd()
        {
            _isEnded = true;
            Complete();
        }

        public override ValueTask<int> ReadAsync(Memory<byte> buffer, CancellationToken cancellationToken = default)
        {
            if (_fed.Count > 0 || _isEnded || buffer.IsEmpty) return ValueTask.FromResult(Take(buffer.Span));

            // Without asynchronous continuations: whoever waits goes on inside of Feed.
            _destination = buffer;
            _waiting = new TaskCompletionSource<int>();
            return new ValueTask<int>(_waiting.Task);
        }

        public override int Read(byte[] buffer, int offset, int count) => throw new NotSupportedException("Nothing here waits.");

        public override ValueTask WriteAsync(ReadOnlyMemory<byte> buffer, CancellationToken cancellationToken = default)
        {
            written.AddRange(buffer.Span);
            return ValueTask.CompletedTask;
        }

        public override void Write(byte[] buffer, int offset, int count) => written.AddRange(buffer.AsSpan(offset, count));

        public override void Flush()
        {
        }

        public override Task FlushAsync(CancellationToken cancellationToken) => Task.CompletedTask;

        public override long Seek(long offset, SeekOrigin origin) => throw new NotSupportedException();

        public override void SetLength(long value) => throw new NotSupportedException();

        private void Complete()
        {
            if (_waiting is not { } waiting || (_fed.Count == 0 && !_isEnded)) return;

            _waiting = null;
            waiting.SetResult(Take(_destination.Span));
        }

        private int Take(Span<byte> destination)
        {
            int count = Math.Min(destination.Length, _fed.Count);
            System.Runtime.InteropServices.CollectionsMarshal.AsSpan(_fed)[..count].CopyTo(destination);
            _fed.RemoveRange(0, count);
            return count;
        }
    }
}
