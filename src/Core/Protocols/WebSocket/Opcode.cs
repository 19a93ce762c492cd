namespace EventLoops.Protocols.WebSocket;

/// <summary>The opcodes of RFC 6455 5.2 that are in use; the others are reserved.</summary>
internal static class Opcode
{
    internal const byte Continuation = 0x0;
    internal const byte Text = 0x1;
    internal const byte Binary = 0x2;
    internal const byte Close = 0x8;
    internal const byte Ping = 0x9;
    internal const byte Pong = 0xA;
}
