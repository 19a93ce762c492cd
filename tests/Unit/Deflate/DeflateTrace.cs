using System.Globalization;
using System.Text;
using EventLoops.Protocols.Deflate;
using EventLoops.Protocols.WebSocket;

namespace EventLoops.Tests.Deflate;

/// <summary>What a receiver makes of some bytes, as lines of text: whole messages after they were decompressed, and the fault that ends it.</summary>
internal sealed class DeflateTrace(FrameReaderOptions options, bool peerTakesOver, DeflateLibrary library, int room)
{
    private readonly PermessageDeflate _extension = new() { Library = library };
    private readonly List<string> _lines = [];
    private readonly List<byte> _message = [];
    private FrameReader _reader;
    private bool _isOver;

    /// <summary>The trace of the bytes cut at each of the given places, in rising order.</summary>
    public string Of(ReadOnlySpan<byte> bytes, IEnumerable<int> cuts)
    {
        DeflateAgreement agreement = new(15, true, 15, peerTakesOver);
        PermessageDeflateSession session = new(_extension, agreement, new TestProtocol(), isServer: true);
        int start = 0;
        foreach (int cut in cuts.Append(bytes.Length))
        {
            Feed(bytes[start..cut], session);
            start = cut;
        }

        session.Release();
        _reader.Reset();
        return string.Join('\n', _lines);
    }

    private void Feed(ReadOnlySpan<byte> piece, PermessageDeflateSession session)
    {
        Span<byte> input = piece.ToArray();
        while (!_isOver)
        {
            FrameEvent frame = _reader.Read(ref input, in options);
            if (frame.Kind == FrameEventKind.NeedMore) return;
            if (frame.Kind == FrameEventKind.Fault) Fail(frame.Fault);
            if (frame.Kind == FrameEventKind.Data) Take(frame, session);
        }
    }

    private void Take(in FrameEvent frame, PermessageDeflateSession session)
    {
        MessageInfo info = frame.Info;
        if (info.IsFirstPart) session.BeginDecode(info.Kind, frame.Bits);
        if (frame.Bits == ReservedBits.None)
        {
            _message.AddRange(frame.Payload);
            if (info.IsFinalFragment) Show(info.Kind);
            return;
        }

        ReadOnlySpan<byte> rest = frame.Payload;
        Span<byte> output = new byte[room];
        while (true)
        {
            DecodeStatus status = session.Decode(ref rest, info.IsFinalFragment, output, out int written);
            _message.AddRange(output[..written]);
            if (status == DecodeStatus.OutputFull) continue;
            if (status == DecodeStatus.Failed) Fail(ProtocolFault.ExtensionDataInvalid);
            if (status == DecodeStatus.End) Show(info.Kind);
            return;
        }
    }

    private void Show(MessageKind kind)
    {
        byte[] bytes = [.. _message];
        _message.Clear();
        string shown = bytes.AsSpan().ContainsAnyExceptInRange((byte)' ', (byte)'~') ? Convert.ToHexStringLower(bytes) : $"\"{Encoding.ASCII.GetString(bytes)}\"";
        _lines.Add($"{(kind == MessageKind.Text ? "text" : "binary")} {(bytes.Length == 0 ? "" : shown)}".TrimEnd());
    }

    private void Fail(ProtocolFault fault)
    {
        _lines.Add(string.Create(CultureInfo.InvariantCulture, $"fault {fault} {(int)fault.CloseCode()}"));
        _isOver = true;
    }
}
