using EventLoops;
using EventLoops.Epoll;
using EventLoops.IoUring;
using EventLoops.LibEv;
using EventLoops.LibUv;
using TestServer;
using TestServer.Loops;

// A site and seven WebSocket protocols on one event loop. CommandLine.cs says what can be chosen, Server.cs what is served, ServerProcess.cs what becomes of
// the process, and each file under Loops shows one way to run it.
LoopRegistry.Default.AddEpoll().AddIoUring().AddLibEv().AddLibUv();
return CommandLine.Run(args, static options => ServerProcess.Run(options, static options =>
{
    if (options.Loop == CommandLine.ExternalLoop)
        ExternalPollServer.Run(options);
    else if (options.IsForeign)
        ForeignLoopServer.Run(options);
    else
        OwnLoopServer.Run(options);
}));
