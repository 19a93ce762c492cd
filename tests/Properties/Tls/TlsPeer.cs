namespace EventLoops.Tests.Tls;

/// <summary>One side of a conversation over TLS: ciphertext goes in and out, plaintext out and in. It shakes hands when it is given something to do.</summary>
internal abstract class TlsPeer : IDisposable
{
    /// <summary>What it has to say to the other side and has not been taken yet.</summary>
    public List<byte> Outgoing { get; } = [];

    /// <summary>What the other side has said.</summary>
    public List<byte> Received { get; } = [];

    public abstract bool IsReady { get; }

    /// <summary>Whether the other side has ended its stream, as TLS says it.</summary>
    public bool IsEnded { get; protected set; }

    /// <summary>Whether TLS has come to grief.</summary>
    public abstract bool IsBroken { get; }

    public abstract void Start();

    public abstract void Feed(ReadOnlySpan<byte> ciphertext);

    public abstract void Write(ReadOnlySpan<byte> plaintext);

    public abstract void End();

    public abstract void Dispose();

    /// <summary>Takes up to so many bytes of what it has to say.</summary>
    public byte[] Take(int count)
    {
        byte[] taken = [.. Outgoing.Take(count)];
        Outgoing.RemoveRange(0, taken.Length);
        return taken;
    }
}

/// <summary>Our engine. It has so much room for plaintext and for ciphertext, which must not matter.</summary>
internal sealed class EnginePeer(ITlsEngine engine, int plaintextRoom = 64 * 1024, int handshakeRoom = ITlsEngine.MinimumRoom) : TlsPeer
{
    private readonly byte[] _plaintext = new byte[plaintextRoom];
    private readonly byte[] _handshakeRoom = new byte[handshakeRoom];
    private readonly byte[] _room = new byte[ITlsEngine.MinimumRoom];

    public ITlsEngine Engine => engine;

    public override bool IsReady => engine.IsHandshakeDone;

    public override bool IsBroken => engine.Fault != ProtocolFault.None;

    public override void Start() => Feed([]);

    public override void Feed(ReadOnlySpan<byte> ciphertext)
    {
        for (int steps = 0; ; steps++)
        {
            if (steps > 1_000_000) throw new InvalidOperationException("The engine does not come to rest.");

            byte[] room = engine.IsHandshakeDone ? _room : _handshakeRoom;
            TlsStep step = engine.IsHandshakeDone ? engine.Read(ciphertext, _plaintext, room) : engine.Handshake(ciphertext, room);
            Outgoing.AddRange(room[..step.Ciphertext]);
            Received.AddRange(_plaintext[..step.Plaintext]);
            ciphertext = ciphertext[step.Consumed..];
            switch (step.Status)
            {
                case TlsStatus.NeedInput:
                    if (!ciphertext.IsEmpty) throw new InvalidOperationException("The engine wants more and has not taken all.");
                    return;
                case TlsStatus.Closed:
                    IsEnded = true;
                    return;
                case TlsStatus.Fault:
                    return;
                default:
                    continue;
            }
        }
    }

    public override void Write(ReadOnlySpan<byte> plaintext)
    {
        while (!plaintext.IsEmpty && !IsBroken)
        {
            TlsStep step = engine.Write(plaintext, _room);
            Outgoing.AddRange(_room[..step.Ciphertext]);
            plaintext = plaintext[step.Consumed..];
        }
    }

    public override void End()
    {
        TlsStep step = engine.Shutdown(_room);
        Outgoing.AddRange(_room[..step.Ciphertext]);
    }

    public override void Dispose() => engine.Dispose();
}
