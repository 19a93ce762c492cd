using System.Globalization;
using EventLoops.Tests.WebSocket;
using FsCheck;
using FsCheck.Fluent;

namespace EventLoops.Tests.Messages;

/// <summary>What two sides say to each other, how it is cut, and what stands between them.</summary>
/// <param name="Ours">The messages of the side under test, in fragments and with pings between them.</param>
/// <param name="Theirs">Those of the other side.</param>
/// <param name="Kernel">The seed of a kernel that cuts, delays and refuses.</param>
/// <param name="IsWhole">Whether messages are delivered whole.</param>
/// <param name="ReceiveBufferSize">Where parts are cut; 0 for nowhere.</param>
/// <param name="Cuts">Where a peer without a library cuts what it sends.</param>
public sealed record TalkScript(
    IReadOnlyList<ScriptedMessage> Ours,
    IReadOnlyList<ScriptedMessage> Theirs,
    ulong Kernel,
    bool IsWhole,
    int ReceiveBufferSize,
    IReadOnlyList<int> Cuts)
{
    /// <summary>The script as a person reads it.</summary>
    public override string ToString() => string.Create(
        CultureInfo.InvariantCulture,
        $"ours [{Show(Ours)}], theirs [{Show(Theirs)}] cut at [{string.Join(' ', Cuts)}], kernel {Kernel}, {(IsWhole ? "whole" : $"parts of {ReceiveBufferSize}")}");

    private static string Show(IEnumerable<ScriptedMessage> messages) => string.Join("; ", messages.Select(message => string.Create(
        CultureInfo.InvariantCulture,
        $"{(message.IsText ? "text" : "binary")} {TalkProtocol.PayloadOf(message).Length} at {string.Join('+', message.FragmentSizes)} pings {string.Join('+', message.PingSizes)}")));
}

/// <summary>Where FsCheck finds scripts.</summary>
public static class TalkScripts
{
    private const int MostMessages = 6;

    private static readonly Gen<int> s_size = Gen.Frequency(
        (12, Gen.Choose(0, 200)), (3, Gen.Elements(125, 126, 127, 128)), (2, Gen.Choose(200, 3000)), (1, Gen.Elements(65_535, 65_536, 70_000)));

    private static readonly Gen<ScriptedMessage> s_message =
        from isText in Gen.Elements(true, false)
        from size in s_size
        from seed in Gen.Choose(0, ushort.MaxValue)
        from fragments in Gen.Choose(0, 5)
        from fragmentSizes in Gen.Choose(0, 255).Select(value => (byte)value).ArrayOf(fragments)
        from pings in Gen.Choose(0, 3)
        from pingSizes in Gen.Choose(0, 125).Select(value => (byte)value).ArrayOf(pings)
        select new ScriptedMessage(isText, isText ? Characters(size, seed) : [], isText ? [] : Bytes(size, seed), fragmentSizes, pingSizes);

    private static readonly Gen<IReadOnlyList<ScriptedMessage>> s_messages =
        from count in Gen.Choose(0, MostMessages)
        from messages in s_message.ArrayOf(count)
        select (IReadOnlyList<ScriptedMessage>)messages;

    /// <summary>Random scripts, and how to shrink them.</summary>
    public static Arbitrary<TalkScript> Scripts() => Arb.From(
        from ours in s_messages
        from theirs in s_messages
        from kernel in Gen.Choose(0, int.MaxValue)
        from isWhole in Gen.Elements(true, false)
        from receiveBufferSize in Gen.Elements(0, 1, 7, 4096)
        from cutCount in Gen.Choose(0, 8)
        from cuts in Gen.Choose(0, 1000).ArrayOf(cutCount)
        select new TalkScript(ours, theirs, (ulong)kernel, isWhole, receiveBufferSize, cuts),
        Shrink);

    private static ushort[] Characters(int size, int seed) => [.. Enumerable.Range(0, size / 2).Select(i => (ushort)((seed + (i * 40_503)) & 0xFFFF))];

    private static byte[] Bytes(int size, int seed) => [.. Enumerable.Range(0, size).Select(i => (byte)(seed + (i * 31) + (i >> 8)))];

    private static IEnumerable<TalkScript> Shrink(TalkScript script)
    {
        foreach (IReadOnlyList<ScriptedMessage> fewer in Without(script.Ours)) yield return script with { Ours = fewer };
        foreach (IReadOnlyList<ScriptedMessage> fewer in Without(script.Theirs)) yield return script with { Theirs = fewer };
        foreach (IReadOnlyList<ScriptedMessage> plainer in Plainer(script.Ours)) yield return script with { Ours = plainer };
        foreach (IReadOnlyList<ScriptedMessage> plainer in Plainer(script.Theirs)) yield return script with { Theirs = plainer };
        if (script.Cuts.Count > 0) yield return script with { Cuts = [.. script.Cuts.Skip(1)] };
        if (script.ReceiveBufferSize > 0) yield return script with { ReceiveBufferSize = 0 };
        if (script.IsWhole) yield return script with { IsWhole = false };
    }

    private static IEnumerable<IReadOnlyList<ScriptedMessage>> Without(IReadOnlyList<ScriptedMessage> messages)
    {
        for (int i = 0; i < messages.Count; i++) yield return [.. messages.Take(i), .. messages.Skip(i + 1)];
    }

    private static IEnumerable<IReadOnlyList<ScriptedMessage>> Plainer(IReadOnlyList<ScriptedMessage> messages)
    {
        for (int i = 0; i < messages.Count; i++)
        {
            if (messages[i].FragmentSizes.Length > 0) yield return With(messages[i] with { FragmentSizes = messages[i].FragmentSizes[1..] });
            if (messages[i].PingSizes.Length > 0) yield return With(messages[i] with { PingSizes = messages[i].PingSizes[1..] });
            if (messages[i].Bytes.Length > 1) yield return With(messages[i] with { Bytes = messages[i].Bytes[..(messages[i].Bytes.Length / 2)] });
            if (messages[i].Characters.Length > 1) yield return With(messages[i] with { Characters = messages[i].Characters[..(messages[i].Characters.Length / 2)] });

            IReadOnlyList<ScriptedMessage> With(ScriptedMessage changed) => [.. messages.Take(i), changed, .. messages.Skip(i + 1)];
        }
    }
}
