using System.Globalization;
using System.Net;
using System.Net.Sockets;
using System.Runtime.InteropServices;
using System.Text;

namespace EventLoops.Tests.Samples;

/// <summary>
/// A test server in the background, as its operator sees it: the process that was started has ended, and what is left is a lock file with a number. It serves
/// at a Unix socket, since nobody can read which port it got. Disposing ends it.
/// </summary>
internal sealed partial class DaemonProcess : IDisposable
{
    public const int Killed = 9;
    public const int Terminated = 15;

    private readonly DirectoryInfo _folder = Directory.CreateTempSubdirectory("daemon-");
    private readonly List<int> _started = [];

    public DaemonProcess()
    {
        // Whoever the server becomes may remove what it has put there.
        if (!OperatingSystem.IsWindows()) File.SetUnixFileMode(_folder.FullName, (UnixFileMode)0x1FF);
        File.WriteAllText(Config, $$"""
            { "hosts": [ { "listen": ["unix:{{Socket}}"], "protocols": ["echo"], "mounts": [ { "mountPoint": "/plaintext", "origin": "callback://site" } ] } ] }
            """);
    }

    public string LockFile => Path.Combine(_folder.FullName, "server.lock");

    public string Socket => Path.Combine(_folder.FullName, "server.sock");

    private string Config => Path.Combine(_folder.FullName, "site.json");

    /// <summary>What is in the lock file.</summary>
    public string LockText => File.ReadAllText(LockFile);

    /// <summary>The number in the lock file.</summary>
    public int Id => int.Parse(LockText, NumberStyles.AllowTrailingWhite, CultureInfo.InvariantCulture);

    /// <summary>Starts it and waits for the end of the process that was started.</summary>
    /// <returns>What that printed, and its exit code.</returns>
    public async Task<(int ExitCode, string Output)> StartAsync(string[] program, params string[] options)
    {
        await using SampleProcess starting = SampleProcess.StartTool(
            program[0], [.. program[1..], "--config", Config, "--daemonize", "--lock-file", LockFile, .. options]);
        int exitCode = await starting.WaitForExitAsync();
        if (exitCode == 0) _started.Add(Id);
        return (exitCode, starting.Output);
    }

    /// <summary>The first line of the answer to a request.</summary>
    public string Ask()
    {
        using Socket socket = new(AddressFamily.Unix, SocketType.Stream, ProtocolType.Unspecified) { ReceiveTimeout = 20_000 };
        socket.Connect(new UnixDomainSocketEndPoint(Socket));
        socket.Send("GET /plaintext HTTP/1.1\r\nHost: a\r\nConnection: close\r\n\r\n"u8);
        byte[] answer = new byte[4096];
        return Encoding.ASCII.GetString(answer, 0, socket.Receive(answer)).Split("\r\n")[0];
    }

    /// <summary>Signals a daemon that was started here and waits until it is gone.</summary>
    public void End(int id, int signal)
    {
        if (!_started.Remove(id)) throw new InvalidOperationException($"Process {id} was not started here.");

        Kill(id, signal);
        for (Deadline deadline = new(); IsRunning(id); deadline.Check()) Thread.Yield();
    }

    /// <summary>A line of what the kernel knows about a process, such as <c>Uid</c>.</summary>
    public static string[] Status(int id, string name) => File.ReadLines($"/proc/{id}/status")
        .Single(line => line.StartsWith(name + ":", StringComparison.Ordinal))[(name.Length + 1)..].Split((char[]?)null, StringSplitOptions.RemoveEmptyEntries);

    /// <summary>The fields of <c>/proc/ID/stat</c> behind the name: state, parent, group, session, terminal.</summary>
    public static string[] Stat(int id)
    {
        string stat = File.ReadAllText($"/proc/{id}/stat");
        return stat[(stat.LastIndexOf(')') + 2)..].Split(' ');
    }

    /// <summary>The processes that a process descends from: its parent, and so on up to process 1.</summary>
    public static IReadOnlyList<int> AncestorsOf(int id)
    {
        List<int> ancestors = [];
        while (id > 1)
        {
            id = int.Parse(Stat(id)[1], CultureInfo.InvariantCulture);
            ancestors.Add(id);
        }

        return ancestors;
    }

    public void Dispose()
    {
        foreach (int id in _started.ToArray().Where(IsRunning)) End(id, Killed);
        _folder.Delete(recursive: true);
    }

    // Nobody may be there to take the exit status of an orphan, which then stays as a zombie. Its first thread is one already while others still end, and with them
    // what they share: the descriptors and their locks. The eighteenth of the fields is how many threads there are (proc(5)).
    private static bool IsRunning(int id)
    {
        try
        {
            string[] stat = Stat(id);
            return stat[0] is not ("Z" or "X") || int.Parse(stat[17], CultureInfo.InvariantCulture) > 1;
        }
        catch (IOException)
        {
            return false;
        }
    }

    [LibraryImport("libc", EntryPoint = "kill", SetLastError = true)]
    private static partial int Kill(int processId, int signal);
}
