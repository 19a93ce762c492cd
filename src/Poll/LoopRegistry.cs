namespace EventLoops;

/// <summary>
/// Which loops a program can ask for by name. A backend is registered by a plain call at start, such as <c>LoopRegistry.Default.AddEpoll()</c>: the trimmer sees
/// what is used, and what is not registered costs nothing. There is no silent fall back: what is asked for is made, or the exception says why not.
/// Register before loops are made; afterwards any thread may ask.
/// </summary>
public sealed class LoopRegistry
{
    // What Auto prefers. Libraries that a host shares with us, and what a container may forbid, are chosen by name only.
    private static readonly LoopKind[] Preference = [LoopKind.Epoll, LoopKind.Poll];

    private readonly Dictionary<LoopKind, Registration> _registrations = new()
    {
        [LoopKind.Poll] = new Registration(static options => new PollLoop(options), static () => null),
    };

    /// <summary>The registry that contexts use.</summary>
    public static LoopRegistry Default { get; } = new();

    /// <summary>The loops that are registered, whether or not they are available on this machine.</summary>
    public IReadOnlyCollection<LoopKind> Kinds => _registrations.Keys;

    /// <summary>Registers a loop; a second registration of the same kind replaces the first. Called by the <c>Add…</c> methods of the backends.</summary>
    /// <param name="kind">What it is asked for by.</param>
    /// <param name="create">Makes one.</param>
    /// <param name="findMissing">Says in one sentence what is missing on this machine and what brings it; null when nothing is.</param>
    /// <exception cref="ArgumentException"><see cref="LoopKind.Auto"/> is a choice and no loop.</exception>
    public void Add(LoopKind kind, Func<EventLoopOptions?, OwnedEventLoop> create, Func<string?> findMissing)
    {
        ArgumentNullException.ThrowIfNull(create);
        ArgumentNullException.ThrowIfNull(findMissing);
        if (kind == LoopKind.Auto)
            throw new ArgumentException("Auto chooses among loops; it cannot be one.", nameof(kind));

        _registrations[kind] = new Registration(create, findMissing);
    }

    /// <summary>Says what keeps a loop from being made here, in one sentence; null when it can be.</summary>
    /// <param name="kind">Which loop.</param>
    /// <returns>The sentence, or null.</returns>
    public string? FindMissing(LoopKind kind)
    {
        if (kind == LoopKind.Auto)
            return null;
        if (!_registrations.TryGetValue(kind, out Registration? registration))
            return $"The {kind} loop is not registered; reference the package EventLoops.{kind} and call LoopRegistry.Default.Add{kind}().";

        return registration.FindMissing();
    }

    /// <summary>Makes a loop.</summary>
    /// <param name="kind">Which.</param>
    /// <param name="options">The clock and the system calls; null for the defaults.</param>
    /// <returns>The loop; it belongs to the calling thread until it first runs.</returns>
    /// <exception cref="LoopUnavailableException">It is not registered, or something is missing here.</exception>
    public OwnedEventLoop Create(LoopKind kind, EventLoopOptions? options = null)
    {
        if (kind == LoopKind.Auto)
            kind = Preference.First(preferred => FindMissing(preferred) is null);
        if (FindMissing(kind) is { } missing)
            throw new LoopUnavailableException(kind, missing);

        return _registrations[kind].Create(options);
    }

    private sealed record Registration(Func<EventLoopOptions?, OwnedEventLoop> Create, Func<string?> FindMissing);
}
