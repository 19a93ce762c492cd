using System.Runtime.InteropServices;
using EventLoops;

namespace TestServer;

/// <summary>The process around the server: in the foreground or a daemon, who it is, where its log goes, and what a service manager hears of it.</summary>
internal static class ServerProcess
{
    private const int CannotRun = 1;
    private const int WrongArguments = 2;

    private static Daemon? _daemon;

    /// <summary>Becomes what the options ask for and serves.</summary>
    /// <returns>The exit code.</returns>
    public static int Run(ServerOptions options, Action<ServerOptions> serve)
    {
        try
        {
            // First of all: what is a daemon from here on is another process, in which nothing has been opened.
            if (options.Process.LockFile is { } lockFile)
                _daemon = Daemon.Daemonize(lockFile, waitsForReady: true);
            OpenLog(options);
            serve(options);
            return 0;
        }
        catch (DaemonException refused)
        {
            return Fail(refused.Message, CannotRun);
        }
        catch (LoopUnavailableException unavailable)
        {
            return Fail(unavailable.Message, WrongArguments);
        }
        catch (ArgumentException wrong) when (wrong.ParamName is { } member && wrong.Message.StartsWith("Tls.", StringComparison.Ordinal))
        {
            // What only OpenSSL can say about certificates, keys and lists; the last part names the parameter once more.
            return Fail(wrong.Message.Replace($" (Parameter '{member}')", "", StringComparison.Ordinal), WrongArguments);
        }
        catch (LoopFaultException refused)
        {
            return Fail($"The server cannot run: {refused.Message}", CannotRun);
        }
    }

    /// <summary>
    /// The server listens. What only root may do is done, so it can become somebody else; then everybody hears that it is ready: standard output, whoever
    /// started the daemon, and the service manager, which hears of the end as well.
    /// </summary>
    public static IDisposable Begin(ServerOptions options, LoopContext context)
    {
        BecomeUser(options.Process);
        Server.Announce(context);
        _daemon?.Ready();
        ServiceManager.Ready();
        return new Service(new WatchdogTimer(context.Loop), Server.ReloadAtHangUp(context), options.AccessLog is { } log ? ReopenOnHangUp(log) : null);
    }

    /// <summary>Whoever renames a log tells its writer by SIGHUP.</summary>
    private static PosixSignalRegistration ReopenOnHangUp(AccessLog log) => PosixSignalRegistration.Create(PosixSignal.SIGHUP, signal =>
    {
        signal.Cancel = true;
        try
        {
            log.Reopen();
        }
        catch (LoopFaultException refused)
        {
            new EventLoopsLog(LevelLogger.Default).Warning?.Write($"The access log stays where it is: {refused.Message}");
        }
    });

    private static void OpenLog(ServerOptions options)
    {
        // For every context of this process, and for what the program says itself.
        LevelLogger.Default.Set(options.LogLevels, options.LogsToSyslog ? Syslog.Emit : null);
        if (options.LogsToSyslog)
            Syslog.Open("TestServer", _daemon is null ? SyslogOptions.ProcessId | SyslogOptions.StandardError : SyslogOptions.ProcessId);
    }

    private static void BecomeUser(ProcessOptions process)
    {
        if ((process.User ?? process.Group) is null)
            return;

        try
        {
            Privileges.Drop(process.User, process.Group);
        }
        catch (ArgumentException unknown)
        {
            throw new LoopFaultException(unknown.Message, Errno.ENOENT);
        }
    }

    private static int Fail(string reason, int exitCode)
    {
        // A daemon's standard error leads nowhere; whoever started it has one.
        _daemon?.Fail(reason);
        Console.Error.WriteLine(reason);
        return exitCode;
    }

    private sealed class Service(WatchdogTimer watchdog, PosixSignalRegistration reload, PosixSignalRegistration? reopen) : IDisposable
    {
        public void Dispose()
        {
            ServiceManager.Stopping();
            watchdog.Dispose();
            reload.Dispose();
            reopen?.Dispose();
        }
    }
}
