using System.Text;
using FsCheck;
using FsCheck.Fluent;

namespace EventLoops.Tests.WebSocket;

/// <summary>How one side is set up.</summary>
public sealed record TalkSide(bool ServerForgets, bool ClientForgets, int ServerBits, int ClientBits, int Level, int MinSize, int BufferBits, DeflateLibrary Library)
{
    /// <summary>The extension. The framework's compressor has one window, so it is taken only where that fits.</summary>
    public PermessageDeflate Build() => new()
    {
        ServerNoContextTakeover = ServerForgets,
        ClientNoContextTakeover = ClientForgets,
        ServerMaxWindowBits = Library == DeflateLibrary.Framework ? 15 : ServerBits,
        ClientMaxWindowBits = Library == DeflateLibrary.Framework ? 15 : ClientBits,
        CompressionLevel = Level,
        MinMessageSize = MinSize,
        ReceiveBufferBits = BufferBits,
        SendBufferBits = BufferBits,
        Library = Library,
    };
}

/// <summary>One message: its size, how much of it repeats, and how it is sent.</summary>
public sealed record TalkMessage(int Size, int Variety, bool IsText, int Parts, bool Compress, bool WaitsForEcho)
{
    /// <summary>The bytes, always the same for the same message.</summary>
    public byte[] Bytes()
    {
        Random random = new(Size * 31 + Variety);
        byte[] bytes = new byte[Size];
        for (int i = 0; i < bytes.Length; i++) bytes[i] = IsText ? (byte)('a' + random.Next(Variety % 26 + 1)) : (byte)random.Next(Variety % 256 + 1);
        return bytes;
    }

    /// <summary>Sends it in its parts, turning the loop while the kernel is busy.</summary>
    public void Send(Connection connection, byte[] bytes, Action turn)
    {
        ArgumentNullException.ThrowIfNull(connection);
        ArgumentNullException.ThrowIfNull(bytes);
        ArgumentNullException.ThrowIfNull(turn);
        MessageKind kind = IsText ? MessageKind.Text : MessageKind.Binary;
        for (int i = 0; i < Parts; i++)
        {
            int from = bytes.Length * i / Parts;
            int to = bytes.Length * (i + 1) / Parts;
            MessagePart part = Parts == 1 ? MessagePart.Whole : i == 0 ? MessagePart.First : i == Parts - 1 ? MessagePart.Last : MessagePart.Middle;
            while (connection.TrySend(bytes.AsSpan(from, to - from), kind, part, Compress) == WriteResult.Busy) turn();
        }
    }

    /// <inheritdoc/>
    public override string ToString() =>
        new StringBuilder().Append(IsText ? "text " : "binary ").Append(Size).Append(" of ").Append(Variety).Append(" in ").Append(Parts)
            .Append(Compress ? "" : " plain").Append(WaitsForEcho ? " wait" : "").ToString();
}

/// <summary>A script: two sides, a kernel's seed, and messages.</summary>
public sealed record CompressedTalk(TalkSide Server, TalkSide Client, ulong Seed, bool EchoesInParts, IReadOnlyList<TalkMessage> Messages)
{
    /// <summary>Random scripts, which shrink to fewer messages.</summary>
    public static Arbitrary<CompressedTalk> All() => Arb.From(Talks(), Shrink);

    /// <inheritdoc/>
    public override string ToString() => $"server {Server}; client {Client}; seed {Seed}; {(EchoesInParts ? "echo in parts; " : "")}{string.Join(", ", Messages)}";

    private static Gen<TalkSide> Sides() =>
        from serverForgets in Gen.Elements(false, true)
        from clientForgets in Gen.Elements(false, true)
        from serverBits in Gen.Choose(8, 15)
        from clientBits in Gen.Choose(8, 15)
        from level in Gen.Choose(0, 9)
        from minSize in Gen.Elements(0, 64)
        from bufferBits in Gen.Choose(7, 16)
        from library in Gen.Elements(DeflateLibrary.Auto, DeflateLibrary.System, DeflateLibrary.Framework)
        select new TalkSide(serverForgets, clientForgets, serverBits, clientBits, level, minSize, bufferBits, library);

    private static Gen<TalkMessage> OneMessage() =>
        from size in Gen.OneOf(Gen.Choose(0, 10), Gen.Choose(11, 2000), Gen.Choose(2000, 100_000))
        from variety in Gen.Choose(0, 255)
        from isText in Gen.Elements(false, true)
        from parts in Gen.Frequency((3, Gen.Constant(1)), (1, Gen.Choose(2, 5)))
        from compress in Gen.Frequency((4, Gen.Constant(true)), (1, Gen.Constant(false)))
        from waits in Gen.Elements(false, true)
        select new TalkMessage(size, variety, isText, parts, compress, waits);

    private static Gen<CompressedTalk> Talks() =>
        from server in Sides()
        from client in Sides()
        from seed in Gen.Choose(0, 100_000)
        from echoesInParts in Gen.Elements(false, true)
        from count in Gen.Choose(1, 8)
        from messages in OneMessage().ListOf(count)
        select new CompressedTalk(server, client, (ulong)seed, echoesInParts, [.. messages]);

    private static IEnumerable<CompressedTalk> Shrink(CompressedTalk talk)
    {
        for (int i = 0; i < talk.Messages.Count; i++)
        {
            if (talk.Messages.Count > 1) yield return talk with { Messages = [.. talk.Messages.Where((_, place) => place != i)] };
            if (talk.Messages[i].Size > 1) yield return talk with { Messages = [.. talk.Messages.Select((message, place) => place == i ? message with { Size = message.Size / 2 } : message)] };
        }
    }
}
