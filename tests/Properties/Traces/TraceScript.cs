using System.Globalization;

namespace EventLoops.Tests.Traces;

/// <summary>What one side does next. Connections are named by the order in which they were made; a name is taken modulo their number.</summary>
public abstract record TraceCommand
{
    /// <summary>Which connection.</summary>
    public int Who { get; init; }

    /// <summary>A word with its numbers in brackets.</summary>
    protected static string Say(string word, params object[] amounts) =>
        amounts.Length == 0 ? word : $"{word}({string.Join(", ", amounts.Select(amount => Convert.ToString(amount, CultureInfo.InvariantCulture)))})";
}

/// <summary>A new peer connects.</summary>
public sealed record Connects : TraceCommand
{
    /// <inheritdoc/>
    public override string ToString() => "connect";
}

/// <summary>The peer sends the next bytes of its request, as far as that goes.</summary>
public sealed record SendsHead(int Count) : TraceCommand
{
    /// <inheritdoc/>
    public override string ToString() => Say($"#{Who} head", Count);
}

/// <summary>The peer sends what is left of its request and of former frames, then these in one write, up to where it is cut.</summary>
/// <param name="Frames">The frames.</param>
/// <param name="HeldBack">How many bytes of the last frame are kept for the next write.</param>
public sealed record SendsFrames(IReadOnlyList<TraceFrame> Frames, int HeldBack) : TraceCommand
{
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

/// <summary>What happens on one server, line by line; each line has all its consequences before the next one comes. In the end the context is disposed.</summary>
public sealed record TraceScript(IReadOnlyList<TraceCommand> Commands)
{
    /// <summary>The script as a person writes it down.</summary>
    public override string ToString() => string.Join("; ", Commands);
}
