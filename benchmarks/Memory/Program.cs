using System.CommandLine;
using EventLoops.Benchmarks.Memory;

// How much memory idle connections hold: a server in a process of its own, a crowd of clients in this one, and the growth of the server's resident memory.
Option<int> connections = new("--connections", "-n") { Description = "How many connections; both processes need as many descriptors.", DefaultValueFactory = _ => 10_000 };
Option<string?> serve = new("--serve") { Description = "Be the server of one case (used by the benchmark itself).", Hidden = true };
RootCommand command = new("Prints the memory that a server holds for each idle WebSocket, case by case, as a Markdown table.") { connections, serve };

connections.Validators.Add(result =>
{
    if (result.GetValueOrDefault<int>() is < 1 or > 1_000_000) result.AddError("--connections lies between 1 and 1,000,000.");
});
command.SetAction(parsed => parsed.GetValue(serve) is { } name
    ? MeasuredServer.Run(MemoryCase.Named(name))
    : MemoryTable.Print(parsed.GetValue(connections)));
return command.Parse(args).Invoke();
