using System.Globalization;
using FsCheck;
using FsCheck.Fluent;

namespace EventLoops.Tests.Connections;

/// <summary>What one side may do to a connection, or what may happen to it.</summary>
public enum Move
{
    /// <summary>The peer sends its next bytes, wherever that cuts them: first its half of the handshake, then frames.</summary>
    PeerSends,

    /// <summary>The peer finishes its frame and sends a close frame.</summary>
    PeerCloses,

    /// <summary>The peer ends its half of the stream.</summary>
    PeerEndsStream,

    /// <summary>The peer resets the connection.</summary>
    PeerResets,

    /// <summary>The peer leaves everything in the kernel from now on.</summary>
    PeerStopsReading,

    /// <summary>The peer reads again.</summary>
    PeerReads,

    /// <summary>We close.</summary>
    WeClose,

    /// <summary>We abort.</summary>
    WeAbort,

    /// <summary>We send a message of that many bytes.</summary>
    WeSend,

    /// <summary>We ask for a writable callback.</summary>
    WeAskToWrite,

    /// <summary>We stop receiving.</summary>
    WePause,

    /// <summary>We receive again.</summary>
    WeResume,

    /// <summary>The next callback asks for the end by what it returns.</summary>
    CallbackReturnsClose,

    /// <summary>The next callback closes, with a code of its own.</summary>
    CallbackCloses,

    /// <summary>The next callback aborts.</summary>
    CallbackAborts,

    /// <summary>The next callback throws.</summary>
    CallbackThrows,

    /// <summary>The next callback pauses receiving.</summary>
    CallbackPauses,

    /// <summary>Milliseconds pass.</summary>
    TimePasses,

    /// <summary>The loop makes one turn.</summary>
    Turn,
}

/// <summary>One line of a script.</summary>
public readonly record struct Step(Move Move, int Amount = 0)
{
    /// <summary>The move, and its amount where it has one.</summary>
    public override string ToString() => Amount == 0 ? Move.ToString() : string.Create(CultureInfo.InvariantCulture, $"{Move}({Amount})");
}

/// <summary>What happens to one connection, in order. FsCheck makes scripts and shrinks one that fails to the few lines that matter.</summary>
public sealed record ConnectionScript(bool IsServer, IReadOnlyList<Step> Steps)
{
    private static readonly Move[] s_endings =
    [
        Move.PeerCloses, Move.PeerEndsStream, Move.PeerResets, Move.WeClose, Move.WeAbort, Move.CallbackReturnsClose, Move.CallbackCloses,
        Move.CallbackAborts, Move.CallbackThrows, Move.TimePasses,
    ];

    /// <summary>Whether nothing in it can end the connection before all is said.</summary>
    public bool IsPeaceful => Steps.All(step => !s_endings.Contains(step.Move));

    /// <summary>The script as a person writes it down.</summary>
    public override string ToString() => $"{(IsServer ? "server" : "client")}: {string.Join(", ", Steps)}";
}

/// <summary>Where FsCheck finds scripts.</summary>
public static class ConnectionScripts
{
    private const int MostSteps = 25;

    private static readonly Gen<Step> s_step = Gen.Frequency(
        (8, Gen.Choose(1, 400).Select(count => new Step(Move.PeerSends, count))),
        (2, Gen.Choose(1, 12).Select(count => new Step(Move.PeerSends, count))),
        (1, Gen.Constant(new Step(Move.PeerCloses))),
        (1, Gen.Constant(new Step(Move.PeerEndsStream))),
        (1, Gen.Constant(new Step(Move.PeerResets))),
        (1, Gen.Elements(new Step(Move.PeerStopsReading), new Step(Move.PeerReads))),
        (1, Gen.Constant(new Step(Move.WeClose))),
        (1, Gen.Constant(new Step(Move.WeAbort))),
        (2, Gen.Elements(1, 100, 70_000, 400_000, 3_000_000).Select(size => new Step(Move.WeSend, size))),
        (2, Gen.Constant(new Step(Move.WeAskToWrite))),
        (2, Gen.Elements(new Step(Move.WePause), new Step(Move.WeResume), new Step(Move.WeResume))),
        (2, Gen.Elements(Move.CallbackReturnsClose, Move.CallbackCloses, Move.CallbackAborts, Move.CallbackThrows, Move.CallbackPauses).Select(move => new Step(move))),
        (1, Gen.Elements(1, 1000, 5000, 60_000).Select(time => new Step(Move.TimePasses, time))),
        (8, Gen.Constant(new Step(Move.Turn))));

    /// <summary>Random scripts for either side, and how to shrink them.</summary>
    public static Arbitrary<ConnectionScript> Scripts() => Arb.From(
        from isServer in Gen.Elements(true, false)
        from length in Gen.Choose(1, MostSteps)
        from steps in s_step.ArrayOf(length)
        select new ConnectionScript(isServer, steps),
        Shrink);

    private static IEnumerable<ConnectionScript> Shrink(ConnectionScript script)
    {
        IReadOnlyList<Step> steps = script.Steps;
        for (int size = steps.Count / 2; size > 0; size /= 2)
        {
            for (int from = 0; from + size <= steps.Count; from += size)
                yield return script with { Steps = [.. steps.Take(from), .. steps.Skip(from + size)] };
        }

        for (int place = 0; place < steps.Count; place++)
        {
            if (steps[place].Amount <= 1) continue;

            foreach (int amount in new[] { 1, steps[place].Amount / 2 })
                yield return script with { Steps = [.. steps.Take(place), steps[place] with { Amount = amount }, .. steps.Skip(place + 1)] };
        }
    }
}
