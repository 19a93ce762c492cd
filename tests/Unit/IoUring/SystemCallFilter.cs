using System.Runtime.ExceptionServices;
using System.Runtime.InteropServices;

namespace EventLoops.Tests.IoUring;

/// <summary>
/// What a container's seccomp profile does, for one thread: a system call of a number is answered with an errno and never made. The kernel never lifts a filter, so the
/// thread ends with it.
/// </summary>
internal static unsafe partial class SystemCallFilter
{
    public const int Setup = 425;
    public const int Enter = 426;
    public const int Register = 427;

    private const int NoNewPrivileges = 38;
    private const int SetSeccomp = 22;
    private const nuint FilterMode = 2;
    private const uint Allow = 0x7fff0000;
    private const uint RefuseWith = 0x00050000;

    /// <summary>Has something done on a thread for which the call is refused, and gives back what it returned or threw.</summary>
    public static T Without<T>(int number, Errno errno, Func<T> work)
    {
        T? result = default;
        ExceptionDispatchInfo? thrown = null;
        Thread thread = new(() =>
        {
            try
            {
                Refuse(number, errno);
                result = work();
            }
            catch (Exception exception)
            {
                thrown = ExceptionDispatchInfo.Capture(exception);
            }
        });
        thread.Start();
        thread.Join();
        thrown?.Throw();
        return result!;
    }

    private static void Refuse(int number, Errno errno)
    {
        // Load the number of the call (struct seccomp_data begins with it); when it is not this one, skip the refusal.
        Instruction* program = stackalloc Instruction[4]
        {
            new Instruction { Code = 0x20 },
            new Instruction { Code = 0x15, IfNot = 1, Operand = (uint)number },
            new Instruction { Code = 0x06, Operand = RefuseWith | (uint)errno },
            new Instruction { Code = 0x06, Operand = Allow },
        };
        FilterProgram filter = new() { Length = 4, Instructions = program };
        if (prctl(NoNewPrivileges, 1, 0, 0, 0) != 0 || prctl(SetSeccomp, FilterMode, (nuint)(&filter), 0, 0) != 0)
            throw new InvalidOperationException($"prctl: {Marshal.GetLastPInvokeErrorMessage()}");
    }

    [LibraryImport("libc", SetLastError = true)]
    private static partial int prctl(int option, nuint second, nuint third, nuint fourth, nuint fifth);

    /// <summary><c>struct sock_filter</c>.</summary>
    [StructLayout(LayoutKind.Sequential)]
    private struct Instruction
    {
        public ushort Code;
        public byte If;
        public byte IfNot;
        public uint Operand;
    }

    /// <summary><c>struct sock_fprog</c>.</summary>
    [StructLayout(LayoutKind.Sequential)]
    private struct FilterProgram
    {
        public ushort Length;
        public Instruction* Instructions;
    }
}
