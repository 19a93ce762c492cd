using System.Globalization;

namespace EventLoops.Tests.Traces;

/// <summary>What one side does next. Connections are named by the order in which they were made; a name is taken modulo their number.</summary>
public abstract record TraceCommand
{
    /// <summary>Which connection.</summary>
    public int Who { get; init; }
}

/// <summary>A new connection: a peer connects to our server, or our client to a peer.</summary>
/// <param name="Welcome">What the user says on the way to an open WebSocket.</param>
/// <param name="Reply">What a peer that plays the server answers; a peer that plays the client always asks as it should.</param>
public sealed record Connects(Welcome Welcome = Welcome.Agrees, Reply Reply = Reply.Agrees) : TraceCommand
{
    /// <inheritdoc/>
    public override string ToString() =>
        "connect" + (Reply == Reply.Agrees ? "" : $", answered {Reply}") + (Welcome == Welcome.Agrees ? "" : $", user {Welcome}");
}

/// <summary>What the user says on the way to an open WebSocket.</summary>
public enum Welcome
{
    /// <summary>Nothing against it.</summary>
    Agrees,

    /// <summary>Returns Close from the callback of the handshake: the server's before its reply, the client's after it.</summary>
    RefusesHandshake,

    /// <summary>Throws there.</summary>
    ThrowsInHandshake,

    /// <summary>Returns Close as soon as the WebSocket is open.</summary>
    ClosesWhenOpen,

    /// <summary>Throws as soon as it is open.</summary>
    ThrowsWhenOpen,

    /// <summary>A client only: returns Close from the callback that may still change the request.</summary>
    RefusesToAsk,
}

/// <summary>What a server answers to our client (RFC 6455 4.1, what the client must check).</summary>
public enum Reply
{
    /// <summary>101, as it should be.</summary>
    Agrees,

    /// <summary>404.</summary>
    OtherStatus,

    /// <summary>101 without the field Upgrade.</summary>
    NoUpgrade,

    /// <summary>The answer to another key.</summary>
    WrongKey,

    /// <summary>A subprotocol that nobody offered.</summary>
    OtherProtocol,

    /// <summary>An extension that nobody offered.</summary>
    Extension,

    /// <summary>No HTTP from the first byte on.</summary>
    NoHttp,
}

/// <summary>The peer sends the next bytes of its half of the handshake, as far as that goes.</summary>
public sealed record SendsHead(int Count) : TraceCommand
{
    /// <inheritdoc/>
    public override string ToString() => string.Create(CultureInfo.InvariantCulture, $"#{Who} head({Count})");
}

/// <summary>The peer sends what is left of its half of the handshake and of former frames, then these in one write, up to where it is cut.</summary>
/// <param name="Frames">The frames.</param>
/// <param name="HeldBack">How many bytes of the last frame are kept for the next write.</param>
public sealed record SendsFrames(IReadOnlyList<TraceFrame> Frames, int HeldBack) : TraceCommand
{
    // What is smaller reaches the other side in one piece, and is read in one piece.
    private const int Large = 32_768;

    /// <summary>
    /// Whether it is too large to be read at once. Such a one is sent when the other side has read all that came before, and not at all while the user has stopped that:
    /// where the kernel cuts it decides what is read together with it.
    /// </summary>
    public bool ComesAlone => Frames.OfType<MessageFrames>().Any(message => message.Length > Large);

    /// <inheritdoc/>
    public override string ToString() => $"#{Who} send [{string.Join(", ", Frames)}]" + (HeldBack > 0 ? $" but the last {HeldBack} bytes" : "");
}

/// <summary>The peer ends its half of the stream.</summary>
public sealed record EndsStream : TraceCommand
{
    /// <inheritdoc/>
    public override string ToString() => $"#{Who} fin";
}

/// <summary>The peer resets the connection.</summary>
public sealed record Resets : TraceCommand
{
    /// <inheritdoc/>
    public override string ToString() => $"#{Who} rst";
}

/// <summary>What the user does between two turns.</summary>
public enum UserAct
{
    /// <summary>Stops receiving.</summary>
    Pause,

    /// <summary>Receives again.</summary>
    Resume,

    /// <summary>Closes with code 1001.</summary>
    Close,

    /// <summary>Drops the connection.</summary>
    Abort,

    /// <summary>Asks for a writable callback.</summary>
    AskToWrite,
}

/// <summary>The user does something between two turns.</summary>
public sealed record UserActs(UserAct Act) : TraceCommand
{
    /// <inheritdoc/>
    public override string ToString() => $"#{Who} user: {Act}";
}

/// <summary>What the user does when a message is complete.</summary>
public enum Reaction
{
    /// <summary>Nothing, from now on.</summary>
    Ignore,

    /// <summary>Sends it back from inside the callback, from now on.</summary>
    EchoNow,

    /// <summary>Asks to write and sends it back then, from now on.</summary>
    EchoLater,

    /// <summary>Returns Close, once.</summary>
    Close,

    /// <summary>Throws, once.</summary>
    Throw,

    /// <summary>Stops receiving, once.</summary>
    Pause,
}

/// <summary>The user makes up its mind about the next messages.</summary>
public sealed record UserWill(Reaction Reaction) : TraceCommand
{
    /// <inheritdoc/>
    public override string ToString() => $"#{Who} user will: {Reaction}";
}

/// <summary>A minute passes, in which every deadline of the library lies.</summary>
public sealed record MinutePasses : TraceCommand
{
    /// <inheritdoc/>
    public override string ToString() => "a minute passes";
}

/// <summary>
/// What happens to the connections of one context, line by line; each line has all its consequences before the next one comes. In the end the context is disposed.
/// </summary>
/// <param name="IsServer">Whether our side of the connections is the server's.</param>
/// <param name="Commands">The lines.</param>
public sealed record TraceScript(bool IsServer, IReadOnlyList<TraceCommand> Commands)
{
    /// <summary>The script as a person writes it down.</summary>
    public override string ToString() => $"{(IsServer ? "server" : "client")}: {string.Join("; ", Commands)}";
}
