using System.Runtime.CompilerServices;
using System.Runtime.InteropServices;

namespace EventLoops.Epoll;

/// <summary>
/// The kernel's <c>struct epoll_event</c>: a mask and eight bytes of the caller's, in which travel a descriptor and the generation of its watch. On x64 it is
/// packed into twelve bytes, everywhere else it has the natural sixteen, so it is read and written by hand.
/// </summary>
internal readonly unsafe struct EpollEvent(int fd, uint generation, PollEvents events)
{
    /// <summary>Room for one on every machine.</summary>
    public const int Size = 16;

    /// <summary>From one to the next in an array that the kernel fills.</summary>
    public static readonly int Stride = RuntimeInformation.ProcessArchitecture == Architecture.X64 ? 12 : 16;

    private static readonly int DataOffset = Stride - sizeof(ulong);

    public int Fd { get; } = fd;

    public uint Generation { get; } = generation;

    /// <summary>The mask. epoll's bits for these five are poll's.</summary>
    public PollEvents Events { get; } = events;

    public static EpollEvent Read(byte* array, int index)
    {
        byte* place = array + (index * Stride);
        ulong data = Unsafe.ReadUnaligned<ulong>(place + DataOffset);
        return new EpollEvent((int)(uint)data, (uint)(data >> 32), (PollEvents)(short)Unsafe.ReadUnaligned<uint>(place));
    }

    public static int ReadFd(byte* array, int index) => Unsafe.ReadUnaligned<int>(array + (index * Stride) + DataOffset);

    public void Write(byte* place)
    {
        Unsafe.WriteUnaligned(place, (uint)Events);
        Unsafe.WriteUnaligned(place + DataOffset, (uint)Fd | ((ulong)Generation << 32));
    }
}
