namespace EventLoops;

/// <summary>What a system call returned: a count, a descriptor or another number, or the errno that says why not. Four bytes.</summary>
public readonly struct IoResult
{
    // Zero and more is the value; below zero is the negated errno, as the kernel itself returns it.
    private readonly int _raw;

    private IoResult(int raw) => _raw = raw;

    /// <summary>Whether the call failed; <see cref="Errno"/> then says why.</summary>
    public bool IsError => _raw < 0;

    /// <summary>The bytes moved, the descriptor opened or whatever else the call returns. Zero when it failed.</summary>
    public int Value => Math.Max(_raw, 0);

    /// <summary>Why the call failed, or <see cref="Errno.None"/>.</summary>
    public Errno Errno => _raw < 0 ? (Errno)(-_raw) : Errno.None;

    /// <summary>Whether the call failed only because it would have had to wait (EAGAIN, which is EWOULDBLOCK on Linux).</summary>
    public bool WouldBlock => _raw == -(int)Errno.EAGAIN;

    /// <summary>A call that succeeded with <paramref name="value"/>.</summary>
    /// <exception cref="ArgumentOutOfRangeException"><paramref name="value"/> is negative.</exception>
    public static IoResult Ok(int value)
    {
        ArgumentOutOfRangeException.ThrowIfNegative(value);
        return new IoResult(value);
    }

    /// <summary>A call that failed with <paramref name="errno"/>.</summary>
    /// <exception cref="ArgumentOutOfRangeException"><paramref name="errno"/> is not a positive number.</exception>
    public static IoResult Failed(Errno errno)
    {
        ArgumentOutOfRangeException.ThrowIfNegativeOrZero((int)errno, nameof(errno));
        return new IoResult(-(int)errno);
    }

    /// <summary>The value, or the name and text of the errno.</summary>
    public override string ToString() => IsError ? Errno.Describe() : Value.ToString(System.Globalization.CultureInfo.InvariantCulture);
}
