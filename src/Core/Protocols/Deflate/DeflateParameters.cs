using System.Globalization;

namespace EventLoops.Protocols.Deflate;

/// <summary>
/// The four parameters of permessage-deflate (RFC 7692 7.1), read from an offer or an answer. Whatever RFC 7692 does not define makes the whole set bad: an unknown name,
/// a name twice, a value where none belongs, one that is missing or is no number from 8 to 15 without leading zeros.
/// </summary>
internal struct DeflateParameters
{
    public const string ServerNoContextTakeoverName = "server_no_context_takeover";
    public const string ClientNoContextTakeoverName = "client_no_context_takeover";
    public const string ServerMaxWindowBitsName = "server_max_window_bits";
    public const string ClientMaxWindowBitsName = "client_max_window_bits";

    /// <summary>The server forgets after each message what it has compressed (RFC 7692 7.1.1.1).</summary>
    public bool ServerNoContextTakeover { get; private set; }

    /// <summary>The client does (RFC 7692 7.1.1.2).</summary>
    public bool ClientNoContextTakeover { get; private set; }

    /// <summary>How far back the server may refer, as a logarithm (RFC 7692 7.1.2.1); 0 when it is not there.</summary>
    public int ServerMaxWindowBits { get; private set; }

    /// <summary>How far back the client may (RFC 7692 7.1.2.2); 0 when it is not there or has no value.</summary>
    public int ClientMaxWindowBits { get; private set; }

    /// <summary>Whether client_max_window_bits is there, with a value or without.</summary>
    public bool NamesClientMaxWindowBits { get; private set; }

    /// <summary>Reads a set of parameters.</summary>
    /// <param name="parameters">The parameters as they came.</param>
    /// <param name="isOffer">Whether they are a client's, which may leave the value of client_max_window_bits out.</param>
    /// <param name="read">What they say.</param>
    /// <returns>False when one of them is not allowed.</returns>
    public static bool TryRead(IReadOnlyList<ExtensionParameter> parameters, bool isOffer, out DeflateParameters read)
    {
        read = default;
        foreach (ExtensionParameter parameter in parameters)
        {
            bool isGood = parameter.Name switch
            {
                ServerNoContextTakeoverName => !read.ServerNoContextTakeover && parameter.Value is null && (read.ServerNoContextTakeover = true),
                ClientNoContextTakeoverName => !read.ClientNoContextTakeover && parameter.Value is null && (read.ClientNoContextTakeover = true),
                ServerMaxWindowBitsName => read.ServerMaxWindowBits == 0 && (read.ServerMaxWindowBits = BitsOf(parameter)) != 0,
                ClientMaxWindowBitsName => read.TakeClientBits(parameter, isOffer),
                _ => false,
            };
            if (!isGood)
                return false;
        }

        return true;
    }

    private bool TakeClientBits(ExtensionParameter parameter, bool isOffer)
    {
        if (NamesClientMaxWindowBits)
            return false;

        NamesClientMaxWindowBits = true;
        if (parameter.Value is null)
            return isOffer;

        ClientMaxWindowBits = BitsOf(parameter);
        return ClientMaxWindowBits != 0;
    }

    private static int BitsOf(ExtensionParameter parameter)
    {
        // RFC 7692 7.1.2 wants a decimal number without leading zeros; in quotes it is a string.
        if (parameter.Value is not { Length: 1 or 2 } value || value[0] == '0' || parameter.IsQuoted)
            return 0;

        return int.TryParse(value, NumberStyles.None, CultureInfo.InvariantCulture, out int bits) && bits is >= 8 and <= 15 ? bits : 0;
    }
}
