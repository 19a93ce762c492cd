using System.Buffers.Binary;

namespace EventLoops.Benchmarks.Load.Wire;

/// <summary>Finds the frames in what a server sends (RFC 6455 5.2), however the bytes are cut. Written apart from the library's own reader, which it puts to the test.</summary>
internal sealed class FrameScanner
{
    private const int LongestHeader = 10;

    private readonly byte[] _header = new byte[LongestHeader];
    private int _headerLength;
    private long _left;
    private bool _isInFrame;
    private bool _isFresh;

    /// <summary>The opcode of the frame that the last piece belongs to.</summary>
    public int Opcode => _header[0] & 0x0F;

    /// <summary>Whether the frame is the last one of its message.</summary>
    public bool IsFinal => (_header[0] & 0x80) != 0;

    /// <summary>Whether the last piece was the beginning of its frame.</summary>
    public bool IsFrameStart { get; private set; }

    /// <summary>Whether the last piece was the end of its frame.</summary>
    public bool IsFrameEnd => _isInFrame && _left == 0;

    /// <summary>Whether the last bytes ended where a frame does.</summary>
    public bool IsBetweenFrames => !_isInFrame && _headerLength == 0;

    /// <summary>Takes the next piece of a payload from the front of <paramref name="bytes"/>. An empty payload is one empty piece.</summary>
    /// <returns>False when the bytes are used up first.</returns>
    /// <exception cref="LoadException">A server must not send this.</exception>
    public bool TryRead(ref ReadOnlySpan<byte> bytes, out ReadOnlySpan<byte> piece)
    {
        if (IsFrameEnd)
        {
            _isInFrame = false;
            _headerLength = 0;
        }

        piece = default;
        if (!_isInFrame && !TryReadHeader(ref bytes))
            return false;
        if (bytes.IsEmpty && _left > 0)
            return false;

        IsFrameStart = _isFresh;
        _isFresh = false;

        int count = (int)Math.Min(_left, bytes.Length);
        piece = bytes[..count];
        bytes = bytes[count..];
        _left -= count;
        return true;
    }

    private bool TryReadHeader(ref ReadOnlySpan<byte> bytes)
    {
        while (true)
        {
            int wanted = _headerLength < 2 ? 2 : HeaderLength(_header[1]);
            int count = Math.Min(wanted - _headerLength, bytes.Length);
            bytes[..count].CopyTo(_header.AsSpan(_headerLength));
            _headerLength += count;
            bytes = bytes[count..];
            if (_headerLength < wanted)
                return false;
            if (wanted == HeaderLength(_header[1]))
                break;
        }

        if ((_header[0] & 0x70) != 0 || (_header[1] & 0x80) != 0)
            throw new LoadException($"The server sent a frame that begins with {_header[0]:x2} {_header[1]:x2}.");

        _left = _header[1] switch
        {
            126 => BinaryPrimitives.ReadUInt16BigEndian(_header.AsSpan(2)),
            127 => checked((long)BinaryPrimitives.ReadUInt64BigEndian(_header.AsSpan(2))),
            byte length => length,
        };
        _isInFrame = true;
        _isFresh = true;
        return true;
    }

    private static int HeaderLength(byte second) => (second & 0x7F) switch { 126 => 4, 127 => 10, _ => 2 };
}
