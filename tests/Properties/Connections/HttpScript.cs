using System.Globalization;
using FsCheck;
using FsCheck.Fluent;

namespace EventLoops.Tests.Connections;

/// <summary>What may happen to a connection that carries HTTP requests.</summary>
public enum HttpMove
{
    /// <summary>The peer sends its next bytes, wherever that cuts its requests.</summary>
    PeerSends,

    /// <summary>The peer ends its half of the stream.</summary>
    PeerEndsStream,

    /// <summary>The peer resets the connection.</summary>
    PeerResets,

    /// <summary>The peer leaves its answers in the kernel from now on, or reads again.</summary>
    PeerTurnsAway,

    /// <summary>We answer the request that waits, as a whole.</summary>
    WeAnswer,

    /// <summary>We begin an answer in chunks; it is ended by the next <see cref="WeAnswer"/>.</summary>
    WeBeginAnswer,

    /// <summary>We ask for a writable callback.</summary>
    WeAskToWrite,

    /// <summary>We stop receiving.</summary>
    WePause,

    /// <summary>We receive again.</summary>
    WeResume,

    /// <summary>We abort.</summary>
    WeAbort,

    /// <summary>Requests are answered inside their callback from now on, or left waiting again.</summary>
    AnswersChange,

    /// <summary>The next callback asks for the end by what it returns.</summary>
    CallbackReturnsClose,

    /// <summary>The next callback throws.</summary>
    CallbackThrows,

    /// <summary>Milliseconds pass.</summary>
    TimePasses,

    /// <summary>The loop makes one turn.</summary>
    Turn,
}

/// <summary>One line of a script.</summary>
public readonly record struct HttpStep(HttpMove Move, int Amount = 0)
{
    /// <summary>The move, and its amount where it has one.</summary>
    public override string ToString() => Amount == 0 ? Move.ToString() : string.Create(CultureInfo.InvariantCulture, $"{Move}({Amount})");
}

/// <summary>What happens to one HTTP connection, in order.</summary>
public sealed record HttpScript(IReadOnlyList<HttpStep> Steps)
{
    private static readonly HttpMove[] s_endings =
    [
        HttpMove.PeerEndsStream, HttpMove.PeerResets, HttpMove.WeAbort, HttpMove.CallbackReturnsClose, HttpMove.CallbackThrows, HttpMove.TimePasses,
    ];

    /// <summary>Whether nothing in it can end the connection before all is said.</summary>
    public bool IsPeaceful => Steps.All(step => !s_endings.Contains(step.Move));

    /// <summary>The script as a person writes it down.</summary>
    public override string ToString() => string.Join(", ", Steps);
}

/// <summary>Where FsCheck finds them.</summary>
public static class HttpScripts
{
    private const int MostSteps = 25;

    private static readonly Gen<HttpStep> s_step = Gen.Frequency(
        (9, Gen.Choose(1, 300).Select(count => new HttpStep(HttpMove.PeerSends, count))),
        (2, Gen.Choose(1, 20).Select(count => new HttpStep(HttpMove.PeerSends, count))),
        (1, Gen.Elements(HttpMove.PeerEndsStream, HttpMove.PeerResets, HttpMove.WeAbort).Select(move => new HttpStep(move))),
        (1, Gen.Elements(HttpMove.CallbackReturnsClose, HttpMove.CallbackThrows, HttpMove.PeerTurnsAway).Select(move => new HttpStep(move))),
        (6, Gen.Elements(1, 200, 90_000, 2_000_000).Select(size => new HttpStep(HttpMove.WeAnswer, size))),
        (2, Gen.Elements(HttpMove.WeBeginAnswer, HttpMove.WeAskToWrite).Select(move => new HttpStep(move))),
        (2, Gen.Elements(HttpMove.WePause, HttpMove.WeResume, HttpMove.WeResume).Select(move => new HttpStep(move))),
        (2, Gen.Constant(new HttpStep(HttpMove.AnswersChange))),
        (1, Gen.Elements(1, 1000, 5000, 30_000).Select(time => new HttpStep(HttpMove.TimePasses, time))),
        (8, Gen.Constant(new HttpStep(HttpMove.Turn))));

    /// <summary>Random scripts, and how to shrink them.</summary>
    public static Arbitrary<HttpScript> Scripts() => Arb.From(
        from length in Gen.Choose(1, MostSteps)
        from steps in s_step.ArrayOf(length)
        select new HttpScript(steps),
        Shrink);

    private static IEnumerable<HttpScript> Shrink(HttpScript script)
    {
        IReadOnlyList<HttpStep> steps = script.Steps;
        for (int size = steps.Count / 2; size > 0; size /= 2)
        {
            for (int from = 0; from + size <= steps.Count; from += size)
                yield return new HttpScript([.. steps.Take(from), .. steps.Skip(from + size)]);
        }

        for (int place = 0; place < steps.Count; place++)
        {
            if (steps[place].Amount <= 1) continue;

            foreach (int amount in new[] { 1, steps[place].Amount / 2 })
                yield return new HttpScript([.. steps.Take(place), steps[place] with { Amount = amount }, .. steps.Skip(place + 1)]);
        }
    }
}
