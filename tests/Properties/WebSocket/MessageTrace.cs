using EventLoops.Protocols.WebSocket;

namespace EventLoops.Tests.WebSocket;

/// <summary>Collects whole messages and pings from a reader, the way a user would, and notes each as one line.</summary>
internal static class MessageTrace
{
    internal static string Of(ReadOnlySpan<byte> wire, FrameReaderOptions options, IEnumerable<int> cuts)
    {
        FrameReader reader = default;
        List<string> lines = [];
        List<byte> message = [];
        int frames = 0;
        int start = 0;
        foreach (int cut in cuts.Append(wire.Length))
        {
            Span<byte> input = wire[start..cut].ToArray();
            start = cut;
            while (true)
            {
                FrameEvent happened = reader.Read(ref input, in options);
                if (happened.Kind == FrameEventKind.NeedMore) break;
                if (happened.Kind == FrameEventKind.Fault) return string.Join('\n', lines.Append(happened.Fault.ToString()));
                if (happened.Kind == FrameEventKind.Ping) lines.Add($"ping: {Convert.ToHexString(happened.Payload)}");
                if (happened.Kind != FrameEventKind.Data) continue;

                message.AddRange(happened.Payload);
                if (happened.Info.RemainingPayload == 0) frames++;
                if (!happened.Info.IsFinalFragment) continue;
                string kind = happened.Info.Kind == MessageKind.Text ? "text" : "binary";
                lines.Add($"{kind} in {frames}: {Convert.ToHexString(message.ToArray())}");
                message.Clear();
                frames = 0;
            }
        }

        reader.Reset();
        return string.Join('\n', lines);
    }
}
