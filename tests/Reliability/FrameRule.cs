using System.Buffers.Binary;
using Xunit;

namespace EventLoops.Tests.Reliability;

/// <summary>A rule of framing: the bytes that break it, and what the peer and the user are told. W01 to W07, one line for each input.</summary>
/// <param name="Name">The row, and what is sent.</param>
/// <param name="Bytes">What a peer sends.</param>
/// <param name="Code">The close code that it is answered with.</param>
/// <param name="Fault">The rule as the user is told of it.</param>
/// <param name="OnlyTo">The side that it is sent to; null for both.</param>
internal sealed record FrameRule(string Name, Func<RawPeer, byte[]> Bytes, int Code, ProtocolFault Fault, Side? OnlyTo = null)
{
    private const byte Text = 0x81;
    private const byte TextBegins = 0x01;
    private const byte Binary = 0x82;
    private const byte BinaryBegins = 0x02;
    private const byte Close = 0x88;
    private const byte Ping = 0x89;
    private const byte Pong = 0x8A;
    private const byte Final = 0x80;
    private const byte Masked = 0x80;

    private static readonly FrameRule[] s_all =
    [
        new("W01 an unmasked frame to a server", _ => RawFrame.Write(1, "hello"u8), 1002, ProtocolFault.UnmaskedFrame, Side.Server),
        new("W01 a masked frame to a client", _ => RawFrame.Write(1, "hello"u8, maskKey: 0), 1002, ProtocolFault.MaskedFrame, Side.Client),

        .. Each([0x40, 0x20, 0x10, 0x70], bits => new($"W02 reserved bits {bits:X2} on text", peer => Frame(peer, (byte)(Text | bits), "hello"u8), 1002, ProtocolFault.ReservedBitSet)),
        .. Each([Close, Ping, Pong], first => new($"W02 RSV1 on control frame {first:X2}", peer => Frame(peer, (byte)(first | 0x40), default), 1002, ProtocolFault.ReservedBitSet)),
        new("W02 RSV1 on a continuation", peer => [.. Frame(peer, TextBegins, "he"u8), .. Frame(peer, 0xC0, "llo"u8)], 1002, ProtocolFault.ReservedBitSet),

        .. Each([3, 4, 5, 6, 7, 11, 12, 13, 14, 15], opcode => new($"W03 opcode {opcode}", peer => Frame(peer, (byte)(Final | opcode), default), 1002, ProtocolFault.UnknownOpcode)),

        .. Each([Close, Ping, Pong], first => new($"W04 control frame {first:X2} without FIN", peer => Frame(peer, (byte)(first & ~Final), default), 1002, ProtocolFault.FragmentedControlFrame)),
        .. Each([Close, Ping, Pong], first => new($"W04 control frame {first:X2} of 126 bytes", peer => Frame(peer, (byte)first, new byte[126]), 1002, ProtocolFault.ControlFrameTooLong)),

        .. Each<ulong>([0, 5, long.MaxValue], low => new($"W05 the top bit of the length and {low}", peer => Header(peer, Text, low | (1UL << 63)), 1002, ProtocolFault.LengthNegative)),
        .. Each<ulong>([long.MaxValue, (1UL << 32) + 5], length => new($"W05 length {length} above the limit", peer => Header(peer, Text, length), 1009, ProtocolFault.MessageTooBig)),

        .. Each([0, 125], length => new($"W06 length {length} in two bytes", peer => Header(peer, Text, (ushort)length), 1002, ProtocolFault.LengthNotShortest)),
        .. Each([0, 126, 65_535], length => new($"W06 length {length} in eight bytes", peer => Header(peer, Text, (ulong)length), 1002, ProtocolFault.LengthNotShortest)),

        .. Each([0, Final], first => new($"W07 continuation {first:X2} of nothing", peer => Frame(peer, (byte)first, "x"u8), 1002, ProtocolFault.NothingToContinue)),
        .. Each([Text, Binary, TextBegins, BinaryBegins], first => new($"W07 message {first:X2} inside a message",
            peer => [.. Frame(peer, TextBegins, "one"u8), .. Frame(peer, (byte)first, "two"u8)], 1002, ProtocolFault.MessageInsideMessage)),
    ];

    /// <summary>Each rule for each side that can break it.</summary>
    public static TheoryData<Side, string> OnEachSide()
    {
        TheoryData<Side, string> data = [];
        foreach (FrameRule rule in s_all)
        {
            if (rule.OnlyTo != Side.Client) data.Add(Side.Server, rule.Name);
            if (rule.OnlyTo != Side.Server) data.Add(Side.Client, rule.Name);
        }

        return data;
    }

    /// <summary>The rule of a name.</summary>
    public static FrameRule Named(string name) => s_all.Single(rule => rule.Name == name);

    /// <summary>A frame with any first byte, whose payload a key of zero leaves as it is when it has to be masked.</summary>
    public static byte[] Frame(RawPeer peer, byte first, ReadOnlySpan<byte> payload)
    {
        byte[] frame = RawFrame.Write(0, payload, maskKey: peer.IsClient ? 0 : null);
        frame[0] = first;
        return frame;
    }

    private static IEnumerable<FrameRule> Each<T>(T[] inputs, Func<T, FrameRule> rule) => inputs.Select(rule);

    /// <summary>The header of a frame with a length of eight bytes. Nothing of the payload is sent.</summary>
    private static byte[] Header(RawPeer peer, byte first, ulong length)
    {
        byte[] wide = new byte[sizeof(ulong)];
        BinaryPrimitives.WriteUInt64BigEndian(wide, length);
        return [first, (byte)((peer.IsClient ? Masked : 0) | 127), .. wide, .. peer.IsClient ? new byte[4] : []];
    }

    /// <summary>The header of a frame with a length of two bytes.</summary>
    private static byte[] Header(RawPeer peer, byte first, ushort length) =>
        [first, (byte)((peer.IsClient ? Masked : 0) | 126), (byte)(length >> 8), (byte)length, .. peer.IsClient ? new byte[4] : []];
}
