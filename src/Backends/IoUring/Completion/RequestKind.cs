namespace EventLoops.IoUring;

/// <summary>What a request was for. It is part of the request's key, so that the answer to one whose descriptor is long gone is still understood.</summary>
internal enum RequestKind
{
    /// <summary>To tell when the descriptor of a watch is ready.</summary>
    Poll = 0,

    /// <summary>To receive into provided buffers for as long as bytes come.</summary>
    Receive = 1,

    /// <summary>To accept for as long as connections come.</summary>
    Accept = 2,

    /// <summary>To send what was written in a turn.</summary>
    Send = 3,

    /// <summary>To send what was left when the socket was closed.</summary>
    Parting = 4,
}

/// <summary>The 64 bits that the kernel gives back with each answer: the number of the request, what it was for, and its descriptor.</summary>
internal readonly record struct RequestKey(RequestKind Kind, int Fd, uint Number)
{
    // A process with half a thousand million descriptors would need more memory for them than any machine has.
    private const int KindShift = 29;
    private const uint FdMask = (1u << KindShift) - 1;

    public static RequestKey Of(ulong key) => new((RequestKind)((uint)key >> KindShift), (int)((uint)key & FdMask), (uint)(key >> 32));

    public ulong ToBits() => ((ulong)Number << 32) | ((uint)Kind << KindShift) | ((uint)Fd & FdMask);
}
