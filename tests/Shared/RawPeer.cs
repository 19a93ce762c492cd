using System.Diagnostics;
using System.Net;
using System.Net.Sockets;
using System.Runtime.CompilerServices;
using System.Security.Cryptography;
using System.Text;

namespace EventLoops.Tests;

/// <summary>
/// The other side of a connection: a plain socket, of the framework or of a simulated kernel, that sends and reads whatever a test wants. With a harness it moves
/// its bytes between the turns of the loop, on the test's thread; without one it waits for the socket, for servers that run on a thread of their own.
/// </summary>
public sealed class RawPeer : IDisposable
{
    private readonly PeerSocket _socket;
    private readonly LoopHarness? _harness;
    private readonly byte[] _buffer = new byte[64 * 1024];
    private readonly Queue<ReadOnlyMemory<byte>> _unsent = new();
    private byte[] _received = new byte[4096];
    private int _start;
    private int _end;
    private bool _endsStream;
    private bool _isDisposed;
    private uint _nextKey = 0x1234_5678;

    /// <summary>Takes a connected socket of the framework.</summary>
    /// <inheritdoc cref="RawPeer(PeerSocket, bool, LoopHarness?)" path="/param"/>
    public RawPeer(Socket socket, bool isClient, LoopHarness? harness)
        : this(new LoopbackSocket(socket), isClient, harness)
    {
    }

    /// <summary>Takes a connected socket.</summary>
    /// <param name="socket">The socket; it is closed with the peer.</param>
    /// <param name="isClient">Whether it plays the client, whose frames are masked.</param>
    /// <param name="harness">Who moves its bytes.</param>
    public RawPeer(PeerSocket socket, bool isClient, LoopHarness? harness)
    {
        _socket = socket;
        IsClient = isClient;
        _harness = harness;
        harness?.Attach(Pump, () => Activity);
    }

    /// <summary>The socket of the framework, for what is not offered here.</summary>
    public Socket Socket => (_socket as LoopbackSocket)?.Socket ?? throw new NotSupportedException("This peer lives in a simulated kernel.");

    /// <summary>Whether it plays the client.</summary>
    public bool IsClient { get; }

    /// <summary>Switched off, the peer leaves everything in the kernel, as a slow reader does.</summary>
    public bool IsReading { get; set; } = true;

    /// <summary>Whether the other side has ended its half of the stream.</summary>
    public bool IsEnded { get; private set; }

    /// <summary>Whether the other side, or this one, has reset the connection.</summary>
    public bool IsReset { get; private set; }

    /// <summary>Whether nothing more can come.</summary>
    public bool IsOver => IsEnded || IsReset;

    /// <summary>Whether this side has ended, or is about to end, its half of the stream.</summary>
    public bool HasEndedItsHalf { get; private set; }

    /// <summary>Whether everything that was sent is in the kernel's hands.</summary>
    public bool HasSentAll => _unsent.Count == 0;

    /// <summary>A number that changes when bytes have moved or the stream has ended.</summary>
    public long Activity { get; private set; }

    /// <summary>What was received and not read yet.</summary>
    public ReadOnlySpan<byte> Received => _received.AsSpan(_start, _end - _start);

    /// <summary>Connects to a listener, which need not have accepted for this to return.</summary>
    /// <param name="endPoint">Where to.</param>
    /// <param name="harness">Who moves its bytes.</param>
    /// <param name="receiveBuffer">The kernel's receive buffer in bytes; 0 leaves it alone. Small ones make slow readers.</param>
    public static RawPeer Connect(EndPoint endPoint, LoopHarness? harness = null, int receiveBuffer = 0) =>
        new((harness?.Network ?? PeerNetwork.Loopback).Connect(endPoint, receiveBuffer), isClient: true, harness);

    /// <summary>Sends as much as the kernel takes now, past the peer's own bookkeeping. Returns how much.</summary>
    public int SendNow(ReadOnlySpan<byte> bytes) => _socket.Send(bytes).Value;

    /// <summary>Reads what is there now, past the peer's own bookkeeping. Returns how much.</summary>
    public int ReceiveNow(Span<byte> buffer) => _socket.Receive(buffer).Value;

    /// <summary>Sends bytes, in the background if the kernel does not take them at once.</summary>
    public void Send(ReadOnlySpan<byte> bytes)
    {
        ObjectDisposedException.ThrowIf(_isDisposed, this);
        _unsent.Enqueue(bytes.ToArray());
        PumpOut();
    }

    /// <summary>Sends text as it is.</summary>
    public void Send(string text) => Send(Encoding.Latin1.GetBytes(text));

    /// <summary>Sends one frame, masked when the peer plays the client.</summary>
    public void SendFrame(byte opcode, ReadOnlySpan<byte> payload, bool isFinal = true) => Send(Frame(opcode, payload, isFinal));

    /// <summary>One frame as bytes, masked when the peer plays the client, for tests that cut it or send several at once.</summary>
    public byte[] Frame(byte opcode, ReadOnlySpan<byte> payload, bool isFinal = true) =>
        RawFrame.Write(opcode, payload, isFinal, IsClient ? _nextKey += 0x0101_0107 : null);

    /// <summary>Sends a text message.</summary>
    public void SendText(string text) => SendFrame(1, Encoding.UTF8.GetBytes(text));

    /// <summary>Sends a binary message.</summary>
    public void SendBinary(ReadOnlySpan<byte> payload) => SendFrame(2, payload);

    /// <summary>Sends a close frame.</summary>
    public void SendClose(int code = 1000, string reason = "") => SendFrame(RawFrame.CloseOpcode, RawFrame.ClosePayload(code, reason));

    /// <summary>Ends this half of the stream, after what was sent.</summary>
    public void EndStream()
    {
        if (HasEndedItsHalf) return;

        HasEndedItsHalf = true;
        _endsStream = true;
        Pump();
    }

    /// <summary>Resets the connection: what is on its way in either direction is lost.</summary>
    public void Reset()
    {
        IsReset = true;
        _socket.ResetOnDispose();
        Dispose();
    }

    /// <summary>Closes the socket as a program does that is done with it.</summary>
    public void Close()
    {
        IsEnded = true;
        Dispose();
    }

    /// <summary>Asks for a WebSocket, without waiting for the answer.</summary>
    public void RequestUpgrade(string path = "/", string protocols = "", string fields = "") => Send(UpgradeRequest(path, protocols, fields));

    /// <summary>A valid request for a WebSocket.</summary>
    /// <param name="path">The path.</param>
    /// <param name="protocols">The subprotocols, as they stand in the field; empty for none.</param>
    /// <param name="fields">Further fields, each with its line end.</param>
    public static string UpgradeRequest(string path = "/", string protocols = "", string fields = "") =>
        $"GET {path} HTTP/1.1\r\nHost: test\r\nUpgrade: websocket\r\nConnection: Upgrade\r\n" +
        "Sec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\nSec-WebSocket-Version: 13\r\n" +
        (protocols.Length == 0 ? "" : $"Sec-WebSocket-Protocol: {protocols}\r\n") + fields + "\r\n";

    /// <summary>The reply that opens the WebSocket for a request (RFC 6455 4.2.2).</summary>
    /// <param name="requestHead">The request.</param>
    /// <param name="protocol">The subprotocol to choose; null for none.</param>
    /// <param name="fields">Further fields, each with its line end.</param>
    public static string UpgradeReply(string requestHead, string? protocol = null, string fields = "")
    {
        const string Field = "Sec-WebSocket-Key: ";
        int at = requestHead.IndexOf(Field, StringComparison.OrdinalIgnoreCase) + Field.Length;
        string key = requestHead[at..requestHead.IndexOf("\r\n", at, StringComparison.Ordinal)];

        // RFC 6455 4.2.2 asks for SHA-1, which guards nothing here.
#pragma warning disable CA5350
        string accept = Convert.ToBase64String(SHA1.HashData(Encoding.ASCII.GetBytes(key + "258EAFA5-E914-47DA-95CA-C5AB0DC85B11")));
#pragma warning restore CA5350
        string chosen = protocol is null ? "" : $"Sec-WebSocket-Protocol: {protocol}\r\n";
        return $"HTTP/1.1 101 Switching Protocols\r\nUpgrade: websocket\r\nConnection: Upgrade\r\nSec-WebSocket-Accept: {accept}\r\n{chosen}{fields}\r\n";
    }

    /// <summary>Asks for a WebSocket and waits until it is open. Returns the head of the reply.</summary>
    public string Upgrade(string path = "/", string protocols = "", string fields = "")
    {
        RequestUpgrade(path, protocols, fields);
        string head = ReadHead();
        if (!head.StartsWith("HTTP/1.1 101 ", StringComparison.Ordinal)) throw new InvalidOperationException("No 101 but: " + head);
        return head;
    }

    /// <summary>Reads a request for a WebSocket and agrees. Returns the head of the request.</summary>
    public string AcceptUpgrade(string? protocol = null, string fields = "")
    {
        string head = ReadHead();
        Send(UpgradeReply(head, protocol, fields));
        return head;
    }

    /// <summary>Waits for a message head, and takes it up to and including its empty line.</summary>
    public string ReadHead()
    {
        WaitUntil(() => Received.IndexOf("\r\n\r\n"u8) >= 0 || IsOver, "a whole head");
        int length = Received.IndexOf("\r\n\r\n"u8) + 4;
        return length < 4 ? throw new InvalidOperationException($"The stream ended before a head: '{ReadAll()}'") : ReadText(length);
    }

    /// <summary>Waits for that many bytes and takes them, as Latin-1 text.</summary>
    public string ReadText(int count) => Encoding.Latin1.GetString(ReadBytes(count));

    /// <summary>Waits for that many bytes and takes them.</summary>
    public byte[] ReadBytes(int count)
    {
        WaitUntil(() => Received.Length >= count || IsOver, "enough bytes");
        if (Received.Length < count) throw new InvalidOperationException($"The stream ended after {Received.Length} of {count} bytes.");

        byte[] bytes = Received[..count].ToArray();
        _start += count;
        return bytes;
    }

    /// <summary>Takes what is there now, as Latin-1 text.</summary>
    public string ReadAll() => ReadText(Received.Length);

    /// <summary>Waits for the end of the stream and takes all that came before it, as Latin-1 text.</summary>
    public string ReadToEnd()
    {
        WaitUntil(() => IsOver, "the end of the stream");
        return ReadAll();
    }

    /// <summary>Waits for a frame and takes it.</summary>
    public RawFrame ReadFrame()
    {
        RawFrame frame = default;
        WaitUntil(() => TryReadFrame(out frame) || IsOver, "a whole frame");
        return frame.Payload is null && !TryReadFrame(out frame) ? throw new InvalidOperationException("The stream ended before a whole frame.") : frame;
    }

    /// <summary>Takes a frame when it is there as a whole.</summary>
    public bool TryReadFrame(out RawFrame frame)
    {
        if (!RawFrame.TryRead(Received, out frame, out int length)) return false;

        _start += length;
        return true;
    }

    /// <summary>Waits, with the loop turning or the socket waiting, until something is so.</summary>
    public void WaitUntil(Func<bool> condition, [CallerArgumentExpression(nameof(condition))] string what = "")
    {
        if (_harness is not null)
        {
            _harness.RunUntil(condition, what);
            return;
        }

        long start = Stopwatch.GetTimestamp();
        while (true)
        {
            Pump();
            if (condition()) return;
            if (Stopwatch.GetElapsedTime(start) > LoopHarness.Patience) throw new TimeoutException($"This did not come true: {what}");

            if (!IsOver) _socket.Wait(forRoom: !HasSentAll);
        }
    }

    /// <summary>Moves what can be moved now, without waiting.</summary>
    public void Pump()
    {
        if (_isDisposed) return;

        _socket.Work();
        PumpOut();
        while (IsReading && !IsOver && PumpIn())
        {
        }
    }

    /// <inheritdoc/>
    public void Dispose()
    {
        _unsent.Clear();
        _isDisposed = true;
        Activity++;
        _socket.Dispose();
    }

    private void PumpOut()
    {
        while (_unsent.TryPeek(out ReadOnlyMemory<byte> next))
        {
            IoResult result = _socket.Send(next.Span);
            if (result.WouldBlock) return;
            if (result.IsError)
            {
                // A peer that is gone takes nothing any more; the tests look at what it said before.
                _unsent.Clear();
                Activity++;
                return;
            }

            int sent = result.Value;
            Activity += sent;
            _unsent.Dequeue();
            if (sent == next.Length) continue;

            // The rest keeps its place in front of everything later.
            ReadOnlyMemory<byte>[] later = [.. _unsent];
            _unsent.Clear();
            _unsent.Enqueue(next[sent..]);
            foreach (ReadOnlyMemory<byte> bytes in later) _unsent.Enqueue(bytes);
        }

        if (!_endsStream) return;

        _endsStream = false;
        Activity++;
        if (!_socket.ShutdownWrite()) IsReset = true;
    }

    private bool PumpIn()
    {
        IoResult result = _socket.Receive(_buffer);
        if (result.WouldBlock) return false;

        int count = result.Value;
        Activity += count + 1;
        if (result.IsError)
        {
            IsReset = true;
            return false;
        }

        if (count == 0)
        {
            IsEnded = true;
            return false;
        }

        Keep(_buffer.AsSpan(0, count));
        return true;
    }

    private void Keep(ReadOnlySpan<byte> bytes)
    {
        if (_end + bytes.Length > _received.Length)
        {
            int length = _end - _start;
            byte[] room = length + bytes.Length > _received.Length / 2 ? new byte[Math.Max(_received.Length * 2, (length + bytes.Length) * 2)] : _received;
            _received.AsSpan(_start, length).CopyTo(room);
            _received = room;
            _start = 0;
            _end = length;
        }

        bytes.CopyTo(_received.AsSpan(_end));
        _end += bytes.Length;
    }
}
