using System.Buffers.Binary;
using System.Net;
using System.Net.Sockets;
using System.Runtime.InteropServices;

namespace EventLoops;

/// <summary>How many connections each address has, where that is limited. It costs one question to the kernel for each connection.</summary>
internal sealed class AddressLimit(int most)
{
    /// <summary>The key of peers that have no address, such as those of Unix sockets, which are not limited.</summary>
    public const ulong None = 0;

    private readonly Dictionary<ulong, int> _counts = [];

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

        ref int count = ref CollectionsMarshal.GetValueRefOrAddDefault(_counts, key, out _);
        if (count >= most)
            return false;

        count++;
        return true;
    }

    /// <summary>Counts one less.</summary>
    public void Leave(ulong key)
    {
        if (key == None)
            return;

        ref int count = ref CollectionsMarshal.GetValueRefOrNullRef(_counts, key);
        if (--count == 0)
            _counts.Remove(key);
    }
}
