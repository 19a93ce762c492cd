using System.Globalization;

namespace EventLoops.IoUring;

/// <summary>
/// Whether this kernel has what the loop needs, and lets this process use it. io_uring is younger than most servers, containers forbid it, and administrators switch it
/// off: each of these has its own words.
/// </summary>
internal static unsafe class UringSupport
{
    private const string Need = "The io_uring loop needs Linux 6.1 or newer and the right to use io_uring";
    private const string WayOut = "The epoll loop works without.";

    private const RingFeatures NeededFeatures =
        RingFeatures.SingleMap | RingFeatures.NoDrop | RingFeatures.ExtendedArgument | RingFeatures.CompletionSkip;

    // The youngest comes last, with what it needs beside itself: the first that is refused is what is missing.
    private static readonly (RingSetup Setup, string Name, string Since)[] Steps =
    [
        (RingSetup.Disabled, "IORING_SETUP_R_DISABLED", "5.10"),
        (RingSetup.Disabled | RingSetup.SubmitAll, "IORING_SETUP_SUBMIT_ALL", "5.18"),
        (RingSetup.Disabled | RingSetup.SingleIssuer, "IORING_SETUP_SINGLE_ISSUER", "6.0"),
        (RingSetup.Disabled | RingSetup.SingleIssuer | RingSetup.DeferTaskRun, "IORING_SETUP_DEFER_TASKRUN", "6.1"),
    ];

    /// <summary>Says in one sentence, and a second one that offers a way out, why there can be no loop on io_uring here; null when there can.</summary>
    public static string? FindMissing()
    {
        try
        {
            using Ring ring = new(entries: 4, completions: 8);

            // Filters may let a ring be made and forbid to use it.
            Errno refused = ring.Enter(milliseconds: 0);
            return refused == Errno.None ? DescribeFeatures(ring.Features) : throw new LoopFaultException("io_uring_enter", refused);
        }
        catch (LoopFaultException fault)
        {
            return Describe(fault);
        }
    }

    /// <summary>Makes a ring that can do what the loop needs.</summary>
    /// <exception cref="LoopUnavailableException">This kernel has no such ring, or does not let this process have it.</exception>
    /// <exception cref="LoopFaultException">It has, but not now, as when the process has no descriptor left.</exception>
    public static Ring Open(uint entries, uint completions)
    {
        try
        {
            Ring ring = new(entries, completions);
            if (DescribeFeatures(ring.Features) is not { } missing)
                return ring;

            ring.Dispose();
            throw new LoopUnavailableException(LoopKind.IoUring, missing);
        }
        catch (LoopFaultException fault) when (Describe(fault) is { } missing)
        {
            throw new LoopUnavailableException(LoopKind.IoUring, missing);
        }
    }

    /// <summary>Why a call was refused, in words; null when that says nothing about the kernel or the rights of the process.</summary>
    /// <param name="call">Which call.</param>
    /// <param name="errno">What it said.</param>
    /// <param name="disabled">What sysctl <c>kernel.io_uring_disabled</c> says; -1 when the kernel has no such setting.</param>
    /// <param name="release">The version of the kernel.</param>
    /// <param name="refusedStep">The number of the first of <see cref="Steps"/> that this kernel refuses, or -1.</param>
    internal static string? Describe(string call, Errno errno, int disabled, string release, int refusedStep) => (errno, disabled) switch
    {
        (Errno.ENOSYS, _) => $"{Need}; this kernel, {release}, has no {call} or hides it (ENOSYS). {WayOut}",
        (Errno.EPERM, 2) => $"{Need}; it is switched off here: sysctl kernel.io_uring_disabled is 2, and 0 allows it. {WayOut}",
        (Errno.EPERM, 1) => $"{Need}; here only administrators and the group of sysctl kernel.io_uring_group have it: kernel.io_uring_disabled is 1, and 0 allows it to everybody. {WayOut}",
        (Errno.EPERM or Errno.EACCES, _) => $"{Need}; {call} is forbidden to this process ({errno}), as a rule by the seccomp profile of its container. {WayOut}",
        (Errno.EINVAL, _) when refusedStep >= 0 => $"{Need}; this kernel, {release}, lacks {Steps[refusedStep].Name}, which Linux has since {Steps[refusedStep].Since}. {WayOut}",
        (Errno.EINVAL, _) => $"{Need}; this kernel, {release}, does not take what the loop asks of {call} (EINVAL). {WayOut}",
        _ => null,
    };

    /// <summary>Which of the features is missing, in words; null when none is.</summary>
    internal static string? DescribeFeatures(RingFeatures features)
    {
        RingFeatures missing = NeededFeatures & ~features;
        return missing == RingFeatures.None ? null : $"{Need}; this kernel, {Release()}, makes rings without {missing}. {WayOut}";
    }

    private static string? Describe(LoopFaultException fault) =>
        Describe(fault.Call, fault.Errno, Disabled(), Release(), fault.Errno == Errno.EINVAL ? FindRefusedStep() : -1);

    private static int FindRefusedStep() => Array.FindIndex(Steps, static step =>
    {
        RingParameters parameters = new() { Setup = step.Setup };
        int ring = UringCalls.Setup(entries: 4, &parameters);
        if (ring >= 0) _ = UringCalls.Close(ring);
        return ring < 0;
    });

    private static int Disabled() =>
        int.TryParse(ReadOrEmpty("/proc/sys/kernel/io_uring_disabled"), NumberStyles.None, CultureInfo.InvariantCulture, out int value) ? value : -1;

    /// <summary>The version of the kernel, with its name.</summary>
    internal static string Release() => ReadOrEmpty("/proc/sys/kernel/osrelease") is { Length: > 0 } release ? $"Linux {release}" : "Linux";

    private static string ReadOrEmpty(string path)
    {
        try
        {
            return File.ReadAllText(path).Trim();
        }
        catch (Exception exception) when (exception is IOException or UnauthorizedAccessException)
        {
            return "";
        }
    }
}
