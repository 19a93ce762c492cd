namespace EventLoops.LibUv;

/// <summary>What the two loops do in libuv's callbacks. Exceptions may come out of all of them; the native frame is above their caller.</summary>
internal interface IUvTurns
{
    /// <summary>The watch of a descriptor; null when it is not watched.</summary>
    Watch? FindWatch(int fd);

    /// <summary>A descriptor is ready.</summary>
    void OnReady(Watch watch, PollEvents ready);

    /// <summary>The async handle was sent.</summary>
    void OnWake();

    /// <summary>The timer has fired.</summary>
    void OnTimer();

    /// <summary>All events of an iteration have been told.</summary>
    void OnCheck();

    /// <summary>Something escaped that must not go any further.</summary>
    void OnException(Exception exception);
}
