namespace EventLoops.Protocols.WebSocket;

/// <summary>Which close codes may appear in a close frame.</summary>
internal static class CloseCodes
{
    /// <summary>
    /// Whether a peer may put the code on the wire. RFC 6455 7.4.1 and the registry define 1000 to 1003 and 1007 to 1014; 1004 is
    /// reserved; 1005, 1006 and 1015 are only ever reported; 7.4.2 leaves 3000 to 4999 to libraries and applications.
    /// </summary>
    internal static bool MayBeSentByPeer(ushort code) => code is (>= 1000 and <= 1003) or (>= 1007 and <= 1014) or (>= 3000 and <= 4999);

    /// <summary>Whether our user may send the code: the same codes, since we are the other side's peer.</summary>
    internal static bool MayBeSentByUs(ushort code) => MayBeSentByPeer(code);
}
