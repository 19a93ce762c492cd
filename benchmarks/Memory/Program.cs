using System.CommandLine;
using EventLoops;
using EventLoops.Benchmarks.Memory;

// How much memory idle connections hold: a server in a process of its own, a crowd of clients in this one, and what the server's heap and its resident memory grow by.
Option<int> connections = new("--connections", "-n") { Description = "How many connections; both processes need as many descriptors, and 2,000 more.", DefaultValueFactory = _ => 10_000 };
Option<ContextFlags> loop = new("--loop") { Description = "What the server runs on: Epoll, IoUring, LibEv, LibUv, or None for poll(2).", DefaultValueFactory = _ => ContextFlags.Epoll };
Option<string?> serve = new("--serve") { Description = "Be the server of one case (used by the benchmark itself).", Hidden = true };
RootCommand command = new("Prints the memory that a server holds for each idle connection, case by case, as a Markdown table.") { connections, loop, serve };

connections.Validators.Add(result =>
{
    if (result.GetValueOrDefault<int>() is < 1 or > 1_000_000) result.AddError("--connections lies between 1 and 1,000,000.");
});
command.SetAction(parsed => parsed.GetValue(serve) is { } name
    ? MeasuredServer.Run(MemoryCase.Named(name), parsed.GetValue(loop))
    : MemoryTable.Print(parsed.GetValue(connections), parsed.GetValue(loop)));
return command.Parse(args).Invoke();
