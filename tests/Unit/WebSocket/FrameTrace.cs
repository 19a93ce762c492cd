using System.Globalization;
using System.Text;
using EventLoops.Protocols.WebSocket;
using Xunit;

namespace EventLoops.Tests.WebSocket;

/// <summary>
/// What a reader reports for some bytes, as lines of text that do not depend on how the bytes were cut: the parts of a frame are one
/// line, and a frame that a fault ends in its middle is none. What every run must keep to is asserted on the way.
/// </summary>
internal sealed class FrameTrace(FrameReaderOptions options, bool takesShortMessages = false)
{
    private readonly List<string> _lines = [];
    private readonly List<byte> _frame = [];
    private FrameReader _reader;
    private bool _insideMessage;
    private bool _firstFragmentDone;
    private ProtocolFault _fault;

    /// <summary>The trace of all the bytes given at once.</summary>
    internal static string Whole(ReadOnlySpan<byte> bytes, FrameReaderOptions options) => Cut(bytes, options, []);

    /// <summary>The trace of the bytes given one at a time.</summary>
    internal static string ByteByByte(ReadOnlySpan<byte> bytes, FrameReaderOptions options) =>
        Cut(bytes, options, Enumerable.Range(1, Math.Max(0, bytes.Length - 1)));

    /// <summary>The trace of the bytes cut at each of the given places, in rising order.</summary>
    internal static string Cut(ReadOnlySpan<byte> bytes, FrameReaderOptions options, IEnumerable<int> cuts) => Run(new FrameTrace(options), bytes, cuts);

    /// <summary>The same for a reader that is first asked for short messages at each step, as an open WebSocket asks it.</summary>
    internal static string CutInShort(ReadOnlySpan<byte> bytes, FrameReaderOptions options, IEnumerable<int> cuts) =>
        Run(new FrameTrace(options, takesShortMessages: true), bytes, cuts);

    private static string Run(FrameTrace trace, ReadOnlySpan<byte> bytes, IEnumerable<int> cuts)
    {
        int start = 0;
        foreach (int cut in cuts)
        {
            trace.Feed(bytes[start..cut]);
            start = cut;
        }

        trace.Feed(bytes[start..]);
        return trace.Finish();
    }

    internal void Feed(ReadOnlySpan<byte> piece)
    {
        byte[] owned = piece.ToArray();
        Span<byte> input = owned;
        while (true)
        {
            int before = input.Length;
            if (takesShortMessages && _reader.IsBetweenMessages && FrameReader.TryReadShortMessage(ref input, in options, out Span<byte> message, out MessageKind kind))
            {
                Assert.Equal(ProtocolFault.None, _fault);
                FrameEvent whole = new() { Kind = FrameEventKind.Data, Payload = message, Info = new MessageInfo(kind, PartFlags.Whole, remainingPayload: 0) };
                RecordPart(in whole);
                continue;
            }

            FrameEvent happened = _reader.Read(ref input, in options);
            if (_fault != ProtocolFault.None) Assert.True(happened.Kind == FrameEventKind.Fault && input.Length == before);
            if (happened.Kind == FrameEventKind.NeedMore) Assert.True(input.IsEmpty);
            if (happened.Kind == FrameEventKind.NeedMore || !Record(in happened)) break;
        }

        // A reader that keeps a reference to the caller's bytes would see this.
        Array.Fill(owned, (byte)0xEE);
    }

    internal string Finish()
    {
        if (_fault == ProtocolFault.None && !_reader.IsAtFrameBoundary) _lines.Add("inside a frame");
        if (_fault == ProtocolFault.None && _reader.IsInsideMessage) _lines.Add("inside a message");
        _reader.Reset();
        return string.Join('\n', _lines);
    }

    private bool Record(in FrameEvent happened)
    {
        switch (happened.Kind)
        {
            case FrameEventKind.Data:
                RecordPart(in happened);
                return true;
            case FrameEventKind.Close:
                _lines.Add($"close {Number((int)happened.CloseCode)} {Show(happened.CloseReason)}".TrimEnd());
                return true;
            case FrameEventKind.Ping or FrameEventKind.Pong:
                _lines.Add($"{(happened.Kind == FrameEventKind.Ping ? "ping" : "pong")} {Show(happened.Payload)}".TrimEnd());
                return true;
            default:
                if (_fault == ProtocolFault.None) _lines.Add($"fault {happened.Fault} {Number((int)happened.Fault.CloseCode())}");
                else Assert.Equal(_fault, happened.Fault);
                _fault = happened.Fault;
                return false;
        }
    }

    private void RecordPart(in FrameEvent happened)
    {
        MessageInfo info = happened.Info;
        Assert.Equal(!_insideMessage, info.IsFirstPart);
        Assert.Equal(!_firstFragmentDone, info.IsFirstFragment);
        Assert.Equal(info.IsFinalFragment, info.IsLastPart);
        Assert.True(options.MaxPartSize == 0 || happened.Payload.Length <= options.MaxPartSize);
        Assert.False(info.IsFinalFragment && info.RemainingPayload != 0);
        Assert.Equal(!info.IsFinalFragment, _reader.IsInsideMessage);
        _frame.AddRange(happened.Payload);
        _insideMessage = !info.IsFinalFragment;
        if (info.RemainingPayload != 0) return;

        _firstFragmentDone = !info.IsFinalFragment;
        string kind = info.Kind == MessageKind.Text ? "text" : "binary";
        string place = (info.IsFirstFragment ? " first" : "") + (info.IsFinalFragment ? " final" : "") + (happened.Bits.HasFlag(ReservedBits.Rsv1) ? " rsv1" : "");
        _lines.Add($"{kind}{place} {Show(_frame.ToArray())}".TrimEnd());
        _frame.Clear();
    }

    private static string Number(int value) => value.ToString(CultureInfo.InvariantCulture);

    /// <summary>Printable text in quotes, a long run of one byte as a count, other bytes in hex.</summary>
    private static string Show(ReadOnlySpan<byte> bytes)
    {
        if (bytes.Length > 16 && !bytes.ContainsAnyExcept(bytes[0]))
            return $"{Number(bytes.Length)}*{Convert.ToHexStringLower(bytes[..1])}";
        if (bytes.IsEmpty) return "";
        if (!bytes.ContainsAnyExceptInRange((byte)' ', (byte)'~')) return $"\"{Encoding.ASCII.GetString(bytes)}\"";
        return Convert.ToHexStringLower(bytes);
    }
}
