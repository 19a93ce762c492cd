using System.Numerics;
using System.Runtime.InteropServices;

namespace EventLoops.Benchmarks.Load.Floor;

/// <summary>How far one connection of the yardstick is in its stream. It checks nothing that an honest client does right.</summary>
internal sealed unsafe class FloorConnection
{
    private const int LongestHeader = 14;

    private readonly byte[] _header = new byte[LongestHeader];
    private int _headerLength;
    private long _left;
    private uint _key;

    /// <summary>Whether the handshake is done.</summary>
    public bool IsOpen { get; set; }

    /// <summary>What the kernel has not taken.</summary>
    public byte[]? Unsent { get; set; }

    /// <summary>Turns frames of a client into the same frames of a server, as far as the bytes go.</summary>
    /// <param name="input">What has come.</param>
    /// <param name="count">How much of it.</param>
    /// <param name="output">Where the answer goes, which is never longer than what it answers.</param>
    /// <param name="isClosed">Whether a close frame is among it.</param>
    /// <returns>The length of the answer.</returns>
    public int Echo(byte* input, int count, byte* output, ref bool isClosed)
    {
        byte* end = input + count;
        byte* to = output;
        while (input < end)
        {
            if (_left == 0 && !TryReadHeader(ref input, end, ref to, ref isClosed))
                break;

            int piece = (int)Math.Min(_left, end - input);
            Unmask(input, to, piece);
            input += piece;
            to += piece;
            _left -= piece;
        }

        return (int)(to - output);
    }

    private bool TryReadHeader(ref byte* input, byte* end, ref byte* to, ref bool isClosed)
    {
        while (_headerLength < 2 || _headerLength < HeaderLength)
        {
            if (input == end)
                return false;
            _header[_headerLength++] = *input++;
        }

        int lengthBytes = HeaderLength - 6;
        _left = _header[1] & 0x7F;
        if (lengthBytes > 0)
        {
            _left = 0;
            for (int i = 0; i < lengthBytes; i++) _left = (_left << 8) | _header[2 + i];
        }

        _key = MemoryMarshal.Read<uint>(_header.AsSpan(2 + lengthBytes));
        isClosed |= (_header[0] & 0x0F) == 8;
        *to++ = _header[0];
        *to++ = (byte)(_header[1] & 0x7F);
        for (int i = 0; i < lengthBytes; i++) *to++ = _header[2 + i];
        _headerLength = 0;
        return true;
    }

    private int HeaderLength => (_header[1] & 0x7F) switch { 126 => 8, 127 => 14, _ => 6 };

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
