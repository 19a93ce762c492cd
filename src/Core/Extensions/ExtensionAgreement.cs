using System.Text;
using EventLoops.Protocols.Http;

namespace EventLoops;

/// <summary>
/// How the two sides of a connection come to their extensions (RFC 6455 9.1): what a client offers, what a server takes of it, and what the client then checks.
/// An extension that throws is left out by a server, and fails a client's connection.
/// </summary>
internal static class ExtensionAgreement
{
    /// <summary>How many offers of one client are judged. Nobody has so many ways to say the same, and each costs work.</summary>
    private const int MaxJudgedOffers = 32;

    /// <summary>Checks the value of an option.</summary>
    /// <exception cref="ArgumentException">One is null, or a name is there twice.</exception>
    public static void Validate(IReadOnlyList<WebSocketExtension> extensions, string member)
    {
        ArgumentNullException.ThrowIfNull(extensions, member);
        if (extensions.Any(extension => extension is null))
            throw new ArgumentException("An extension is null.", member);
        if (extensions.DistinctBy(extension => extension.Name, StringComparer.Ordinal).Count() != extensions.Count)
            throw new ArgumentException("Two extensions have the same name.", member);
    }

    /// <summary>Server: goes through a client's offers in their order and takes what is configured, wanted and good. Null when nothing is.</summary>
    /// <param name="connection">The connection, bound to the protocol that it will speak.</param>
    /// <param name="head">The request.</param>
    /// <param name="configured">What this server has.</param>
    /// <param name="answer">The value of the answer's field; empty for none.</param>
    public static ExtensionChain? Accept(Connection connection, HttpHead head, IReadOnlyList<WebSocketExtension> configured, out string answer)
    {
        answer = "";
        if (configured.Count == 0)
            return null;

        List<AgreedExtension> agreed = [];
        Dictionary<WebSocketExtension, bool> wishes = new(ReferenceEqualityComparer.Instance);
        int judged = 0;
        foreach (WebSocketExtensionReader offer in new WebSocketExtensionReader(head))
        {
            if (Find(configured, offer.Name) is not { } extension || IsAmong(agreed, extension.Name) || ++judged > MaxJudgedOffers)
                continue;
            if (!IsWanted(connection, extension, wishes))
                continue;

            ExtensionNegotiation negotiation = new(connection.Protocol, offer.ReadParameters(), isServer: true);
            if (!TryAdd(agreed, extension, Judge(connection, extension.Accept, negotiation)))
                continue;

            answer += (answer.Length > 0 ? ", " : "") + extension.Name + negotiation.AnswerText;
        }

        return ChainOf(agreed);
    }

    /// <summary>Client: the value of the request's field; empty when nothing is offered.</summary>
    public static string Offer(Connection connection, IReadOnlyList<WebSocketExtension> configured)
    {
        List<string> all = [];
        foreach (WebSocketExtension extension in configured)
        {
            if (!IsConfirmed(connection, extension))
                continue;

            ExtensionOffers offers = new(extension.Name);
            extension.Offer(offers);
            all.AddRange(offers.All);
        }

        return string.Join(", ", all);
    }

    /// <summary>Client: checks what the server has agreed to. Every extension in the answer is one that was offered; that was seen before.</summary>
    /// <param name="connection">The connection, bound to the protocol that it will speak.</param>
    /// <param name="head">The reply.</param>
    /// <param name="configured">What was offered.</param>
    /// <param name="chain">What was agreed on; null for nothing.</param>
    /// <returns>False when the answer does not fit the offer.</returns>
    public static bool TryConfirm(Connection connection, HttpHead head, IReadOnlyList<WebSocketExtension> configured, out ExtensionChain? chain)
    {
        List<AgreedExtension> agreed = [];
        foreach (WebSocketExtensionReader answer in new WebSocketExtensionReader(head))
        {
            ExtensionNegotiation negotiation = new(connection.Protocol, answer.ReadParameters(), isServer: false);
            if (Find(configured, answer.Name) is { } extension && !IsAmong(agreed, extension.Name)
                && TryAdd(agreed, extension, Judge(connection, extension.Confirm, negotiation)))
                continue;

            ChainOf(agreed)?.Release();
            chain = null;
            return false;
        }

        chain = ChainOf(agreed);
        return true;
    }

    private static ExtensionChain? ChainOf(List<AgreedExtension> agreed) => agreed.Count == 0 ? null : new ExtensionChain([.. agreed]);

    private static WebSocketExtension? Find(IReadOnlyList<WebSocketExtension> configured, ReadOnlySpan<byte> name)
    {
        foreach (WebSocketExtension extension in configured)
        {
            if (Ascii.Equals(name, extension.Name))
                return extension;
        }

        return null;
    }

    private static bool IsAmong(List<AgreedExtension> agreed, string name) => agreed.Exists(extension => extension.Name == name);

    /// <summary>Asks the user about an extension once, however often it is offered.</summary>
    private static bool IsWanted(Connection connection, WebSocketExtension extension, Dictionary<WebSocketExtension, bool> wishes)
    {
        if (!wishes.TryGetValue(extension, out bool isWanted))
            wishes.Add(extension, isWanted = IsConfirmed(connection, extension));
        return isWanted;
    }

    private static bool IsConfirmed(Connection connection, WebSocketExtension extension)
    {
        CallbackReason reason = connection.IsServer ? CallbackReason.ConfirmExtensionOkay : CallbackReason.ClientConfirmExtensionSupported;
        return connection.Raise(reason, new CallbackData { In = Encoding.ASCII.GetBytes(extension.Name) }) == CallbackOutcome.Continue;
    }

    private static ExtensionSession? Judge(Connection connection, Func<ExtensionNegotiation, ExtensionSession?> judge, ExtensionNegotiation negotiation)
    {
        try
        {
            return judge(negotiation);
        }
        catch (Exception exception)
        {
            connection.Context.Log.ExtensionThrew(connection.Id, exception);
            return null;
        }
    }

    /// <summary>Takes an extension in, unless it was declined or wants a bit that another one has.</summary>
    private static bool TryAdd(List<AgreedExtension> agreed, WebSocketExtension extension, ExtensionSession? session)
    {
        if (session is null)
            return false;
        if (agreed.Count < ExtensionChain.MaxActive && !agreed.Exists(other => (other.Session.Bits & session.Bits) != ReservedBits.None))
        {
            agreed.Add(new AgreedExtension(extension.Name, session));
            return true;
        }

        session.Release();
        return false;
    }
}
