using System.Globalization;
using System.Runtime.InteropServices;

namespace EventLoops;

/// <summary>
/// Giving up what root may do, once everything is open that only root can open: listen first (make the context), then call <see cref="Drop"/>, then run.
/// </summary>
public static unsafe partial class Privileges
{
    // prctl(2) and capabilities(7).
    private const int KeepCapabilities = 8;
    private const int BindLowPorts = 10;
    private const uint CapabilityVersion = 0x20080522;

    // getpwnam_r(3): what an entry takes is not known before; longer ones are asked for again.
    private const int FirstEntrySize = 4096;
    private const int LongestEntry = 1024 * 1024;
    private const int ERange = 34;

    /// <summary>
    /// Becomes another user for good, in all threads of the process: the groups that the user is in, the group, then the user. The lock file of
    /// <see cref="Daemon"/> goes with it. Afterwards it is checked that there is no way back.
    /// </summary>
    /// <param name="user">The user's name or number; null to stay who it is, and leave the groups only.</param>
    /// <param name="group">The group's name or number; null for the user's own.</param>
    /// <param name="keepsLowPorts">
    /// Whether ports below 1024 can be listened at later on (CAP_NET_BIND_SERVICE): by the thread that calls this, and by those that it starts. Default false.
    /// </param>
    /// <exception cref="ArgumentException">There is no such user or group, or neither was named.</exception>
    /// <exception cref="LoopFaultException">The system refused; the message names the call. What was given up until then stays given up.</exception>
    public static void Drop(string? user, string? group = null, bool keepsLowPorts = false)
    {
        if (user is null && group is null)
            throw new ArgumentException("Neither a user nor a group was named.", nameof(user));

        Account? account = user is null ? null : FindUser(user);
        uint groupId = group is not null ? FindGroup(group) : account!.Value.GroupId;
        if (account is { } known)
            Daemon.Current?.GiveLockTo(known.UserId, groupId);
        if (keepsLowPorts)
            Succeed(Control(KeepCapabilities, 1, 0, 0, 0), "prctl(PR_SET_KEEPCAPS)");

        if (account?.Name is { } name)
            Succeed(InitGroups(name, groupId), "initgroups");
        else
            Succeed(SetGroups(0, null), "setgroups");
        Succeed(SetGroupIds(groupId, groupId, groupId), "setresgid");
        if (account is { } target)
            BecomeUser(target.UserId);
        if (keepsLowPorts)
            KeepLowPorts();
    }

    private static void BecomeUser(uint user)
    {
        Succeed(SetUserIds(user, user, user), "setresuid");

        // What cannot be undone must not be taken on trust: a saved user id that is still root would bring everything back.
        if (user != 0 && SetUserIds(uint.MaxValue, 0, uint.MaxValue) == 0)
            throw new LoopFaultException("setresuid, which left a way back to root,", Errno.EPERM);
    }

    /// <summary>Of what was permitted to root, one thing stays in force.</summary>
    private static void KeepLowPorts()
    {
        uint* header = stackalloc uint[] { CapabilityVersion, 0 };

        // Twice effective, permitted, inheritable: the low 32 capabilities, then the others.
        uint* sets = stackalloc uint[] { 1u << BindLowPorts, 1u << BindLowPorts, 0, 0, 0, 0 };
        Succeed(SetCapabilities(header, sets), "capset");
    }

    private static Account FindUser(string user)
    {
        if (uint.TryParse(user, NumberStyles.None, CultureInfo.InvariantCulture, out uint number))
            return FindEntry((entry, buffer, size, result) => GetUserByNumber(number, entry, buffer, size, result)) ?? new Account(null, number, number);

        return FindEntry((entry, buffer, size, result) => GetUserByName(user, entry, buffer, size, result))
            ?? throw new ArgumentException($"There is no user '{user}'.", nameof(user));
    }

    private static uint FindGroup(string group)
    {
        if (uint.TryParse(group, NumberStyles.None, CultureInfo.InvariantCulture, out uint number))
            return number;

        // struct group begins as struct passwd does, with its number where the other has the user's.
        return FindEntry((entry, buffer, size, result) => GetGroupByName(group, entry, buffer, size, result))?.UserId
            ?? throw new ArgumentException($"There is no group '{group}'.", nameof(group));
    }

    private static Account? FindEntry(EntryCall call)
    {
        byte* entry = stackalloc byte[64];
        for (int size = FirstEntrySize; size <= LongestEntry; size *= 2)
        {
            byte[] texts = new byte[size];
            nint result = 0;
            fixed (byte* buffer = texts)
            {
                int failed = call(entry, buffer, (nuint)size, &result);
                if (failed == ERange)
                    continue;
                if (result == 0)
                    return null;

                // struct passwd: name at 0, password at 8, then the two numbers.
                return new Account(Marshal.PtrToStringUTF8(*(nint*)entry), *(uint*)(entry + 16), *(uint*)(entry + 20));
            }
        }

        return null;
    }

    private static void Succeed(int returned, string call)
    {
        if (returned < 0)
            throw new LoopFaultException(call, (Errno)Marshal.GetLastPInvokeError());
    }

    private delegate int EntryCall(byte* entry, byte* buffer, nuint size, nint* result);

    private readonly record struct Account(string? Name, uint UserId, uint GroupId);

    [LibraryImport("libc", EntryPoint = "getpwnam_r", StringMarshalling = StringMarshalling.Utf8)]
    private static partial int GetUserByName(string name, byte* entry, byte* buffer, nuint size, nint* result);

    [LibraryImport("libc", EntryPoint = "getpwuid_r")]
    private static partial int GetUserByNumber(uint number, byte* entry, byte* buffer, nuint size, nint* result);

    [LibraryImport("libc", EntryPoint = "getgrnam_r", StringMarshalling = StringMarshalling.Utf8)]
    private static partial int GetGroupByName(string name, byte* entry, byte* buffer, nuint size, nint* result);

    [LibraryImport("libc", EntryPoint = "initgroups", SetLastError = true, StringMarshalling = StringMarshalling.Utf8)]
    private static partial int InitGroups(string name, uint group);

    [LibraryImport("libc", EntryPoint = "setgroups", SetLastError = true)]
    private static partial int SetGroups(nuint count, uint* groups);

    [LibraryImport("libc", EntryPoint = "setresgid", SetLastError = true)]
    private static partial int SetGroupIds(uint real, uint effective, uint saved);

    [LibraryImport("libc", EntryPoint = "setresuid", SetLastError = true)]
    private static partial int SetUserIds(uint real, uint effective, uint saved);

    [LibraryImport("libc", EntryPoint = "prctl", SetLastError = true)]
    private static partial int Control(int option, nuint first, nuint second, nuint third, nuint fourth);

    [LibraryImport("libc", EntryPoint = "capset", SetLastError = true)]
    private static partial int SetCapabilities(uint* header, uint* sets);
}
