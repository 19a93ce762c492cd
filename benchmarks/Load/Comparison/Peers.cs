using System.Diagnostics;
using System.Reflection;
using System.Security.Cryptography;
using System.Security.Cryptography.X509Certificates;

namespace EventLoops.Benchmarks.Load.Comparison;

/// <summary>The servers that a machine can run: ours on each loop, the yardstick, and others. Whatever is missing is said and left out.</summary>
internal sealed class Peers(string root)
{
    /// <summary>Whose certificate the servers show.</summary>
    public const string CertificateName = "CN=localhost";

    private readonly string _temporary = Directory.CreateTempSubdirectory("eventloops-benchmark").FullName;

    public IReadOnlyList<Peer> All() =>
    [
        new("floor", Abilities.WebSocket | Abilities.Streaming | Abilities.WholeMessages, port => [.. Own("benchmarks/Load", "EventLoops.Benchmarks.Load"), "floor", "--port", $"{port}"], () => null, () => "the yardstick; it sends as it comes at every point"),
        Ours("epoll"),
        Ours("poll"),
        Ours("libuv"),
        Ours("libev"),
        Ours("io_uring"),
        Ours("io_uring", "--completion") with { Name = "EventLoops io_uring, completion" },
        new("Kestrel", Abilities.WebSocket | Abilities.Http | Abilities.Streaming, port => [.. Own("benchmarks/peers/Kestrel", "Kestrel"), $"{port}"], () => null,
            () => $"ASP.NET Core {Environment.Version}") { TellsAllocations = true },
        new("libwebsockets", Abilities.WebSocket | Abilities.Http | Abilities.WholeMessages, port => [LwsEcho(), $"{port}"], FindMissingLws, () => VersionSaidBy("pkg-config", "--modversion", "libwebsockets")),
        new("nginx", Abilities.Http, port => ["nginx", "-p", _temporary, "-c", NginxConfiguration(port), "-e", "stderr"], () => FindMissing("nginx", "nginx-light"),
            () => VersionSaidBy("nginx", "-v")),
        Ours("epoll", "--cert", Certificate, "--key", Key) with { Name = "EventLoops epoll, TLS", Abilities = Abilities.Tls },
        new("Kestrel, TLS", Abilities.Tls, port => [.. Own("benchmarks/peers/Kestrel", "Kestrel"), $"{port}", Certificate, Key], () => null,
            () => $"ASP.NET Core {Environment.Version}") { TellsAllocations = true },
        new("libwebsockets, TLS", Abilities.Tls, port => [LwsEcho(), $"{port}", Certificate, Key], FindMissingLws, () => VersionSaidBy("pkg-config", "--modversion", "libwebsockets")),
    ];

    /// <summary>Whether a text of the command line describes another server.</summary>
    public static bool IsDescription(string text) => text.IndexOf('=', StringComparison.Ordinal) > 0 && text.Contains("{port}", StringComparison.Ordinal);

    /// <summary>Another server, as the command line describes it: an echo that sends long messages back as they come.</summary>
    public static Peer Described(string text)
    {
        int at = text.IndexOf('=', StringComparison.Ordinal);
        string[] words = text[(at + 1)..].Split(' ', StringSplitOptions.RemoveEmptyEntries);
        return new Peer(
            text[..at], Abilities.WebSocket | Abilities.Streaming, port => [.. words.Select(word => word.Replace("{port}", $"{port}", StringComparison.Ordinal))],
            () => null, () => $"`{string.Join(' ', words)}`");
    }

    private string Certificate => Path.Combine(_temporary, "certificate.pem");

    private string Key => Path.Combine(_temporary, "key.pem");

    /// <summary>Makes the certificate that all of them show: P-256, as most servers have.</summary>
    public void MakeCertificate()
    {
        using ECDsa key = ECDsa.Create(ECCurve.NamedCurves.nistP256);
        CertificateRequest request = new(CertificateName, key, HashAlgorithmName.SHA256);
        using X509Certificate2 certificate = request.CreateSelfSigned(DateTimeOffset.UtcNow.AddDays(-1), DateTimeOffset.UtcNow.AddDays(30));
        File.WriteAllText(Certificate, certificate.ExportCertificatePem());
        File.WriteAllText(Key, key.ExportPkcs8PrivateKeyPem());
    }

    public void RemoveTemporaryFiles() => Directory.Delete(_temporary, recursive: true);

    private static string? FindMissing(string command, string package) =>
        (Environment.GetEnvironmentVariable("PATH") ?? "").Split(':').Append("/usr/sbin").Any(folder => File.Exists(Path.Combine(folder, command)))
            ? null
            : $"'{command}' is not here (apt-get install {package})";

    private static string VersionSaidBy(string command, string argument, params string[] more)
    {
        using Process process = Process.Start(new ProcessStartInfo(command, [argument, .. more]) { RedirectStandardOutput = true, RedirectStandardError = true, UseShellExecute = false })!;
        string line = process.StandardOutput.ReadLine() ?? process.StandardError.ReadLine() ?? "unknown";
        process.WaitForExit();
        return line;
    }

    private Peer Ours(string loop, params string[] more) => new(
        $"EventLoops {loop}", Abilities.All,
        port => [.. Own("samples/TestServer", "TestServer"), "--port", $"{port}", "--loop", loop, "--log-level", "err", .. more],
        () => FindMissingLoop(loop), () => $"{typeof(EventLoop).Assembly.GetCustomAttribute<AssemblyInformationalVersionAttribute>()?.InformationalVersion}")
    {
        IsOurs = true,
        TellsAllocations = true,
    };

    /// <summary>The server knows itself what it can run on, and says what is missing.</summary>
    private string? FindMissingLoop(string loop)
    {
        string[] words = [.. Own("samples/TestServer", "TestServer"), "--port", "0", "--loop", loop];
        using Process process = Process.Start(new ProcessStartInfo(words[0], words.Skip(1)) { UseShellExecute = false, RedirectStandardOutput = true, RedirectStandardError = true })!;
        string? listening = process.StandardOutput.ReadLine();
        if (listening is not null)
        {
            process.Kill();
            return null;
        }

        string reason = process.StandardError.ReadToEnd().Trim();
        process.WaitForExit();
        return reason.Length > 0 ? reason.Split('\n')[0] : $"there is no loop '{loop}'";
    }

    private string[] Own(string folder, string name)
    {
        string assembly = Path.Combine(root, folder, "bin/Release/net10.0", name + ".dll");
        return File.Exists(assembly) ? [Environment.ProcessPath is { } host && Path.GetFileName(host) == "dotnet" ? host : "dotnet", assembly] : throw new LoadException($"{assembly} is not built.");
    }

    private string? FindMissingLws() =>
        FindMissing("cc", "gcc") ?? (File.Exists("/usr/include/libwebsockets.h") ? null : "libwebsockets.h is not here (apt-get install libwebsockets-dev)");

    private string LwsEcho()
    {
        string program = Path.Combine(_temporary, "lwsecho");
        if (File.Exists(program))
            return program;

        using Process compiler = Process.Start("cc", ["-O2", "-o", program, Path.Combine(root, "benchmarks/peers/lwsecho.c"), "-lwebsockets"]);
        compiler.WaitForExit();
        return compiler.ExitCode == 0 ? program : throw new LoadException("lwsecho.c does not compile.");
    }

    private string NginxConfiguration(int port)
    {
        string file = Path.Combine(_temporary, $"nginx-{port}.conf");
        File.WriteAllText(file, $$"""
            daemon off;
            master_process off;
            pid nginx-{{port}}.pid;
            events { worker_connections 16384; }
            http {
                access_log off;
                keepalive_requests 1000000000;
                default_type text/plain;
                server { listen 127.0.0.1:{{port}}; location / { return 200 "Hello, World!"; } }
            }
            """);
        return file;
    }
}
