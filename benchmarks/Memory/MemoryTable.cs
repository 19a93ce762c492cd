using System.Diagnostics;
using System.Globalization;

namespace EventLoops.Benchmarks.Memory;

/// <summary>Runs the cases one after the other, each with a fresh server process, and prints a row for each.</summary>
internal static class MemoryTable
{
    // What the first connections make once for all others: code, buffers of the thread, pools. It is not counted.
    private const int WarmUp = 100;

    public static int Print(int connections)
    {
        Console.WriteLine("| Connections | have | bytes each |");
        Console.WriteLine("| ---: | --- | ---: |");
        foreach (MemoryCase one in MemoryCase.All)
        {
            // A compressor for each of very many connections is more than a small machine has; the ratio is the same for fewer.
            int count = one.Name is "both" or "receiving" or "small" ? Math.Min(connections, 2000) : connections;
            Console.Error.WriteLine($"{one.Name}: {count} connections ...");
            long bytes = Measure(one, count);
            Console.WriteLine(string.Create(CultureInfo.InvariantCulture, $"| {count:N0} | {one.Meaning} | {bytes:N0} |"));
        }

        return 0;
    }

    private static long Measure(MemoryCase one, int count)
    {
        using Process server = Start(one.Name);
        try
        {
            int port = int.Parse(server.StandardOutput.ReadLine() ?? throw new InvalidOperationException("The server has not started."), CultureInfo.InvariantCulture);
            using Crowd crowd = new(port, one.Extension is not null);
            for (int i = 0; i < WarmUp; i++) crowd.Add(one.Exchanges);

            long before = ResidentBytes(server);
            for (int i = 0; i < count; i++) crowd.Add(one.Exchanges);
            return (ResidentBytes(server) - before) / count;
        }
        finally
        {
            server.StandardInput.Close();
            if (!server.WaitForExit(10_000)) server.Kill();
        }
    }

    private static Process Start(string name)
    {
        ProcessStartInfo start = new(Environment.ProcessPath!) { UseShellExecute = false, RedirectStandardInput = true, RedirectStandardOutput = true };

        // Started by the dotnet host, the program is its first argument.
        if (Path.GetFileNameWithoutExtension(Environment.ProcessPath) == "dotnet") start.ArgumentList.Add(typeof(MemoryTable).Assembly.Location);
        start.ArgumentList.Add("--serve");
        start.ArgumentList.Add(name);
        return Process.Start(start)!;
    }

    /// <summary>The resident memory of the server after it has collected its garbage.</summary>
    private static long ResidentBytes(Process server)
    {
        server.StandardInput.WriteLine("collect");
        _ = server.StandardOutput.ReadLine();
        string line = File.ReadLines($"/proc/{server.Id}/status").First(text => text.StartsWith("VmRSS:", StringComparison.Ordinal));
        return long.Parse(line.Split(' ', StringSplitOptions.RemoveEmptyEntries)[^2], CultureInfo.InvariantCulture) * 1024;
    }
}
