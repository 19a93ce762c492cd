using System.Text;
using EventLoops.Protocols.Http;

namespace EventLoops;

/// <summary>
/// An extension of WebSocket (RFC 6455 9) that transforms messages. One object serves any number of connections, on either side; what it keeps for one of
/// them lives in the <see cref="ExtensionSession"/> that it makes. Put it into <see cref="VirtualHostOptions.Extensions"/> or
/// <see cref="ClientConnectOptions.Extensions"/>; <see cref="PermessageDeflate"/> is the one that comes with the library. Everything is called on the
/// loop's thread.
/// </summary>
public abstract class WebSocketExtension
{
    /// <summary>Makes an extension.</summary>
    /// <param name="name">The name that is negotiated: a token (RFC 6455 9.1), compared as it is.</param>
    /// <exception cref="ArgumentException">The name is no token.</exception>
    protected WebSocketExtension(string name)
    {
        ArgumentNullException.ThrowIfNull(name);
        if (!HttpChars.IsToken(Encoding.UTF8.GetBytes(name)))
            throw new ArgumentException($"'{name}' is not a token (RFC 9110 5.6.2).", nameof(name));

        Name = name;
    }

    /// <summary>The name that is negotiated.</summary>
    public string Name { get; }

    /// <summary>
    /// Server: judges one offer of a client. The offers of one client are judged in its order, until one is accepted.
    /// </summary>
    /// <param name="offer">The offer; <see cref="ExtensionNegotiation.Answer"/> writes the parameters of the answer.</param>
    /// <returns>What serves the connection from now on, or null to decline the offer.</returns>
    protected internal abstract ExtensionSession? Accept(ExtensionNegotiation offer);

    /// <summary>Client: says what to offer. Adding nothing offers nothing.</summary>
    /// <param name="offers">Takes the offers, the preferred first.</param>
    protected internal abstract void Offer(ExtensionOffers offers);

    /// <summary>Client: checks what the server has answered to the offers.</summary>
    /// <param name="answer">The answer.</param>
    /// <returns>What serves the connection from now on, or null when the answer is wrong, which fails the connection (RFC 6455 9.1).</returns>
    protected internal abstract ExtensionSession? Confirm(ExtensionNegotiation answer);
}
