using System.Numerics;

namespace EventLoops.Benchmarks.Load.Floor;

/// <summary>
/// How far one connection of the yardstick is in its stream, in native memory: the kernel's event carries its address. It checks nothing that an honest client does right.
/// </summary>
internal unsafe struct FloorConnection
{
    /// <summary>So much lies free in front of what was received: the answer begins there, since the header of a frame may have come, and been taken, before.</summary>
    public const int Room = 16;

    private const int LongestHeader = 14;
    private const int MaskLength = 4;

    private fixed byte _header[LongestHeader];
    private byte _headerLength;
    private bool _isCloseFrame;
    private uint _key;
    private long _left;

    /// <summary>The socket.</summary>
    public int Fd;

    /// <summary>Whether the handshake is done.</summary>
    public bool IsOpen;

    /// <summary>Whether it is to be closed, when everything has left.</summary>
    public bool IsClosing;

    /// <summary>What the kernel has not taken: a buffer that is kept once it was needed.</summary>
    public byte* Rest;

    /// <summary>Where in the buffer it begins.</summary>
    public int RestAt;

    /// <summary>How much it is.</summary>
    public int RestLength;

    /// <summary>Turns frames of a client into the same frames of a server, in place. A large one is not collected.</summary>
    /// <param name="input">What has come; the answer begins <see cref="Room"/> bytes before it.</param>
    /// <param name="count">How much of it.</param>
    /// <returns>The length of the answer.</returns>
    public int Echo(byte* input, int count)
    {
        byte* end = input + count;
        byte* start = input - Room;
        byte* to = start;
        while (input < end)
        {
            if (_left == 0 && !TryReadHeader(ref input, end, ref to))
                break;

            int piece = (int)Math.Min(_left, end - input);
            Unmask(input, to, piece);
            input += piece;
            to += piece;
            _left -= piece;
            if (_left == 0 && _isCloseFrame)
            {
                IsClosing = true;
                break;
            }
        }

        return (int)(to - start);
    }

    private bool TryReadHeader(ref byte* input, byte* end, ref byte* to)
    {
        while (_headerLength < 2 || _headerLength < HeaderLength)
        {
            if (input == end)
                return false;
            _header[_headerLength++] = *input++;
        }

        int length = HeaderLength - MaskLength;
        _left = _header[1] & 0x7F;
        if (length > 2)
        {
            _left = 0;
            for (int i = 2; i < length; i++) _left = (_left << 8) | _header[i];
        }

        _key = 0;
        for (int i = 0; i < MaskLength; i++) _key |= (uint)_header[length + i] << (8 * i);
        _isCloseFrame = (_header[0] & 0x0F) == 8;
        _headerLength = 0;

        _header[1] &= 0x7F;
        for (int i = 0; i < length; i++) *to++ = _header[i];
        return true;
    }

    private readonly int HeaderLength => (_header[1] & 0x7F) switch { 126 => 8, 127 => LongestHeader, _ => 6 };

    /// <summary>The bytes go down in memory, so that what is written was read before.</summary>
    private void Unmask(byte* from, byte* to, int count)
    {
        int i = 0;
        Vector<byte> key = Vector.AsVectorByte(new Vector<uint>(_key));
        for (; i + Vector<byte>.Count <= count; i += Vector<byte>.Count)
            (Vector.Load(from + i) ^ key).Store(to + i);
        for (; i < count; i++)
            to[i] = (byte)(from[i] ^ (byte)(_key >> (8 * (i & 3))));

        // The next piece of the payload begins where this one ends.
        _key = BitOperations.RotateRight(_key, 8 * (count & 3));
    }
}
