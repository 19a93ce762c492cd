using System.Net.Sockets;
using System.Text;

namespace EventLoops.Tests.Reliability;

/// <summary>
/// The other end of a connection, which sends noise in random cuts for as long as it is allowed to, reads whatever comes and forgets it. Now and then it goes
/// away by itself.
/// </summary>
internal sealed class NoisePeer : IDisposable
{
    private readonly Socket _socket;
    private readonly Random _random;
    private readonly Func<Random, byte[]> _nextPiece;
    private readonly Func<string, string>? _answer;
    private readonly byte[] _buffer = new byte[16 * 1024];
    private readonly StringBuilder _head = new();
    private byte[] _piece = [];
    private int _offset;
    private bool _waitsForHead;

    /// <summary>Takes a connected socket.</summary>
    /// <param name="socket">The socket; it is closed with the peer.</param>
    /// <param name="random">Where all chance comes from.</param>
    /// <param name="opening">What is said first.</param>
    /// <param name="answer">When not null, a head is read before anything is said, and this is the answer to it.</param>
    /// <param name="nextPiece">Makes the noise.</param>
    public NoisePeer(Socket socket, Random random, string opening, Func<string, string>? answer, Func<Random, byte[]> nextPiece)
    {
        _socket = socket;
        _random = random;
        _answer = answer;
        _nextPiece = nextPiece;
        _piece = Encoding.Latin1.GetBytes(opening);
        _waitsForHead = answer is not null;
        socket.Blocking = false;
        socket.NoDelay = true;
    }

    public bool IsOver { get; private set; }

    /// <summary>Reads what is there and sends one cut. Returns how many bytes were sent.</summary>
    public int Pump()
    {
        Drain();
        if (IsOver || _waitsForHead) return 0;

        switch (_random.Next(2000))
        {
            case 0:
                _socket.LingerState = new LingerOption(enable: true, seconds: 0);
                IsOver = true;
                return 0;
            case 1:
                _socket.Shutdown(SocketShutdown.Send);
                IsOver = true;
                return 0;
            default:
                return SendOneCut();
        }
    }

    public void Dispose() => _socket.Dispose();

    private int SendOneCut()
    {
        if (_offset == _piece.Length)
        {
            _piece = _nextPiece(_random);
            _offset = 0;
        }

        int most = _random.Next(3) switch { 0 => 20, 1 => 1500, _ => 64 * 1024 };
        int length = Math.Min(_random.Next(1, most + 1), _piece.Length - _offset);
        int sent = _socket.Send(_piece.AsSpan(_offset, length), SocketFlags.None, out SocketError error);
        if (error == SocketError.WouldBlock) return 0;
        if (error != SocketError.Success)
        {
            IsOver = true;
            return 0;
        }

        _offset += sent;
        return sent;
    }

    private void Drain()
    {
        while (!IsOver)
        {
            int count = _socket.Receive(_buffer, SocketFlags.None, out SocketError error);
            if (error == SocketError.WouldBlock) return;

            IsOver = error != SocketError.Success || count == 0;
            if (_waitsForHead) ReadHead(count);
        }
    }

    private void ReadHead(int count)
    {
        _head.Append(Encoding.Latin1.GetString(_buffer, 0, count));
        string head = _head.ToString();
        if (!head.EndsWith("\r\n\r\n", StringComparison.Ordinal)) return;

        _waitsForHead = false;
        _piece = Encoding.Latin1.GetBytes(_answer!(head));
    }
}
