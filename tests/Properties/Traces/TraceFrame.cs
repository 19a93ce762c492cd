using System.Globalization;
using System.Text;

namespace EventLoops.Tests.Traces;

/// <summary>Something that a peer says on an open WebSocket.</summary>
public abstract record TraceFrame
{
    /// <summary>The bytes.</summary>
    public abstract byte[] Bytes(RawPeer peer);
}

/// <summary>A message in one or several fragments of these sizes.</summary>
public sealed record MessageFrames(bool IsText, IReadOnlyList<int> Sizes) : TraceFrame
{
    /// <summary>The payload of all fragments together.</summary>
    public int Length => Sizes.Sum();

    /// <inheritdoc/>
    public override byte[] Bytes(RawPeer peer)
    {
        List<byte> bytes = [];
        for (int i = 0; i < Sizes.Count; i++)
        {
            byte opcode = (byte)(i > 0 ? 0 : IsText ? 1 : 2);
            bytes.AddRange(peer.Frame(opcode, Encoding.ASCII.GetBytes(new string('a', Sizes[i])), isFinal: i == Sizes.Count - 1));
        }

        return [.. bytes];
    }

    /// <inheritdoc/>
    public override string ToString() => $"{(IsText ? "text" : "binary")} {string.Join('+', Sizes)}";
}

/// <summary>A ping or a pong.</summary>
public sealed record HeartFrame(bool IsPing, int Length) : TraceFrame
{
    /// <inheritdoc/>
    public override byte[] Bytes(RawPeer peer) => peer.Frame((byte)(IsPing ? 9 : 10), new byte[Length]);

    /// <inheritdoc/>
    public override string ToString() => string.Create(CultureInfo.InvariantCulture, $"{(IsPing ? "ping" : "pong")} {Length}");
}

/// <summary>A close frame; code 0 is one without a code.</summary>
public sealed record CloseFrame(int Code, int ReasonLength) : TraceFrame
{
    /// <inheritdoc/>
    public override byte[] Bytes(RawPeer peer) =>
        peer.Frame(RawFrame.CloseOpcode, Code == 0 ? [] : RawFrame.ClosePayload(Code, new string('r', ReasonLength)));

    /// <inheritdoc/>
    public override string ToString() => string.Create(CultureInfo.InvariantCulture, $"close {Code}") + (ReasonLength > 0 ? $" with {ReasonLength}" : "");
}

/// <summary>How a frame can be wrong.</summary>
public enum Badness
{
    /// <summary>A client's frame without a mask, or a server's with one (RFC 6455 5.1).</summary>
    WrongMask,

    /// <summary>An opcode that means nothing (RFC 6455 5.2).</summary>
    UnknownOpcode,

    /// <summary>A reserved bit that nobody has agreed on (RFC 6455 5.2).</summary>
    ReservedBit,

    /// <summary>A ping in fragments (RFC 6455 5.5).</summary>
    FragmentedPing,

    /// <summary>A continuation of nothing (RFC 6455 5.4).</summary>
    LonelyContinuation,

    /// <summary>Text that is not UTF-8 (RFC 6455 8.1).</summary>
    BadText,

    /// <summary>A close code that may not be sent (RFC 6455 7.4.1).</summary>
    BadCloseCode,
}

/// <summary>A frame that breaks a rule. It is never cut, so that it is plain when the rule is broken.</summary>
public sealed record BadFrame(Badness Badness) : TraceFrame
{
    private const uint Mask = 0x1234_5678;

    /// <inheritdoc/>
    public override byte[] Bytes(RawPeer peer) => Badness switch
    {
        Badness.WrongMask => RawFrame.Write(2, [1, 2], maskKey: peer.IsClient ? null : Mask),
        Badness.UnknownOpcode => peer.Frame(3, [1]),
        Badness.ReservedBit => WithReservedBit(peer.Frame(2, [1])),
        Badness.FragmentedPing => peer.Frame(9, [1], isFinal: false),
        Badness.LonelyContinuation => peer.Frame(0, [1]),
        Badness.BadText => peer.Frame(1, [0xFF]),
        _ => peer.Frame(RawFrame.CloseOpcode, RawFrame.ClosePayload(1005)),
    };

    /// <inheritdoc/>
    public override string ToString() => $"bad: {Badness}";

    private static byte[] WithReservedBit(byte[] frame)
    {
        frame[0] |= 0x40;
        return frame;
    }
}
