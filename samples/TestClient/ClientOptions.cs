using EventLoops;

namespace TestClient;

/// <summary>What the command line asked for.</summary>
/// <param name="Uri">Where to connect to.</param>
internal sealed record ClientOptions(Uri Uri)
{
    /// <summary>The protocol to ask for; null to ask for none.</summary>
    public string? Protocol { get; init; }

    /// <summary>After how many messages it is over; 0 for never, null for what suits the protocol.</summary>
    public long? Count { get; init; }

    /// <summary>How many bytes each message has.</summary>
    public int Size { get; init; }

    /// <summary>How many messages are sent in a second; 0 for as many as the connection takes.</summary>
    public double Rate { get; init; }

    /// <summary>Whether compression is offered.</summary>
    public bool OffersDeflate { get; init; }

    /// <summary>The method of a request; null for GET, or POST with data.</summary>
    public string? Method { get; init; }

    /// <summary>The body of a request, or @ and the file that holds it; null for none.</summary>
    public string? Data { get; init; }

    /// <summary>The file for the body of the reply; null for standard output.</summary>
    public string? Output { get; init; }

    /// <summary>Whether redirects are followed.</summary>
    public bool Follow { get; init; }

    /// <summary>How many bytes of a reply are read in a second; 0 for as many as come.</summary>
    public long LimitRate { get; init; }

    /// <summary>TLS; null for none, and for what the library takes for right.</summary>
    public ClientTlsOptions? Tls { get; init; }

    /// <summary>Whether a request is made, and no WebSocket.</summary>
    public bool IsHttp => Uri.Scheme is "http" or "https";

    /// <summary>How often connecting is tried in all.</summary>
    public int Attempts { get; init; } = 1;
}
