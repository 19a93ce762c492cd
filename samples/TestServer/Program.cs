using EventLoops;
using EventLoops.Epoll;
using EventLoops.LibEv;
using EventLoops.LibUv;
using TestServer;
using TestServer.Loops;

// A site and six WebSocket protocols on one event loop. CommandLine.cs says what can be chosen, Server.cs what is served,
// and each file under Loops shows one way to run it.
LoopRegistry.Default.AddEpoll().AddLibEv().AddLibUv();
return CommandLine.Run(args, static options =>
{
    // What the library logs, and what this program does, in one place for every context.
    LevelLogger.Default.Set(options.LogLevels, options.LogsToSyslog ? Syslog.Emit : null);
    if (options.LogsToSyslog)
        Syslog.Open("TestServer", SyslogOptions.ProcessId | SyslogOptions.StandardError);

    try
    {
        if (options.Loop == CommandLine.ExternalLoop)
            ExternalPollServer.Run(options);
        else if (options.IsForeign)
            ForeignLoopServer.Run(options);
        else
            OwnLoopServer.Run(options);
        return 0;
    }
    catch (LoopUnavailableException unavailable)
    {
        Console.Error.WriteLine(unavailable.Message);
        return 2;
    }
    catch (LoopFaultException refused)
    {
        Console.Error.WriteLine($"The server cannot run: {refused.Message}");
        return 1;
    }
});
