using EventLoops.Protocols.Deflate;

namespace EventLoops;

/// <summary>
/// permessage-deflate (RFC 7692): messages are compressed one by one, by default with what earlier messages had in them still in mind. It is off until it is put into
/// <see cref="VirtualHostOptions.Extensions"/> or <see cref="ClientConnectOptions.Extensions"/>; one object serves both and any number of connections.
/// </summary>
/// <remarks>
/// <para>
/// Compression saves bytes and costs time and memory: a direction with context takeover holds a compressor (some 220 KB, or 35 KB with zlib, a window of 12 bits and
/// a memory level of 5) or a decompressor (10 to 40 KB) from its first compressed message on; a direction without holds nothing between two messages.
/// </para>
/// <para>
/// Do not compress secrets together with text that an attacker can choose: the length of the result tells about the secret. Such messages are written
/// with <c>compress: false</c>.
/// </para>
/// <para>
/// Options of a connection (<see cref="Connection.SetExtensionOption"/>): <c>rx_buf_size</c> and <c>tx_buf_size</c>, the logarithm (7 to 16) of the largest part that
/// is delivered and of the largest frame that is sent; <c>compression_level</c> (0 to 9) and <c>mem_level</c> (1 to 9), from the next message on;
/// <c>server_max_window_bits</c> and <c>client_max_window_bits</c>, of which a side can make its own smaller than agreed; <c>server_no_context_takeover</c> and
/// <c>client_no_context_takeover</c> (1 or 0), of which a side can switch its own off. What would bind the peer is <see cref="ExtensionOptionResult.Refused"/>.
/// </para>
/// </remarks>
public sealed class PermessageDeflate : WebSocketExtension
{
    private const int LargestBits = DeflateSettings.LargestWindowBits;
    private const int LargestPartBits = 16;
    private int _sessions;

    /// <summary>Makes the extension with its defaults.</summary>
    public PermessageDeflate()
        : base("permessage-deflate")
    {
    }

    /// <summary>
    /// Whether the server forgets after each message what it has compressed (RFC 7692 7.1.1.1): a server says so in its answer, a client asks for it. Default false.
    /// </summary>
    public bool ServerNoContextTakeover { get; init; }

    /// <summary>
    /// Whether the client forgets after each message what it has compressed (RFC 7692 7.1.1.2): a server asks for it in its answer, a client says so in its offer. Default false.
    /// </summary>
    public bool ClientNoContextTakeover { get; init; }

    /// <summary>The logarithm of the largest window of a server, 8 to 15 (RFC 7692 7.1.2.1). A client that wants less gets less. Default 15.</summary>
    public int ServerMaxWindowBits { get; init => field = Checked(value, DeflateAgreement.SmallestWindowBits, LargestBits, nameof(ServerMaxWindowBits)); } = LargestBits;

    /// <summary>
    /// The logarithm of the largest window of a client, 8 to 15 (RFC 7692 7.1.2.2). A server can only ask for it when the client lets it. Default 15.
    /// </summary>
    public int ClientMaxWindowBits { get; init => field = Checked(value, DeflateAgreement.SmallestWindowBits, LargestBits, nameof(ClientMaxWindowBits)); } = LargestBits;

    /// <summary>How hard to try: 0 stores, 1, the default, is the fastest that compresses, 9 the slowest.</summary>
    public int CompressionLevel { get; init => field = Checked(value, 0, 9, nameof(CompressionLevel)); } = 1;

    /// <summary>zlib's memory level of a compressor, 1 to 9. Default 8, as zlib. Any other needs the system's zlib.</summary>
    public int MemoryLevel { get; init => field = Checked(value, 1, 9, nameof(MemoryLevel)); } = DeflateSettings.UsualMemoryLevel;

    /// <summary>Messages with fewer bytes are sent as they are, since little is gained. Default 64; 0 compresses everything. A message in parts is always compressed.</summary>
    public int MinMessageSize { get; init => field = Checked(value, 0, int.MaxValue, nameof(MinMessageSize)); } = 64;

    /// <summary>The logarithm of the largest part that <c>OnReceive</c> gets, 7 to 16: the option <c>rx_buf_size</c>. Default 16.</summary>
    public int ReceiveBufferBits { get; init => field = Checked(value, SmallestPartBits, LargestPartBits, nameof(ReceiveBufferBits)); } = LargestPartBits;

    /// <summary>The logarithm of the largest frame of a compressed message, 7 to 16: the option <c>tx_buf_size</c>. Default 16.</summary>
    public int SendBufferBits { get; init => field = Checked(value, SmallestPartBits, LargestPartBits, nameof(SendBufferBits)); } = LargestPartBits;

    /// <summary>
    /// How many connections may use this object at the same time; a server declines what comes beyond, and a client offers nothing. So the memory that compression can take is bounded.
    /// Default no limit.
    /// </summary>
    public int MaxConnections { get; init => field = Checked(value, 0, int.MaxValue, nameof(MaxConnections)); } = int.MaxValue;

    /// <summary>Who compresses. Default <see cref="DeflateLibrary.Auto"/>.</summary>
    public DeflateLibrary Library { get; init; }

    internal const int SmallestPartBits = 7;

    /// <inheritdoc />
    protected internal override ExtensionSession? Accept(ExtensionNegotiation offer)
    {
        ArgumentNullException.ThrowIfNull(offer);
        if (!IsLargeEnough(offer.Protocol) || !DeflateParameters.TryRead(offer.Parameters, isOffer: true, out DeflateParameters wanted))
            return null;

        // RFC 7692 7.1.2.1: a server that accepts the parameter must keep to it, which the framework's compressor with its one window cannot.
        int serverBits = Smaller(ServerMaxWindowBits, wanted.ServerMaxWindowBits);
        int clientBits = wanted.NamesClientMaxWindowBits ? Smaller(ClientMaxWindowBits, wanted.ClientMaxWindowBits) : LargestBits;
        if (!DeflateCodecs.CanDo(Library, serverBits, MemoryLevel))
            return null;

        if (!TryReserve())
            return null;

        bool serverForgets = ServerNoContextTakeover || wanted.ServerNoContextTakeover;
        bool clientForgets = ClientNoContextTakeover || wanted.ClientNoContextTakeover;
        if (serverForgets)
            offer.Answer(DeflateParameters.ServerNoContextTakeoverName);
        if (clientForgets)
            offer.Answer(DeflateParameters.ClientNoContextTakeoverName);
        if (serverBits < LargestBits || wanted.ServerMaxWindowBits != 0)
            offer.Answer(DeflateParameters.ServerMaxWindowBitsName, TextOf(serverBits));
        if (clientBits < LargestBits)
            offer.Answer(DeflateParameters.ClientMaxWindowBitsName, TextOf(clientBits));
        return new PermessageDeflateSession(this, new DeflateAgreement(serverBits, !serverForgets, clientBits, !clientForgets), offer.Protocol, isServer: true);
    }

    /// <inheritdoc />
    protected internal override void Offer(ExtensionOffers offers)
    {
        ArgumentNullException.ThrowIfNull(offers);
        if (Volatile.Read(ref _sessions) >= MaxConnections)
            return;

        List<ExtensionParameter> parameters = [];
        if (ServerNoContextTakeover)
            parameters.Add(new(DeflateParameters.ServerNoContextTakeoverName));
        if (ClientNoContextTakeover)
            parameters.Add(new(DeflateParameters.ClientNoContextTakeoverName));
        if (ServerMaxWindowBits < LargestBits)
            parameters.Add(new(DeflateParameters.ServerMaxWindowBitsName, TextOf(ServerMaxWindowBits)));

        // RFC 7692 7.1.2.2: only a client that names the parameter can be asked to use a smaller window, which it must be able to do.
        if (DeflateCodecs.CanDo(Library, DeflateAgreement.SmallestWindowBits, MemoryLevel))
            parameters.Add(new(DeflateParameters.ClientMaxWindowBitsName, ClientMaxWindowBits < LargestBits ? TextOf(ClientMaxWindowBits) : null));
        offers.Add([.. parameters]);
    }

    /// <inheritdoc />
    protected internal override ExtensionSession? Confirm(ExtensionNegotiation answer)
    {
        ArgumentNullException.ThrowIfNull(answer);
        if (!DeflateParameters.TryRead(answer.Parameters, isOffer: false, out DeflateParameters agreed))
            return null;

        // RFC 7692 7.1.1.1, 7.1.2.1 and 7.1.2.2: a server does what it was asked for, or does not accept; and asks for nothing that was not offered.
        bool offersClientBits = DeflateCodecs.CanDo(Library, DeflateAgreement.SmallestWindowBits, MemoryLevel);
        if ((ServerNoContextTakeover && !agreed.ServerNoContextTakeover)
            || (ServerMaxWindowBits < LargestBits && (agreed.ServerMaxWindowBits == 0 || agreed.ServerMaxWindowBits > ServerMaxWindowBits))
            || (agreed.NamesClientMaxWindowBits && (!offersClientBits || agreed.ClientMaxWindowBits > ClientMaxWindowBits)))
            return null;

        int clientBits = Smaller(ClientMaxWindowBits, agreed.ClientMaxWindowBits);
        int serverBits = Smaller(LargestBits, agreed.ServerMaxWindowBits);
        bool clientForgets = ClientNoContextTakeover || agreed.ClientNoContextTakeover;

        // Whoever was below the cap when it offered is not turned away by its own side later.
        Interlocked.Increment(ref _sessions);
        return new PermessageDeflateSession(this, new DeflateAgreement(clientBits, !clientForgets, serverBits, !agreed.ServerNoContextTakeover), answer.Protocol, isServer: false);
    }

    internal void OnSessionReleased() => Interlocked.Decrement(ref _sessions);

    private static int Smaller(int bits, int wanted) => wanted == 0 ? bits : Math.Min(bits, wanted);

    private static string TextOf(int bits) => bits.ToString(System.Globalization.CultureInfo.InvariantCulture);

    private static int Checked(int value, int least, int most, string member)
    {
        if (value < least || value > most)
            throw new ArgumentOutOfRangeException(member, value, $"{nameof(PermessageDeflate)}.{member} lies between {least} and {most}.");

        return value;
    }

    /// <summary>As in the original, a protocol that takes fewer than 128 bytes at once is not compressed: what it is sent is not worth it.</summary>
    private static bool IsLargeEnough(Protocol protocol) => protocol.ReceiveBufferSize == 0 || protocol.ReceiveBufferSize >= 1 << SmallestPartBits;

    /// <summary>Counts one more connection, unless there are as many as may be. Loops of several threads may share this object.</summary>
    private bool TryReserve()
    {
        if (Interlocked.Increment(ref _sessions) <= MaxConnections)
            return true;

        Interlocked.Decrement(ref _sessions);
        return false;
    }
}
