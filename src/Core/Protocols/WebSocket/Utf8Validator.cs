using System.Text.Unicode;

namespace EventLoops.Protocols.WebSocket;

/// <summary>
/// Checks UTF-8 that comes in parts which may be cut anywhere, and refuses it at the first byte that no valid text can have
/// there (RFC 3629 4): overlong forms, surrogates and what is above U+10FFFF are refused at their second byte.
/// </summary>
/// <remarks>
/// The state is what the next byte must be: how many continuation bytes are still to come, and the range of the next one. Only the
/// second byte of a character has a range of its own. Once a part was refused the state is meaningless until <see cref="Reset"/>.
/// </remarks>
internal struct Utf8Validator
{
    private byte _pending;
    private byte _lowest;
    private byte _highest;

    /// <summary>Whether the text so far does not end inside a character.</summary>
    internal readonly bool IsComplete => _pending == 0;

    internal void Reset() => this = default;

    /// <summary>Checks the next part; false when it holds a byte that cannot be.</summary>
    internal bool Append(ReadOnlySpan<byte> part)
    {
        if (_pending != 0)
        {
            int used = FinishCharacter(part);
            if (used < 0) return false;
            part = part[used..];
        }

        int whole = part.Length - CutCharacterLength(part);
        return Utf8.IsValid(part[..whole]) && (whole == part.Length || BeginCharacter(part[whole..]));
    }

    /// <summary>How many bytes the character at the end of the part has, if the part ends inside it; otherwise 0.</summary>
    private static int CutCharacterLength(ReadOnlySpan<byte> part)
    {
        if (part.IsEmpty || part[^1] < 0x80) return 0;
        int deepest = Math.Min(3, part.Length);
        for (int back = 1; back <= deepest; back++)
        {
            byte value = part[^back];
            if (value < 0x80) return 0;
            if (value < 0xC0) continue;
            return ContinuationsAfter(value) >= back ? back : 0;
        }

        return 0;
    }

    private static int ContinuationsAfter(byte lead) => lead switch
    {
        < 0xC2 => 0,
        < 0xE0 => 1,
        < 0xF0 => 2,
        < 0xF5 => 3,
        _ => 0,
    };

    private bool BeginCharacter(ReadOnlySpan<byte> cut)
    {
        byte lead = cut[0];
        _pending = (byte)ContinuationsAfter(lead);
        (_lowest, _highest) = lead switch
        {
            0xE0 => ((byte)0xA0, (byte)0xBF),
            0xED => ((byte)0x80, (byte)0x9F),
            0xF0 => ((byte)0x90, (byte)0xBF),
            0xF4 => ((byte)0x80, (byte)0x8F),
            _ => ((byte)0x80, (byte)0xBF),
        };
        return FinishCharacter(cut[1..]) >= 0;
    }

    /// <summary>Takes continuation bytes while some are missing. Returns how many were taken, or -1 at one that cannot be.</summary>
    private int FinishCharacter(ReadOnlySpan<byte> part)
    {
        int used = 0;
        while (_pending != 0 && used < part.Length)
        {
            byte value = part[used++];
            if (value < _lowest || value > _highest) return -1;
            _pending--;
            _lowest = 0x80;
            _highest = 0xBF;
        }

        return used;
    }
}
