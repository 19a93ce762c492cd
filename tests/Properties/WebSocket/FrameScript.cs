using System.Text;
using EventLoops.Protocols.WebSocket;

namespace EventLoops.Tests.WebSocket;

/// <summary>
/// A message to be sent: its payload, where it is cut into fragments, and the pings that go between them. FsCheck makes and shrinks
/// them.
/// </summary>
public sealed record ScriptedMessage(bool IsText, ushort[] Characters, byte[] Bytes, byte[] FragmentSizes, byte[] PingSizes);

/// <summary>Writes scripted messages as frames, and says which events a reader must report for them.</summary>
internal sealed class FrameScript
{
    private readonly List<byte> _wire = [];
    private readonly List<string> _expected = [];
    private readonly uint? _firstKey;
    private uint _key;

    private FrameScript(uint? key)
    {
        _firstKey = key;
        _key = key.GetValueOrDefault();
    }

    internal byte[] Wire => [.. _wire];

    /// <summary>One line for each message and each ping: what <see cref="MessageTrace"/> finds.</summary>
    internal string Expected => string.Join('\n', _expected);

    /// <param name="messages">What is sent, in order.</param>
    /// <param name="key">The first mask key of a client; null writes as a server.</param>
    internal static FrameScript Write(IEnumerable<ScriptedMessage> messages, uint? key)
    {
        FrameScript script = new(key);
        foreach (ScriptedMessage message in messages) script.Add(message);
        return script;
    }

    /// <summary>UTF-8 of as many characters as there are seeds; each length from one to four bytes is as likely as the others.</summary>
    internal static byte[] TextOf(IEnumerable<ushort> seeds) => Encoding.UTF8.GetBytes(string.Concat(seeds.Select(seed => (seed % 4) switch
    {
        0 => new Rune(seed % 0x80),
        1 => new Rune(0x80 + (seed % 0x780)),
        2 => new Rune(seed < 0x8000 ? 0x800 + seed : 0xE000 + (seed % 0x2000)),
        _ => new Rune(0x10000 + (seed * 16)),
    })));

    private void Add(ScriptedMessage message)
    {
        byte[] payload = message.IsText ? TextOf(message.Characters) : message.Bytes;
        int at = 0;
        byte opcode = message.IsText ? Opcode.Text : Opcode.Binary;
        for (int i = 0; i < message.FragmentSizes.Length; i++)
        {
            int size = Math.Min(message.FragmentSizes[i], payload.Length - at);
            AddFrame(opcode, final: false, payload.AsSpan(at, size));
            at += size;
            opcode = Opcode.Continuation;
            if (i < message.PingSizes.Length) AddPing(message.PingSizes[i] % (FrameWriter.MaxControlPayload + 1));
        }

        AddFrame(opcode, final: true, payload.AsSpan(at));
        _expected.Add($"{(message.IsText ? "text" : "binary")} in {message.FragmentSizes.Length + 1}: {Convert.ToHexString(payload)}");
    }

    private void AddPing(int size)
    {
        byte[] payload = [.. Enumerable.Range(size, size).Select(i => (byte)i)];
        AddFrame(Opcode.Ping, final: true, payload);
        _expected.Add($"ping: {Convert.ToHexString(payload)}");
    }

    private void AddFrame(byte opcode, bool final, ReadOnlySpan<byte> payload)
    {
        Span<byte> header = stackalloc byte[FrameWriter.MaxHeaderSize];
        if (_firstKey is null)
        {
            _wire.AddRange(header[..FrameWriter.WriteHeader(header, opcode, final, ReservedBits.None, payload.Length)]);
            _wire.AddRange(payload);
            return;
        }

        _key = (_key * 0x01000193) + 1;
        _wire.AddRange(header[..FrameWriter.WriteMaskedHeader(header, opcode, final, ReservedBits.None, payload.Length, _key)]);
        byte[] masked = new byte[payload.Length];
        Masking.CopyMasked(payload, masked, _key);
        _wire.AddRange(masked);
    }
}
