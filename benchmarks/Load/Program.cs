using EventLoops.Benchmarks.Load;

return CommandLine.Run(args);
