namespace EventLoops.Protocols.Deflate;

/// <summary>What two sides have agreed on, as one of them sees it.</summary>
/// <param name="OwnWindowBits">How far back this side may refer.</param>
/// <param name="OwnContextTakeover">Whether this side remembers what it has compressed from message to message.</param>
/// <param name="PeerWindowBits">How far back the peer may refer.</param>
/// <param name="PeerContextTakeover">Whether the peer remembers.</param>
internal readonly record struct DeflateAgreement(int OwnWindowBits, bool OwnContextTakeover, int PeerWindowBits, bool PeerContextTakeover)
{
    /// <summary>The smallest window that two sides can agree on (RFC 7692 7.1.2).</summary>
    public const int SmallestWindowBits = 8;
}
