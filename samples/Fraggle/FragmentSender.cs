using System.Buffers.Binary;
using EventLoops;

namespace Fraggle;

/// <summary>
/// What one side says: a binary message in random fragments, then one of four bytes, which is the sum of all its bytes in network order; and so on.
/// </summary>
internal sealed class FragmentSender(FraggleOptions options, Random random, long count)
{
    // A peer that reads as fast as we write would be the only one that is served; after this much the others have their turn.
    private const int BytesPerTurn = 64 * 1024;

    private readonly byte[] _fragment = new byte[options.LongestFragment];
    private MessageWriter _message;
    private int _fragmentsLeft;
    private uint _sum;

    /// <summary>How many messages were sent, each with its sum.</summary>
    public long Messages { get; private set; }

    /// <summary>How many bytes the messages had, without the sums.</summary>
    public long Bytes { get; private set; }

    /// <summary>Whether all was sent that was wanted.</summary>
    public bool IsDone => Messages == count;

    /// <summary>Sends what the connection takes, and asks to go on when there is more.</summary>
    public void Send(Connection connection)
    {
        int written = 0;
        while (!IsDone && written < BytesPerTurn)
        {
            int length = SendNext(connection);
            if (length == 0)
                break;
            written += length;
        }

        if (!IsDone)
            connection.RequestWritable();
    }

    /// <summary>Sends a fragment or a sum. Returns how many bytes were taken; 0 for none.</summary>
    private int SendNext(Connection connection)
    {
        if (_message.IsOpen)
            return SendFragment();
        if (_fragmentsLeft == 0)
            return Begin(connection);

        return SendSum(connection);
    }

    private int Begin(Connection connection)
    {
        _message = connection.BeginMessage(MessageKind.Binary);
        _fragmentsLeft = random.Next(1, options.MostFragments + 1);
        _sum = 0;
        return SendFragment();
    }

    private int SendFragment()
    {
        Span<byte> fragment = _fragment.AsSpan(0, random.Next(1, _fragment.Length + 1));
        random.NextBytes(fragment);
        WriteResult result = _fragmentsLeft == 1 ? _message.TryEnd(fragment) : _message.TrySend(fragment);
        if (result != WriteResult.Accepted)
            return 0;

        // The last one stays counted until the sum has left, which is how the next step knows that the sum is due.
        if (_message.IsOpen)
            _fragmentsLeft--;
        Bytes += fragment.Length;
        _sum += Checksum.Of(fragment);
        return fragment.Length;
    }

    private int SendSum(Connection connection)
    {
        Span<byte> sum = stackalloc byte[sizeof(uint)];
        BinaryPrimitives.WriteUInt32BigEndian(sum, _sum);
        if (connection.TrySend(sum, MessageKind.Binary) != WriteResult.Accepted)
            return 0;

        _fragmentsLeft = 0;
        Messages++;
        return sum.Length;
    }
}
