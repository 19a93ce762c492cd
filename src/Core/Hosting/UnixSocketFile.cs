using System.Net.Sockets;
using System.Runtime.InteropServices;

namespace EventLoops;

/// <summary>The file that a Unix socket is bound to: who may use it, and what becomes of one that a dead process left.</summary>
internal static unsafe partial class UnixSocketFile
{
    // statx(2): what to ask for, and how the answer says socket.
    private const int CurrentDirectory = -100;
    private const int NoFollow = 0x100;
    private const uint AskForType = 0x1;
    private const int ModeOffset = 28;
    private const int TypeMask = 0xF000;
    private const int TypeSocket = 0xC000;
    private const uint Unchanged = uint.MaxValue;

    /// <summary>The path of an endpoint's file, or null when it has none: an abstract name, which is written with an @, is no file (unix(7)).</summary>
    public static string? PathOf(UnixDomainSocketEndPoint endPoint) =>
        endPoint.ToString() is { Length: > 0 } path && !path.StartsWith('@') ? path : null;

    /// <summary>Gives a file that was just bound its owner and its permissions. Nobody can connect yet: that takes listen(2).</summary>
    public static void Protect(string path, UnixSocketOptions options)
    {
        // The owner comes first: chown(2) may take bits away from the mode.
        if ((options.UserId ?? options.GroupId) is not null && ChangeOwner(path, options.UserId ?? Unchanged, options.GroupId ?? Unchanged) != 0)
            throw new LoopFaultException($"chown for {path}", (Errno)Marshal.GetLastPInvokeError());
        if (options.Mode is { } mode && ChangeMode(path, (uint)mode) != 0)
            throw new LoopFaultException($"chmod for {path}", (Errno)Marshal.GetLastPInvokeError());
    }

    /// <summary>Removes a socket file on which nobody listens.</summary>
    public static void RemoveIfStale(SocketIo io, string path)
    {
        if (IsSocket(path) && IsDeserted(io, path))
            File.Delete(path);
    }

    /// <summary>Removes the file of a socket that was closed. A process that has become another user may not be allowed to, and ends all the same.</summary>
    public static void Remove(string path)
    {
        try
        {
            File.Delete(path);
        }
        catch (Exception exception) when (exception is IOException or UnauthorizedAccessException)
        {
            System.Diagnostics.Debug.WriteLine(exception);
        }
    }

    private static bool IsSocket(string path)
    {
        byte* status = stackalloc byte[256];
        return Statx(CurrentDirectory, path, NoFollow, AskForType, status) == 0 && (*(ushort*)(status + ModeOffset) & TypeMask) == TypeSocket;
    }

    private static bool IsDeserted(SocketIo io, string path)
    {
        IoResult socket = io.OpenStream(AddressFamily.Unix);
        if (socket.IsError)
            return false;

        // A listener whose queue is full says EAGAIN; only ECONNREFUSED means that there is none (unix(7)).
        IoResult connected = io.Connect(socket.Value, new UnixDomainSocketEndPoint(path));
        io.Close(socket.Value);
        return connected.Errno == Errno.ECONNREFUSED;
    }

    [LibraryImport("libc", EntryPoint = "chown", SetLastError = true, StringMarshalling = StringMarshalling.Utf8)]
    private static partial int ChangeOwner(string path, uint user, uint group);

    [LibraryImport("libc", EntryPoint = "chmod", SetLastError = true, StringMarshalling = StringMarshalling.Utf8)]
    private static partial int ChangeMode(string path, uint mode);

    [LibraryImport("libc", EntryPoint = "statx", SetLastError = true, StringMarshalling = StringMarshalling.Utf8)]
    private static partial int Statx(int folder, string path, int flags, uint mask, byte* status);
}
