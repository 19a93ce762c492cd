using EventLoops.Protocols.WebSocket;

namespace EventLoops.Protocols.Http;

/// <summary>Both sides' checks of the opening handshake (RFC 6455 4.1 and 4.2.1): heads in, a verdict out.</summary>
internal static class WebSocketUpgrade
{
    /// <summary>Clients offer a handful of names; each is compared with each, so the number is bounded.</summary>
    internal const int MaxOfferedProtocols = 64;

    /// <summary>What is wrong with a request that asks for a WebSocket (<see cref="HttpHead.WantsWebSocket"/>).</summary>
    internal static ProtocolFault Check(HttpHead head)
    {
        // RFC 6455 4.1 no. 2 and 1: GET, and HTTP/1.1 at least.
        if (head.Method != RequestMethod.Get)
            return ProtocolFault.UpgradeMethodNotGet;
        if (head.MinorVersion == 0)
            return ProtocolFault.UpgradeHttpVersion;

        // RFC 6455 4.2.2: the version goes first, since a client of another one may write the rest differently, and is told which to use.
        if (!head.HasField(KnownHeader.SecWebSocketVersion))
            return ProtocolFault.VersionMissing;
        if (head.CountOf(KnownHeader.SecWebSocketVersion) > 1 || !head.FirstValue(KnownHeader.SecWebSocketVersion).SequenceEqual("13"u8))
            return ProtocolFault.VersionUnsupported;
        if (!head.HasField(KnownHeader.SecWebSocketKey))
            return ProtocolFault.KeyMissing;
        if (head.CountOf(KnownHeader.SecWebSocketKey) > 1)
            return ProtocolFault.KeyRepeated;
        if (!WebSocketHandshake.IsValidKey(head.FirstValue(KnownHeader.SecWebSocketKey)))
            return ProtocolFault.KeyMalformed;

        // RFC 6454 7.3: a client never sends two, and a check that reads one of them would be blind to the other.
        if (head.CountOf(KnownHeader.Origin) > 1)
            return ProtocolFault.OriginRepeated;
        ProtocolFault fault = CheckProtocols(head);
        return fault != ProtocolFault.None ? fault : CheckExtensions(head);
    }

    /// <summary>
    /// The names in all Sec-WebSocket-Protocol fields, in order. After <see cref="Check"/> has passed each is a token, and none is
    /// there twice.
    /// </summary>
    internal static OfferedProtocols Protocols(HttpHead head) => new(head);

    /// <summary>What is wrong with a server's answer to our request (RFC 6455 4.1, the numbered list at its end).</summary>
    /// <param name="head">The response.</param>
    /// <param name="expectedAccept">What <see cref="WebSocketHandshake.ComputeAccept"/> makes of the key that was sent.</param>
    /// <param name="offeredProtocols">The names that were sent, separated by commas; empty when none were.</param>
    /// <param name="offeredExtensions">
    /// The names of the extensions that were sent, without parameters, separated by commas; empty when none were.
    /// </param>
    internal static ProtocolFault CheckReply(
        HttpHead head,
        ReadOnlySpan<byte> expectedAccept,
        ReadOnlySpan<byte> offeredProtocols,
        ReadOnlySpan<byte> offeredExtensions)
    {
        if (head.StatusCode != 101 || head.MinorVersion == 0)
            return ProtocolFault.ReplyStatusNot101;
        if (!head.NamesWebSocket)
            return ProtocolFault.ReplyWithoutUpgrade;
        if (!head.NamesUpgrade)
            return ProtocolFault.ReplyWithoutConnection;
        if (head.CountOf(KnownHeader.SecWebSocketAccept) != 1)
            return ProtocolFault.ReplyAcceptMissing;
        if (!head.FirstValue(KnownHeader.SecWebSocketAccept).SequenceEqual(expectedAccept))
            return ProtocolFault.ReplyAcceptWrong;
        if (!ExtensionsWereOffered(head, offeredExtensions))
            return ProtocolFault.ReplyExtensionNotOffered;
        return ProtocolWasOffered(head, offeredProtocols) ? ProtocolFault.None : ProtocolFault.ReplySubprotocolNotOffered;
    }

    private static ProtocolFault CheckProtocols(HttpHead head)
    {
        int count = 0;
        foreach (ReadOnlySpan<byte> name in Protocols(head))
        {
            if (!HttpChars.IsToken(name))
                return ProtocolFault.SubprotocolMalformed;
            if (count == MaxOfferedProtocols)
                return ProtocolFault.TooManySubprotocols;
            if (IsAmongFirst(head, count, name))
                return ProtocolFault.SubprotocolRepeated;
            count++;
        }
        return ProtocolFault.None;
    }

    private static bool IsAmongFirst(HttpHead head, int count, ReadOnlySpan<byte> wanted)
    {
        foreach (ReadOnlySpan<byte> name in Protocols(head))
        {
            if (count-- == 0)
                return false;
            if (name.SequenceEqual(wanted))
                return true;
        }
        return false;
    }

    private static ProtocolFault CheckExtensions(HttpHead head)
    {
        foreach (HeaderField field in head.Fields)
        {
            if (field.Known == KnownHeader.SecWebSocketExtensions && !WebSocketExtensionList.IsWellFormed(field.Value))
                return ProtocolFault.ExtensionsMalformed;
        }
        return ProtocolFault.None;
    }

    private static bool ExtensionsWereOffered(HttpHead head, ReadOnlySpan<byte> offered)
    {
        foreach (HeaderField field in head.Fields)
        {
            if (field.Known == KnownHeader.SecWebSocketExtensions && !WebSocketExtensionList.NamesOnly(field.Value, offered))
                return false;
        }
        return true;
    }

    // RFC 6455 4.1: no answer is allowed; a server that serves none of the names sends no field.
    private static bool ProtocolWasOffered(HttpHead head, ReadOnlySpan<byte> offered)
    {
        if (!head.HasField(KnownHeader.SecWebSocketProtocol))
            return true;
        ReadOnlySpan<byte> chosen = head.FirstValue(KnownHeader.SecWebSocketProtocol);
        return head.CountOf(KnownHeader.SecWebSocketProtocol) == 1 && TokenList.ContainsExactly(offered, chosen);
    }
}
