using System.Buffers.Binary;
using System.Collections.Concurrent;
using System.Net;
using System.Net.Sockets;

namespace EventLoops;

/// <summary>
/// How many connections each address has, over all service threads, where that is limited. It costs one question to the kernel for each connection.
/// </summary>
/// <remarks>
/// A connection is counted where it is accepted and leaves on its own thread, so this is the one table that several threads write to. Numbers are changed by
/// compare and exchange; only the first and the last connection of an address hold a part of the table for a few instructions.
/// </remarks>
internal sealed class AddressLimit(int most)
{
    /// <summary>The key of peers that have no address, such as those of Unix sockets, which are not limited.</summary>
    public const ulong None = 0;

    private readonly ConcurrentDictionary<ulong, int> _counts = new();

    /// <summary>
    /// What stands for an address: an IPv4 address as a whole, also when it came over IPv6, and the network of an IPv6 address, its first 64 bits, since
    /// whoever has one has all of it (RFC 4291 2.5.4).
    /// </summary>
    public static ulong KeyOf(EndPoint? peer)
    {
        if (peer is not IPEndPoint { Address: { } address })
            return None;

        Span<byte> bytes = stackalloc byte[16];
        if (address.IsIPv4MappedToIPv6)
            address = address.MapToIPv4();
        if (!address.TryWriteBytes(bytes, out _))
            return None;
        if (address.AddressFamily == AddressFamily.InterNetwork)
            return 0xFFFF_0000_0000UL | BinaryPrimitives.ReadUInt32BigEndian(bytes);

        // The network of all zeros is that of ::1.
        return Math.Max(1, BinaryPrimitives.ReadUInt64BigEndian(bytes));
    }

    /// <summary>Counts one more, unless there are as many as there may be.</summary>
    public bool TryEnter(ulong key)
    {
        if (key == None)
            return true;

        while (true)
        {
            if (!_counts.TryGetValue(key, out int count))
            {
                if (_counts.TryAdd(key, 1))
                    return true;
                continue;
            }

            if (count >= most)
                return false;
            if (_counts.TryUpdate(key, count + 1, count))
                return true;
        }
    }

    /// <summary>Counts one less.</summary>
    public void Leave(ulong key)
    {
        if (key == None)
            return;

        while (_counts.TryGetValue(key, out int count))
        {
            if (count == 1 ? _counts.TryRemove(new KeyValuePair<ulong, int>(key, 1)) : _counts.TryUpdate(key, count - 1, count))
                return;
        }
    }
}
