using System.Globalization;
using System.Net.Sockets;
using System.Text;

namespace EventLoops;

/// <summary>
/// The service manager that started this process, as systemd or anything that speaks like it: sockets that it has bound (<c>sd_listen_fds(3)</c>) and word
/// for it (<c>sd_notify(3)</c>). Without one there are no sockets, and word goes nowhere. No library is needed.
/// </summary>
public static class ServiceManager
{
    private const int FirstFd = 3;
    private const string Unnamed = "unknown";

    private static readonly Lazy<IReadOnlyList<ActivatedEndPoint>> Passed = new(ReadEndPoints);

    /// <summary>
    /// The sockets that were passed to this process, in the order of the service manager; empty when it is not meant by <c>LISTEN_PID</c>. Read once; the variables
    /// are then taken out of the environment, so that no child takes them for its own. Any thread.
    /// </summary>
    public static IReadOnlyList<ActivatedEndPoint> EndPoints => Passed.Value;

    /// <summary>Whether somebody wants word from this process (<c>NOTIFY_SOCKET</c>).</summary>
    public static bool IsListening => NotifySocket is not null;

    /// <summary>
    /// Within which time the service manager wants a sign of life (<c>WATCHDOG_USEC</c>), or it takes the process for hung; null when it does not want any.
    /// </summary>
    public static TimeSpan? WatchdogTimeout =>
        IsMeant("WATCHDOG_PID", isNeeded: false) && Number("WATCHDOG_USEC") is > 0 and { } microseconds ? TimeSpan.FromMicroseconds(microseconds) : null;

    private static string? NotifySocket => Environment.GetEnvironmentVariable("NOTIFY_SOCKET") is { Length: > 1 } name && name[0] is '/' or '@' ? name : null;

    /// <summary>The service is ready: <c>READY=1</c>. Any thread.</summary>
    /// <returns>Whether somebody was told.</returns>
    public static bool Ready() => Notify("READY=1");

    /// <summary>The service is about to end: <c>STOPPING=1</c>. Any thread.</summary>
    /// <returns>Whether somebody was told.</returns>
    public static bool Stopping() => Notify("STOPPING=1");

    /// <summary>The service lives: <c>WATCHDOG=1</c>. <see cref="WatchdogTimer"/> says it for a loop. Any thread.</summary>
    /// <returns>Whether somebody was told.</returns>
    public static bool SignOfLife() => Notify("WATCHDOG=1");

    /// <summary>Sends word as it is: assignments, one a line. Any thread; it does not wait, and word that cannot be sent is lost.</summary>
    /// <param name="state">Such as <c>STATUS=Serving 12 connections</c>.</param>
    /// <returns>Whether somebody was told.</returns>
    public static bool Notify(string state)
    {
        ArgumentException.ThrowIfNullOrEmpty(state);
        if (NotifySocket is not { } name)
            return false;

        try
        {
            using Socket socket = new(AddressFamily.Unix, SocketType.Dgram, ProtocolType.Unspecified) { Blocking = false };

            // An abstract name is written with an @ and begins with a zero (unix(7)).
            UnixDomainSocketEndPoint endPoint = new(name[0] == '@' ? '\0' + name[1..] : name);
            socket.SendTo(Encoding.UTF8.GetBytes(state), endPoint);
            return true;
        }
        catch (Exception exception) when (exception is SocketException or ArgumentException)
        {
            return false;
        }
    }

    private static IReadOnlyList<ActivatedEndPoint> ReadEndPoints()
    {
        bool isMeant = IsMeant("LISTEN_PID", isNeeded: true);
        long count = Number("LISTEN_FDS");
        string[] names = Environment.GetEnvironmentVariable("LISTEN_FDNAMES")?.Split(':') ?? [];
        foreach (string variable in new[] { "LISTEN_PID", "LISTEN_FDS", "LISTEN_FDNAMES" })
            Environment.SetEnvironmentVariable(variable, null);

        if (!isMeant || count is <= 0 or > 1024)
            return [];

        return [.. Enumerable.Range(0, (int)count)
            .Select(place => new ActivatedEndPoint(place < names.Length && names[place].Length > 0 ? names[place] : Unnamed, FirstFd + place))];
    }

    private static bool IsMeant(string variable, bool isNeeded) =>
        Environment.GetEnvironmentVariable(variable) is { } text ? text == Environment.ProcessId.ToString(CultureInfo.InvariantCulture) : !isNeeded;

    private static long Number(string variable) =>
        long.TryParse(Environment.GetEnvironmentVariable(variable), NumberStyles.None, CultureInfo.InvariantCulture, out long number) ? number : 0;
}

/// <summary>
/// Gives the service manager a sign of life from a loop, twice in the time that it allows (<see cref="ServiceManager.WatchdogTimeout"/>): a loop that is stuck in a
/// callback gives none, and the service is started anew. Without a service manager that wants one it does nothing.
/// </summary>
public sealed class WatchdogTimer : IDisposable
{
    private readonly EventLoop _loop;
    private readonly LoopTimer _timer;
    private readonly TimeSpan _period;

    /// <summary>Begins, with the first sign at once.</summary>
    /// <param name="loop">The loop; on its thread.</param>
    public WatchdogTimer(EventLoop loop)
    {
        ArgumentNullException.ThrowIfNull(loop);
        _loop = loop;
        _timer = new LoopTimer(_ => Say());
        if (ServiceManager.WatchdogTimeout is not { } timeout)
            return;

        _period = timeout / 2;
        Say();
    }

    /// <summary>Ends it. On the loop's thread.</summary>
    public void Dispose() => _loop.Cancel(_timer);

    private void Say()
    {
        ServiceManager.SignOfLife();
        _loop.Schedule(_timer, _period);
    }
}
