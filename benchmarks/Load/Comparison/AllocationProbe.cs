using System.Globalization;
using System.Net;

namespace EventLoops.Benchmarks.Load.Comparison;

/// <summary>
/// Asks a server that has a managed heap what the heap has handed out since the start: <c>GET /allocated</c> over a connection of its own. What asking costs is
/// measured first and taken off, so that what is left was allocated for the load.
/// </summary>
internal sealed class AllocationProbe : IDisposable
{
    private const int Warm = 20;

    private readonly HttpClient _client;
    private readonly Uri _address;
    private long _cost;
    private long _asked;

    public AllocationProbe(IPEndPoint server, bool isTls)
    {
        _address = new Uri($"{(isTls ? "https" : "http")}://{server}/allocated");
        _client = new HttpClient(new SocketsHttpHandler
        {
            // The comparison has made the certificate itself, and nobody vouches for it.
            SslOptions = { RemoteCertificateValidationCallback = (_, certificate, _, _) => certificate?.Subject == Peers.CertificateName },

            // A connection that the server closed meanwhile for being idle would be made again, at a cost that nobody knows.
            PooledConnectionLifetime = Timeout.InfiniteTimeSpan,
        });
        for (int i = 0; i < Warm; i++) Ask();

        long least = long.MaxValue;
        for (int i = 0; i < Warm; i++)
        {
            long before = Ask();
            least = Math.Min(least, Ask() - before);
        }

        _cost = least;
    }

    /// <summary>Bytes handed out so far, without those for asking.</summary>
    /// <exception cref="LoadException">The server does not say.</exception>
    public long Read() => Ask() - (_asked++ * _cost);

    public void Dispose() => _client.Dispose();

    private long Ask()
    {
        try
        {
            using HttpResponseMessage answer = _client.Send(new HttpRequestMessage(HttpMethod.Get, _address));
            using StreamReader text = new(answer.EnsureSuccessStatusCode().Content.ReadAsStream());
            return long.Parse(text.ReadToEnd(), CultureInfo.InvariantCulture);
        }
        catch (Exception fault) when (fault is HttpRequestException or FormatException)
        {
            throw new LoadException($"{_address} does not tell what was allocated: {fault.Message}");
        }
    }
}
