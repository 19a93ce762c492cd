namespace EventLoops;

/// <summary>What comes with a callback. Which members mean something depends on the reason; the others are empty.</summary>
public readonly ref struct CallbackData
{
    /// <summary>
    /// The bytes that come with the reason: a part of a message or of a request's body, the payload of a ping or pong, the decoded path of a request,
    /// the words of a connect failure. Valid only during the callback. For <see cref="CallbackReason.WsPeerInitiatedClose"/> it is the whole payload of the
    /// close frame, as in libwebsockets: two bytes of code, the higher first, and the text (RFC 6455 5.5.1); empty for a frame without a code.
    /// <see cref="Close"/> has both already taken apart.
    /// </summary>
    public ReadOnlySpan<byte> In { get; init; }

    /// <summary>Where the part stands in its message. For <see cref="CallbackReason.Receive"/> and <see cref="CallbackReason.ClientReceive"/>.</summary>
    public MessageInfo Message { get; init; }

    /// <summary>
    /// How a connection ended, or is about to. For <see cref="CallbackReason.Closed"/>, <see cref="CallbackReason.WsPeerInitiatedClose"/>,
    /// <see cref="CallbackReason.ClosedHttp"/> and <see cref="CallbackReason.ClosedClientHttp"/>.
    /// </summary>
    public CloseInfo Close { get; init; }

    /// <summary>Why no connection was made. For <see cref="CallbackReason.ClientConnectionError"/>.</summary>
    public ConnectFailure Failure { get; init; }

    /// <summary>The change of the user's poll array. For the six poll reasons.</summary>
    public PollArgs Poll { get; init; }

    /// <summary>The virtual host. For the reasons that have no connection yet.</summary>
    public VirtualHost? VirtualHost { get; init; }

    /// <summary>The accepted descriptor. For <see cref="CallbackReason.FilterNetworkConnection"/>.</summary>
    public int Fd { get; init; }
}
