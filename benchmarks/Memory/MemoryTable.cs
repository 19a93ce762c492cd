using System.Diagnostics;
using System.Globalization;

namespace EventLoops.Benchmarks.Memory;

/// <summary>Runs the cases one after the other, each with a fresh server process, and prints a row for each.</summary>
internal static class MemoryTable
{
    // What the first connections make once for all others is not counted: code, buffers of the thread, pools. The runtime compiles a method up to three times, each time some
    // moments after it has been used often; so these connections come in waves, and after each there is time for that.
    private const int WarmUp = 2000;
    private const int Waves = 5;

    private static readonly TimeSpan TimeToCompile = TimeSpan.FromSeconds(1);

    public static int Print(int connections, ContextFlags loop)
    {
        Console.WriteLine("| Connections | have | managed bytes each | resident bytes each |");
        Console.WriteLine("| ---: | --- | ---: | ---: |");
        foreach (MemoryCase one in MemoryCase.All)
        {
            int count = one.CountOf(connections);
            Console.Error.WriteLine($"{one.Name}: {count} connections ...");
            Held each = Measure(one, count, loop);
            Console.WriteLine(string.Create(CultureInfo.InvariantCulture, $"| {count:N0} | {one.Meaning} | {each.Managed:N0} | {each.Resident:N0} |"));
        }

        return 0;
    }

    private static Held Measure(MemoryCase one, int count, ContextFlags loop)
    {
        using Process server = Start(one.Name, loop);
        try
        {
            int port = int.Parse(server.StandardOutput.ReadLine() ?? throw new InvalidOperationException("The server has not started."), CultureInfo.InvariantCulture);
            using Crowd crowd = new(port, one);
            for (int wave = 0; wave < Waves; wave++)
            {
                for (int i = 0; i < Math.Min(count, WarmUp) / Waves; i++) crowd.Add();
                Thread.Sleep(TimeToCompile);
            }

            Held before = Ask(server);
            for (int i = 0; i < count; i++) crowd.Add();
            Held after = Ask(server);
            return new Held((after.Managed - before.Managed) / count, (after.Resident - before.Resident) / count);
        }
        finally
        {
            server.StandardInput.Close();
            if (!server.WaitForExit(10_000)) server.Kill();
        }
    }

    private static Process Start(string name, ContextFlags loop)
    {
        ProcessStartInfo start = new(Environment.ProcessPath!) { UseShellExecute = false, RedirectStandardInput = true, RedirectStandardOutput = true };

        // Started by the dotnet host, the program is its first argument.
        if (Path.GetFileNameWithoutExtension(Environment.ProcessPath) == "dotnet") start.ArgumentList.Add(typeof(MemoryTable).Assembly.Location);
        foreach (string word in (string[])["--serve", name, "--loop", loop.ToString()]) start.ArgumentList.Add(word);
        return Process.Start(start)!;
    }

    /// <summary>What the server holds after it has collected its garbage.</summary>
    private static Held Ask(Process server)
    {
        server.StandardInput.WriteLine("collect");
        long managed = long.Parse(server.StandardOutput.ReadLine() ?? throw new InvalidOperationException("The server has ended."), CultureInfo.InvariantCulture);
        string line = File.ReadLines($"/proc/{server.Id}/status").First(text => text.StartsWith("VmRSS:", StringComparison.Ordinal));
        return new Held(managed, long.Parse(line.Split(' ', StringSplitOptions.RemoveEmptyEntries)[^2], CultureInfo.InvariantCulture) * 1024);
    }

    /// <summary>Bytes: of the collector's heap, and of the process in memory, which has everything native as well.</summary>
    private readonly record struct Held(long Managed, long Resident);
}
