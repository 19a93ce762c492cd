namespace EventLoops;

/// <summary>What a client offers of one extension: one set of parameters or several, the preferred first (RFC 6455 9.1).</summary>
public sealed class ExtensionOffers
{
    private readonly List<string> _offers = [];
    private readonly string _name;

    internal ExtensionOffers(string name) => _name = name;

    /// <summary>Adds an offer behind those that were added before.</summary>
    /// <param name="parameters">Its parameters; names and values are tokens.</param>
    /// <exception cref="ArgumentException">A name or value that is no token.</exception>
    public void Add(params ReadOnlySpan<ExtensionParameter> parameters)
    {
        string offer = _name;
        foreach (ExtensionParameter parameter in parameters)
            offer += "; " + ExtensionNegotiation.Checked(parameter.Name, parameter.Value);
        _offers.Add(offer);
    }

    internal IReadOnlyList<string> All => _offers;
}
