using System.Globalization;
using System.Net;
using System.Net.Sockets;

namespace EventLoops.Tests.Interop;

/// <summary>nginx with the files of a folder: a server that we did not write, in a process of its own. Debian has it as nginx-light.</summary>
internal sealed class NginxServer : IAsyncDisposable
{
    // The path of users who are not root lacks the folder in which Debian has it.
    private const string DebianPlace = "/usr/sbin/nginx";
    private const int MostAttempts = 5;

    private readonly SampleProcess _process;
    private readonly SiteFolder _own;

    private NginxServer(SampleProcess process, SiteFolder own, int port)
    {
        _process = process;
        _own = own;
        Port = port;
    }

    public int Port { get; }

    public static async Task<NginxServer> StartAsync(SiteFolder files)
    {
        string printed = "";
        for (int i = 0; i < MostAttempts; i++)
        {
            // nginx takes no port 0. Somebody else may take the port before nginx does, which then ends, and another port is tried.
            int port = FindFreePort();
            SiteFolder own = new();
            string config = own.Write("nginx.conf", Config(files, own, port));
            SampleProcess process = SampleProcess.StartTool(
                File.Exists(DebianPlace) ? DebianPlace : "nginx", "-p", own.Path, "-c", config, "-e", "stderr");
            NginxServer server = new(process, own, port);
            if (await server.HasStartedAsync()) return server;

            printed = process.Output;
            await server.DisposeAsync();
        }

        throw new InvalidOperationException($"nginx did not start on any of {MostAttempts} ports. At last it printed:\n{printed}");
    }

    public async ValueTask DisposeAsync()
    {
        await _process.DisposeAsync();
        _own.Dispose();
    }

    /// <summary>Without a master there is one process, which runs as whoever started it and so may read the folder.</summary>
    private static string Config(SiteFolder files, SiteFolder own, int port) => string.Create(CultureInfo.InvariantCulture, $$"""
        daemon off;
        master_process off;
        pid {{own["nginx.pid"]}};
        events { worker_connections 64; }
        http {
            access_log off;
            client_body_temp_path {{own["body"]}};
            proxy_temp_path {{own["proxy"]}};
            fastcgi_temp_path {{own["fastcgi"]}};
            uwsgi_temp_path {{own["uwsgi"]}};
            scgi_temp_path {{own["scgi"]}};
            sendfile on;
            server {
                listen 127.0.0.1:{{port}};
                root {{files.Path}};
                location = /ready { return 200 {{own.Path}}; }
            }
        }
        """);

    private static int FindFreePort()
    {
        using TcpListener listener = new(IPAddress.Loopback, 0);
        listener.Start();
        return ((IPEndPoint)listener.LocalEndpoint).Port;
    }

    /// <summary>Asks until it is this nginx that answers, or until it has ended. Whoever else got the port does not know the folder.</summary>
    private async Task<bool> HasStartedAsync()
    {
        using HttpClient http = new();
        CancellationToken deadline = Waiting.UntilDeadline;
        while (!_process.HasExited && !deadline.IsCancellationRequested)
        {
            try
            {
                using HttpResponseMessage answer = await http.GetAsync(new Uri($"http://127.0.0.1:{Port}/ready"), deadline);
                if (await answer.Content.ReadAsStringAsync(deadline) == _own.Path) return true;
            }
            catch (Exception exception) when (exception is HttpRequestException or OperationCanceledException)
            {
                // It does not listen yet, or never will.
            }
        }

        return false;
    }
}
