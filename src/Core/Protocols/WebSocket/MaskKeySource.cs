using System.Runtime.InteropServices;
using System.Security.Cryptography;

namespace EventLoops.Protocols.WebSocket;

/// <summary>
/// The mask keys of a client. RFC 6455 10.3: a key must not be predictable by whoever chose the payload, so they come from the
/// system's random source; they are drawn in blocks because one call for each frame would cost more than the frame. One thread.
/// </summary>
internal sealed class MaskKeySource
{
    private const int KeysPerBlock = 256;

    private readonly uint[] _keys = new uint[KeysPerBlock];
    private int _next = KeysPerBlock;

    /// <summary>A key that has never been handed out.</summary>
    internal uint Next()
    {
        if (_next == KeysPerBlock) Refill();
        uint key = _keys[_next];
        // A used key is forgotten, so that a dump of the memory tells only what is still to come on no wire.
        _keys[_next++] = 0;
        return key;
    }

    private void Refill()
    {
        RandomNumberGenerator.Fill(MemoryMarshal.AsBytes(_keys.AsSpan()));
        _next = 0;
    }
}
