namespace EventLoops.Tests.Traces;

/// <summary>What a connection of the <see cref="TraceModel"/> takes in one go: a frame or a piece of the handshake, or the beginning of one, or the end of the stream.</summary>
internal readonly record struct ModelPiece(TraceFrame? Frame, bool IsWhole, int Bytes = 0, bool IsEnd = false);

/// <summary>
/// The input of one connection of the <see cref="TraceModel"/>: what lies in the kernel, and what was read from there and is held back while the user does not
/// receive. One read takes all that has come, but the end of the stream, which is a read of its own.
/// </summary>
internal sealed class ModelInput(bool isServer)
{
    private readonly Queue<ModelPiece> _kernel = new();
    private readonly Queue<ModelPiece> _held = new();
    private TraceFrame? _cut;
    private int _progress;

    public void AddHead(bool isComplete) => _kernel.Enqueue(new ModelPiece(null, isComplete));

    public void AddEnd() => _kernel.Enqueue(new ModelPiece(null, IsWhole: false, IsEnd: true));

    /// <summary>The end of a frame that was cut before, then frames, of which the last may be cut.</summary>
    public void AddFrames(SendsFrames command)
    {
        if (_cut is not null) _kernel.Enqueue(new ModelPiece(_cut, IsWhole: true));
        _cut = null;

        int[] lengths = [.. command.Frames.Select(LengthOf)];
        int held = TraceSpeech.Cut(command.Frames, lengths, command.HeldBack);
        for (int place = 0; place < lengths.Length; place++)
        {
            bool isCut = held > 0 && place == lengths.Length - 1;
            if (isCut) _cut = command.Frames[place];
            _kernel.Enqueue(new ModelPiece(command.Frames[place], !isCut, isCut ? lengths[place] - held : 0));
        }
    }

    /// <summary>Takes the next piece of what was read.</summary>
    public bool TryTake(out ModelPiece piece)
    {
        if (!_held.TryDequeue(out piece)) return false;

        _progress = piece is { IsWhole: false, Frame: MessageFrames message } ? PayloadIn(message, piece.Bytes) : 0;
        return true;
    }

    /// <summary>Reads once.</summary>
    public bool TryRead()
    {
        while (_kernel.TryPeek(out ModelPiece next) && (!next.IsEnd || _held.Count == 0)) _held.Enqueue(_kernel.Dequeue());
        return _held.Count > 0;
    }

    /// <summary>How many bytes of a message that is under way have been received, when that was not told yet.</summary>
    public int TakeProgress()
    {
        int progress = _progress;
        _progress = 0;
        return progress;
    }

    // RFC 6455 5.2: two bytes, the longer lengths, the mask.
    private int HeaderOf(int payload) => 2 + (payload < 126 ? 0 : payload <= 65_535 ? 2 : 8) + (isServer ? 4 : 0);

    private int LengthOf(TraceFrame frame) => frame switch
    {
        MessageFrames message => message.Sizes.Sum(size => HeaderOf(size) + size),
        HeartFrame heart => HeaderOf(heart.Length) + heart.Length,
        CloseFrame { Code: 0 } => HeaderOf(0),
        CloseFrame close => HeaderOf(2 + close.ReasonLength) + 2 + close.ReasonLength,
        _ => 0,
    };

    private int PayloadIn(MessageFrames message, int bytes)
    {
        int payload = 0;
        foreach (int size in message.Sizes)
        {
            bytes -= HeaderOf(size);
            if (bytes < 0) break;

            payload += Math.Min(size, bytes);
            bytes -= size;
            if (bytes < 0) break;
        }

        return payload;
    }
}
