namespace EventLoops.Protocols.Http;

/// <summary>The grammar of Sec-WebSocket-Extensions (RFC 6455 9.1), read once from left to right.</summary>
internal static class WebSocketExtensionList
{
    /// <summary>
    /// Whether the value is a list of extensions: tokens, each with parameters that may have a value, a token or a quoted one.
    /// </summary>
    internal static bool IsWellFormed(ReadOnlySpan<byte> value)
    {
        do
        {
            if (!TakeExtension(ref value, out _))
                return false;
        }
        while (TakeByte(ref value, (byte)','));
        return value.IsEmpty;
    }

    /// <summary>Whether the value is well formed and every extension in it is in the list of names.</summary>
    internal static bool NamesOnly(ReadOnlySpan<byte> value, ReadOnlySpan<byte> names)
    {
        do
        {
            if (!TakeExtension(ref value, out ReadOnlySpan<byte> name) || !TokenList.ContainsExactly(names, name))
                return false;
        }
        while (TakeByte(ref value, (byte)','));
        return value.IsEmpty;
    }

    private static bool TakeExtension(ref ReadOnlySpan<byte> rest, out ReadOnlySpan<byte> name)
    {
        if (!TakeToken(ref rest, out name))
            return false;
        while (TakeByte(ref rest, (byte)';'))
        {
            if (!TakeToken(ref rest, out _))
                return false;
            if (TakeByte(ref rest, (byte)'=') && !TakeQuoted(ref rest) && !TakeToken(ref rest, out _))
                return false;
        }
        return true;
    }

    // RFC 6455 9.1: what a quoted value says must itself be a token, so an escape has nothing to protect and is refused.
    private static bool TakeQuoted(ref ReadOnlySpan<byte> rest)
    {
        if (rest.IsEmpty || rest[0] != '"')
            return false;
        int length = rest[1..].IndexOfAnyExcept(HttpChars.Token);
        if (length <= 0 || rest[1 + length] != '"')
            return false;
        rest = HttpChars.Trim(rest[(length + 2)..]);
        return true;
    }

    private static bool TakeToken(ref ReadOnlySpan<byte> rest, out ReadOnlySpan<byte> token)
    {
        int length = rest.IndexOfAnyExcept(HttpChars.Token);
        if (length < 0)
            length = rest.Length;
        token = rest[..length];
        rest = HttpChars.Trim(rest[length..]);
        return length > 0;
    }

    private static bool TakeByte(ref ReadOnlySpan<byte> rest, byte wanted)
    {
        if (rest.IsEmpty || rest[0] != wanted)
            return false;
        rest = HttpChars.Trim(rest[1..]);
        return true;
    }
}
