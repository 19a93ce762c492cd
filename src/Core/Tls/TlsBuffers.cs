namespace EventLoops;

/// <summary>
/// Where the TLS connections of a service thread decrypt and encrypt: one of each for all of them, since what comes out is delivered or sent before the next
/// connection is served. Made for the first connection that speaks TLS, and kept, as the receive buffer is.
/// </summary>
internal sealed class TlsBuffers
{
    // One send a turn for what one read may bring, echoed: its payload and what TLS adds to each record.
    private const int RoomSize = ServiceThread.ReceiveBufferSize + ITlsEngine.MinimumRoom;

    // Whatever one read brings never grows by being decrypted; the engine may hold a cut record beside it.
    private const int PlaintextSize = ServiceThread.ReceiveBufferSize + ITlsEngine.MinimumRoom;

    private readonly byte[] _plaintext = GC.AllocateUninitializedArray<byte>(PlaintextSize, pinned: true);
    private readonly byte[] _room = GC.AllocateUninitializedArray<byte>(RoomSize, pinned: true);

    /// <summary>What was received, decrypted: valid until the next read on this thread.</summary>
    public Span<byte> Plaintext => _plaintext;

    /// <summary>What is to be sent, encrypted: valid until the next step of an engine on this thread.</summary>
    public Span<byte> Room => _room;
}
