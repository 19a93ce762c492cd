using System.Text;
using EventLoops.Protocols.Http;

namespace EventLoops;

/// <summary>
/// One extension with its parameters, while both sides agree on it: an offer that a server judges, or the answer that a client checks (RFC 6455 9.1).
/// Valid only during the call that it is given to.
/// </summary>
public sealed class ExtensionNegotiation
{
    private readonly List<ExtensionParameter> _answer = [];

    internal ExtensionNegotiation(Protocol protocol, IReadOnlyList<ExtensionParameter> parameters, bool isServer)
    {
        Protocol = protocol;
        Parameters = parameters;
        IsServer = isServer;
    }

    /// <summary>The protocol that the connection will speak.</summary>
    public Protocol Protocol { get; }

    /// <summary>What the peer wrote behind the extension's name, in its order; a name may be there twice.</summary>
    public IReadOnlyList<ExtensionParameter> Parameters { get; }

    /// <summary>Whether this side is the server, and so answers.</summary>
    public bool IsServer { get; }

    /// <summary>Server: puts a parameter into the answer. What is answered for an offer that is declined in the end is forgotten.</summary>
    /// <param name="name">Its name: a token (RFC 9110 5.6.2).</param>
    /// <param name="value">Its value: a token, or null for none.</param>
    /// <exception cref="ArgumentException">A name or value that is no token.</exception>
    /// <exception cref="InvalidOperationException">This side is the client.</exception>
    public void Answer(string name, string? value = null)
    {
        if (!IsServer)
            throw new InvalidOperationException($"{nameof(ExtensionNegotiation)}.{nameof(Answer)}: only a server answers.");

        _answer.Add(Checked(name, value));
    }

    /// <summary>The parameters of the answer, each behind its semicolon.</summary>
    internal string AnswerText => string.Concat(_answer.Select(parameter => "; " + parameter));

    internal static ExtensionParameter Checked(string name, string? value)
    {
        CheckToken(name, nameof(name));
        if (value is not null)
            CheckToken(value, nameof(value));
        return new ExtensionParameter(name, value);
    }

    private static void CheckToken(string text, string parameter)
    {
        ArgumentNullException.ThrowIfNull(text, parameter);
        if (!HttpChars.IsToken(Encoding.UTF8.GetBytes(text)))
            throw new ArgumentException($"'{text}' is not a token (RFC 9110 5.6.2).", parameter);
    }
}
