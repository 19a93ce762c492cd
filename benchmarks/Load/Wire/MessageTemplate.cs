using System.Buffers.Binary;

namespace EventLoops.Benchmarks.Load.Wire;

/// <summary>
/// The messages of a run. All are of one size and differ in their first eight bytes only, which say who sent them and which one it is: an echo that is lost, doubled,
/// late or somebody else's is noticed. Since every message is equally long, any byte of a connection's stream can be made again from its position, and what
/// the kernel has not taken need not be kept.
/// </summary>
internal sealed class MessageTemplate
{
    private const int StampLength = 8;

    // Any key that is not zero does, as long as the server cannot tell (RFC 6455 5.3 is about proxies, of which there is none here).
    private const uint Key = 0x9E3779B9;

    private readonly byte[] _frame;
    private readonly byte[] _payload;
    private readonly int _headerLength;
    private readonly int _stampLength;

    public MessageTemplate(int size)
    {
        _payload = new byte[size];
        for (int i = 0; i < size; i++) _payload[i] = (byte)('0' + (i * 7 % 64));

        byte[] header = Header(size);
        _headerLength = header.Length;
        _stampLength = Math.Min(size, StampLength);
        _frame = [.. header, .. _payload];
        for (int i = 0; i < size; i++) _frame[_headerLength + i] ^= KeyByte(i);
    }

    /// <summary>The bytes of one message on the wire, from the client.</summary>
    public int FrameLength => _frame.Length;

    /// <summary>The bytes of its payload.</summary>
    public int Size => _payload.Length;

    /// <summary>Makes a piece of the stream of one connection.</summary>
    /// <param name="connection">Whose stream it is.</param>
    /// <param name="position">Where in it the piece begins.</param>
    /// <param name="destination">Filled as a whole.</param>
    public void Fill(int connection, long position, Span<byte> destination)
    {
        (long sequence, long at) = Math.DivRem(position, _frame.Length);
        int offset = (int)at;
        while (!destination.IsEmpty)
        {
            int count = Math.Min(destination.Length, _frame.Length - offset);
            Span<byte> piece = destination[..count];
            _frame.AsSpan(offset, count).CopyTo(piece);
            WriteStamp(connection, sequence, offset - _headerLength, piece);
            destination = destination[count..];
            offset = 0;
            sequence++;
        }
    }

    /// <summary>Whether a piece of an answer's payload is what was sent.</summary>
    public bool Matches(int connection, long sequence, long offset, ReadOnlySpan<byte> piece)
    {
        if (offset + piece.Length > _payload.Length)
            return false;

        Span<byte> stamp = stackalloc byte[StampLength];
        MakeStamp(connection, sequence, stamp);
        while (offset < _stampLength && !piece.IsEmpty)
        {
            if (piece[0] != stamp[(int)offset])
                return false;
            piece = piece[1..];
            offset++;
        }

        return piece.SequenceEqual(_payload.AsSpan((int)offset, piece.Length));
    }

    private static byte[] Header(int size)
    {
        byte[] header = size switch
        {
            < 126 => [0x82, (byte)(0x80 | size)],
            <= ushort.MaxValue => [0x82, 0x80 | 126, (byte)(size >> 8), (byte)size],
            _ => [0x82, 0x80 | 127, 0, 0, 0, 0, (byte)(size >> 24), (byte)(size >> 16), (byte)(size >> 8), (byte)size],
        };
        return [.. header, KeyByte(0), KeyByte(1), KeyByte(2), KeyByte(3)];
    }

    private static byte KeyByte(int index) => (byte)(Key >> (8 * (index & 3)));

    /// <summary>Thirty bits of either number, six to a printable character: text stays text.</summary>
    private static void MakeStamp(int connection, long sequence, Span<byte> stamp)
    {
        ulong number = ((ulong)(uint)connection << 30) | (ulong)(sequence & 0x3FFF_FFFF);
        BinaryPrimitives.WriteUInt64LittleEndian(stamp, 0);
        for (int i = 0; i < StampLength; i++) stamp[i] = (byte)('0' + (int)((number >> (6 * i)) & 63));
    }

    private void WriteStamp(int connection, long sequence, int payloadOffset, Span<byte> piece)
    {
        if (payloadOffset >= _stampLength || payloadOffset + piece.Length <= 0)
            return;

        Span<byte> stamp = stackalloc byte[StampLength];
        MakeStamp(connection, sequence, stamp);
        for (int i = Math.Max(payloadOffset, 0); i < Math.Min(_stampLength, payloadOffset + piece.Length); i++)
            piece[i - payloadOffset] = (byte)(stamp[i] ^ KeyByte(i));
    }
}
