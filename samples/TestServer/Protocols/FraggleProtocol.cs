using System.Buffers.Binary;
using EventLoops;

namespace TestServer.Protocols;

/// <summary>
/// <c>fraggle-protocol</c>: a binary message in 1 to 1,024 fragments of 1 to 512 random bytes, then one of four bytes, which is the sum of
/// them all in network order; and so on, for as long as the peer reads.
/// </summary>
internal sealed class FraggleProtocol() : Protocol<FraggleProtocol.Session>("fraggle-protocol")
{
    private const int MostFragments = 1024;
    private const int LongestFragment = 512;

    // A peer that reads as fast as we write would be the only one that is served; after this much the others have their turn.
    private const int BytesPerTurn = 64 * 1024;

    protected override CallbackResult OnEstablished(Connection connection, ref Session session)
    {
        BeginMessage(ref session);
        connection.RequestWritable();
        return CallbackResult.Continue;
    }

    protected override CallbackResult OnWritable(Connection connection, ref Session session)
    {
        int written = 0;
        while (written < BytesPerTurn)
        {
            int length = session.Sent < session.Fragments ? WriteFragment(connection, ref session) : WriteSum(connection, ref session);
            if (length == 0)
                break;
            written += length;
        }

        connection.RequestWritable();
        return CallbackResult.Continue;
    }

    private static void BeginMessage(ref Session session) =>
        session = new Session { Fragments = Random.Shared.Next(1, MostFragments + 1) };

    /// <summary>Writes the next fragment of the message. Returns how many bytes were taken; 0 for none.</summary>
    private static int WriteFragment(Connection connection, ref Session session)
    {
        Span<byte> room = stackalloc byte[LongestFragment];
        Span<byte> fragment = room[..Random.Shared.Next(1, LongestFragment + 1)];
        Random.Shared.NextBytes(fragment);
        if (connection.Write(fragment, MessageKind.Binary, NextPlace(session.Sent, session.Fragments)) != WriteResult.Accepted)
            return 0;

        session.Sent++;
        foreach (byte value in fragment)
            session.Sum += value;
        return fragment.Length;
    }

    private static int WriteSum(Connection connection, ref Session session)
    {
        Span<byte> sum = stackalloc byte[sizeof(uint)];
        BinaryPrimitives.WriteUInt32BigEndian(sum, session.Sum);
        if (connection.Write(sum, MessageKind.Binary) != WriteResult.Accepted)
            return 0;

        BeginMessage(ref session);
        return sum.Length;
    }

    private static MessagePart NextPlace(int sent, int fragments) => (sent == 0, sent == fragments - 1) switch
    {
        (true, true) => MessagePart.Whole,
        (true, false) => MessagePart.First,
        (false, true) => MessagePart.Last,
        (false, false) => MessagePart.Middle,
    };

    /// <summary>How far the message has come, and the sum of its bytes.</summary>
    internal struct Session
    {
        public int Fragments;
        public int Sent;
        public uint Sum;
    }
}
