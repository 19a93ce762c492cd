using System.Buffers.Binary;
using System.Net;

namespace EventLoops.Protocols.Proxy;

/// <summary>How far a header has been read.</summary>
internal enum ProxyHeaderStatus : byte
{
    NeedMore,
    Complete,
    Fault,
}

/// <summary>What the addresses of a header are.</summary>
internal enum ProxyFamily : byte
{
    /// <summary>There are none, and those of the socket stay: LOCAL, UNSPEC and UNKNOWN.</summary>
    None,

    /// <summary>IPv4 or IPv6 with a port.</summary>
    Internet,

    /// <summary>The paths of Unix sockets.</summary>
    Unix,
}

/// <summary>
/// The header of the PROXY protocol, by which a proxy tells whom it speaks for, in its two versions: a line of text, and a block with a signature. It is the first
/// that is sent on a connection. The specification is that of HAProxy, <c>proxy-protocol.txt</c>; it forbids to guess whether a header comes, so whoever
/// expects one takes nothing else.
/// </summary>
/// <remarks>This file tells the versions apart and reads the block, <c>ProxyLine.cs</c> the line of text.</remarks>
internal readonly struct ProxyHeader
{
    /// <summary>The longest block that is taken, addresses and extensions: no proxy sends as much, and the certificates that some add fit.</summary>
    public const int MaxBlock = 2048;

    private const int FixedSize = 16;
    private const int LengthOffset = 14;
    private const int InternetBlock = 12;
    private const int Internet6Block = 36;
    private const int PathSize = 108;
    private const int ExtensionHeader = 3;

    private static ReadOnlySpan<byte> Signature => "\r\n\r\n\0\r\nQUIT\n"u8;

    public ProxyFamily Family { get; private init; }

    public IPEndPoint? Source { get; init; }

    public IPEndPoint? Destination { get; init; }

    /// <summary>The path of the client's Unix socket; empty for one without a name.</summary>
    public string? SourcePath { get; private init; }

    /// <summary>The path of the Unix socket that it connected to.</summary>
    public string? DestinationPath { get; private init; }

    public static ProxyHeader Without => default;

    public static ProxyHeader Between(IPEndPoint source, IPEndPoint destination) =>
        new() { Family = ProxyFamily.Internet, Source = source, Destination = destination };

    /// <summary>Reads a header from everything that has come so far.</summary>
    /// <param name="bytes">All bytes of the connection from its first.</param>
    /// <param name="header">What it says, when it is complete.</param>
    /// <param name="consumed">How long it is, when it is complete; what follows belongs to whatever is spoken next.</param>
    /// <param name="fault">What is wrong with it.</param>
    public static ProxyHeaderStatus Read(ReadOnlySpan<byte> bytes, out ProxyHeader header, out int consumed, out ProtocolFault fault)
    {
        header = default;
        consumed = 0;
        fault = ProtocolFault.None;
        if (bytes.IsEmpty)
            return ProxyHeaderStatus.NeedMore;
        if (BeginsAs(bytes, ProxyLine.Word))
            return ProxyLine.Read(bytes, out header, out consumed, out fault);
        if (!BeginsAs(bytes, Signature))
        {
            fault = ProtocolFault.ProxyHeaderMissing;
            return ProxyHeaderStatus.Fault;
        }

        return ReadBlock(bytes, out header, out consumed, out fault);
    }

    private static bool BeginsAs(ReadOnlySpan<byte> bytes, ReadOnlySpan<byte> word)
    {
        int known = Math.Min(bytes.Length, word.Length);
        return bytes[..known].SequenceEqual(word[..known]);
    }

    private static ProxyHeaderStatus ReadBlock(ReadOnlySpan<byte> bytes, out ProxyHeader header, out int consumed, out ProtocolFault fault)
    {
        header = default;
        consumed = 0;
        fault = CheckFixedPart(bytes);
        if (fault != ProtocolFault.None)
            return ProxyHeaderStatus.Fault;
        if (bytes.Length < FixedSize)
            return ProxyHeaderStatus.NeedMore;

        int length = BinaryPrimitives.ReadUInt16BigEndian(bytes[LengthOffset..]);
        if (bytes.Length < FixedSize + length)
            return ProxyHeaderStatus.NeedMore;

        consumed = FixedSize + length;

        // Section 2.2: with LOCAL the proxy speaks for itself, and whatever is in the block is skipped, the family included.
        bool isLocal = bytes[12] == 0x20;
        fault = isLocal ? ProtocolFault.None : ReadAddresses(bytes[13], bytes.Slice(FixedSize, length), out header);
        return fault == ProtocolFault.None ? ProxyHeaderStatus.Complete : ProxyHeaderStatus.Fault;
    }

    /// <summary>Each byte is judged as soon as it is there, so that nobody is waited for in vain.</summary>
    private static ProtocolFault CheckFixedPart(ReadOnlySpan<byte> bytes)
    {
        if (bytes.Length > 12 && bytes[12] >> 4 != 2)
            return ProtocolFault.ProxyVersionUnknown;
        if (bytes.Length > 12 && (bytes[12] & 0xF) > 1)
            return ProtocolFault.ProxyCommandUnknown;
        if (bytes.Length >= FixedSize && BinaryPrimitives.ReadUInt16BigEndian(bytes[LengthOffset..]) > MaxBlock)
            return ProtocolFault.ProxyHeaderTooLong;
        return ProtocolFault.None;
    }

    private static ProtocolFault ReadAddresses(byte kind, ReadOnlySpan<byte> block, out ProxyHeader header)
    {
        header = default;

        // The high half is the family, the low half the transport. A connection that came as a stream of bytes cannot speak for datagrams.
        int size = kind switch
        {
            0x00 => 0,
            0x11 => InternetBlock,
            0x21 => Internet6Block,
            0x31 => 2 * PathSize,
            _ => -1,
        };
        if (size < 0)
            return ProtocolFault.ProxyFamilyInvalid;
        if (block.Length < size)
            return ProtocolFault.ProxyAddressInvalid;

        header = kind switch
        {
            0x11 => Between(EndPointAt(block, 0, 4, 8), EndPointAt(block, 4, 4, 10)),
            0x21 => Between(EndPointAt(block, 0, 16, 32), EndPointAt(block, 16, 16, 34)),
            0x31 => new ProxyHeader
            {
                Family = ProxyFamily.Unix,
                SourcePath = PathAt(block[..PathSize]),
                DestinationPath = PathAt(block.Slice(PathSize, PathSize)),
            },
            _ => default,
        };
        return CheckExtensions(block[size..]);
    }

    private static IPEndPoint EndPointAt(ReadOnlySpan<byte> block, int address, int size, int port) =>
        new(new IPAddress(block.Slice(address, size)), BinaryPrimitives.ReadUInt16BigEndian(block[port..]));

    /// <summary>An abstract name begins with a zero, which is written as an @, as everywhere here.</summary>
    private static string PathAt(ReadOnlySpan<byte> path)
    {
        bool isAbstract = path[0] == 0 && path[1] != 0;
        ReadOnlySpan<byte> name = isAbstract ? path[1..] : path;
        int end = name.IndexOf((byte)0);
        string text = System.Text.Encoding.UTF8.GetString(end < 0 ? name : name[..end]);
        return isAbstract ? "@" + text : text;
    }

    /// <summary>Section 2.2: type, length, value, one after the other. None is needed here, and all are skipped, but they must add up.</summary>
    private static ProtocolFault CheckExtensions(ReadOnlySpan<byte> rest)
    {
        while (!rest.IsEmpty)
        {
            if (rest.Length < ExtensionHeader)
                return ProtocolFault.ProxyExtensionMalformed;

            int length = BinaryPrimitives.ReadUInt16BigEndian(rest[1..]);
            if (rest.Length < ExtensionHeader + length)
                return ProtocolFault.ProxyExtensionMalformed;

            rest = rest[(ExtensionHeader + length)..];
        }

        return ProtocolFault.None;
    }
}
