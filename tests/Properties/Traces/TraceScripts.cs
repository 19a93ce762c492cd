using FsCheck;
using FsCheck.Fluent;

namespace EventLoops.Tests.Traces;

/// <summary>Where FsCheck finds scripts, and how it makes one that fails shorter and plainer.</summary>
public static class TraceScripts
{
    private const int MostCommands = 16;
    private const int MostConnections = 3;

    private static readonly Gen<int> s_size = Gen.Frequency((4, Gen.Choose(0, 20)), (2, Gen.Elements(125, 126, 300)));

    private static readonly Gen<TraceFrame> s_frame = Gen.Frequency(
        (8, from isText in Gen.Elements(true, false)
            from count in Gen.Frequency((4, Gen.Constant(1)), (1, Gen.Choose(2, 4)))
            from sizes in (count == 1 ? s_size : Gen.Choose(0, 30)).ArrayOf(count)
            select (TraceFrame)new MessageFrames(isText, sizes)),
        (2, from isPing in Gen.Elements(true, false) from length in Gen.Elements(0, 4, 125) select (TraceFrame)new HeartFrame(isPing, length)),
        (1, from code in Gen.Elements(0, 1000, 1001, 1011, 3000, 4999) from length in Gen.Elements(0, 0, 7, 123)
            select (TraceFrame)new CloseFrame(code, code == 0 ? 0 : length)),
        (1, Gen.Elements(Enum.GetValues<Badness>()).Select(badness => (TraceFrame)new BadFrame(badness))));

    // Most handshakes are to succeed, so that there is something to tell of.
    private static readonly Gen<TraceCommand> s_accepted =
        from welcome in Gen.Frequency((8, Gen.Constant(Welcome.Agrees)), (1, Gen.Elements(Enum.GetValues<Welcome>()[..^1])))
        select (TraceCommand)new Connects(welcome);

    private static readonly Gen<TraceCommand> s_dialled =
        from welcome in Gen.Frequency((8, Gen.Constant(Welcome.Agrees)), (1, Gen.Elements(Enum.GetValues<Welcome>())))
        from reply in Gen.Frequency((6, Gen.Constant(Reply.Agrees)), (1, Gen.Elements(Enum.GetValues<Reply>())))
        select (TraceCommand)new Connects(welcome, reply);

    private static readonly Gen<TraceCommand> s_command = Gen.Frequency(
        (2, Gen.Choose(1, 200).Select(count => (TraceCommand)new SendsHead(count))),

        // A large one comes alone: it matters which frames are read together.
        (1, Gen.Elements(65_535, 66_000, 200_000).Select(size => (TraceCommand)new SendsFrames([new MessageFrames(false, [size])], 0))),
        (10, from count in Gen.Choose(0, 5)
             from frames in s_frame.ArrayOf(count)
             from held in Gen.Frequency((3, Gen.Constant(0)), (1, Gen.Choose(1, 40)))
             select (TraceCommand)new SendsFrames(frames, held)),
        (1, Gen.Constant<TraceCommand>(new EndsStream())),
        (1, Gen.Constant<TraceCommand>(new Resets())),
        (4, Gen.Elements(UserAct.Pause, UserAct.Resume, UserAct.Resume, UserAct.Close, UserAct.Abort, UserAct.AskToWrite).Select(act => (TraceCommand)new UserActs(act))),
        (4, Gen.Elements(Enum.GetValues<Reaction>()).Select(reaction => (TraceCommand)new UserWill(reaction))),
        (1, Gen.Constant<TraceCommand>(new MinutePasses())));

    /// <summary>Random scripts of our server or our client that begin with a connection, and how to shrink them.</summary>
    public static Arbitrary<TraceScript> Of(bool isServer)
    {
        Gen<TraceCommand> connects = isServer ? s_accepted : s_dialled;
        Gen<TraceCommand> command = Gen.Frequency((3, connects), (24, s_command));
        return Arb.From(
            from length in Gen.Choose(1, MostCommands)
            from first in connects
            from commands in (from next in command from who in Gen.Choose(0, MostConnections - 1) select next with { Who = who }).ArrayOf(length)
            select new TraceScript(isServer, [first, .. commands]),
            Shrink);
    }

    private static IEnumerable<TraceScript> Shrink(TraceScript script)
    {
        IReadOnlyList<TraceCommand> commands = script.Commands;
        for (int size = commands.Count / 2; size > 0; size /= 2)
        {
            for (int from = 0; from + size <= commands.Count; from += size)
                yield return script with { Commands = [.. commands.Take(from), .. commands.Skip(from + size)] };
        }

        for (int place = 0; place < commands.Count; place++)
        {
            foreach (TraceCommand plainer in Shrink(commands[place]))
                yield return script with { Commands = [.. commands.Take(place), plainer, .. commands.Skip(place + 1)] };
        }
    }

    private static IEnumerable<TraceCommand> Shrink(TraceCommand command)
    {
        if (command.Who > 0) yield return command with { Who = 0 };
        if (command is Connects { Welcome: not Welcome.Agrees } welcomed) yield return welcomed with { Welcome = Welcome.Agrees };
        if (command is Connects { Reply: not Reply.Agrees } answered) yield return answered with { Reply = Reply.Agrees };
        if (command is SendsHead { Count: > 1 } head) yield return head with { Count = 1 };
        if (command is not SendsFrames sends) yield break;

        if (sends.HeldBack > 1) yield return sends with { HeldBack = 1 };
        if (sends.HeldBack > 0) yield return sends with { HeldBack = 0 };
        for (int place = 0; place < sends.Frames.Count; place++)
            yield return sends with { Frames = [.. sends.Frames.Take(place), .. sends.Frames.Skip(place + 1)] };
        for (int place = 0; place < sends.Frames.Count; place++)
        {
            if (sends.Frames[place] is MessageFrames { Sizes: not [1] } message)
                yield return sends with { Frames = [.. sends.Frames.Take(place), message with { Sizes = [1] }, .. sends.Frames.Skip(place + 1)] };
        }
    }
}
