namespace EventLoops.Protocols.Http;

/// <summary>
/// The grammar of Sec-WebSocket-Extensions (RFC 6455 9.1), read once from left to right. <see cref="WebSocketExtensionReader"/> goes through the elements of a value
/// that was found to be well formed.
/// </summary>
internal static class WebSocketExtensionList
{
    /// <summary>
    /// Whether the value is a list of extensions: tokens, each with parameters that may have a value, a token or a quoted one.
    /// </summary>
    internal static bool IsWellFormed(ReadOnlySpan<byte> value)
    {
        do
        {
            if (!TakeExtension(ref value, out _, out _))
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
            if (!TakeExtension(ref value, out ReadOnlySpan<byte> name, out _) || !TokenList.ContainsExactly(names, name))
                return false;
        }
        while (TakeByte(ref value, (byte)','));
        return value.IsEmpty;
    }

    /// <summary>Takes one extension with its parameters from the front of a value.</summary>
    internal static bool TakeExtension(scoped ref ReadOnlySpan<byte> rest, out ReadOnlySpan<byte> name, out ReadOnlySpan<byte> parameters)
    {
        parameters = default;
        if (!TakeToken(ref rest, out name))
            return false;

        ReadOnlySpan<byte> start = rest;
        while (!rest.IsEmpty && rest[0] == ';')
        {
            if (!TakeParameter(ref rest, out _, out _, out _))
                return false;
        }

        parameters = start[..^rest.Length];
        return true;
    }

    /// <summary>Takes one parameter, from its semicolon on.</summary>
    internal static bool TakeParameter(scoped ref ReadOnlySpan<byte> rest, out ReadOnlySpan<byte> name, out ReadOnlySpan<byte> value, out bool isQuoted)
    {
        value = default;
        isQuoted = false;
        if (!TakeByte(ref rest, (byte)';') || !TakeToken(ref rest, out name))
        {
            name = default;
            return false;
        }

        if (!TakeByte(ref rest, (byte)'='))
            return true;

        isQuoted = TakeQuoted(ref rest, out value);
        return isQuoted || TakeToken(ref rest, out value);
    }

    /// <summary>Takes the comma between two extensions.</summary>
    internal static bool TakeComma(ref ReadOnlySpan<byte> rest) => TakeByte(ref rest, (byte)',');

    // RFC 6455 9.1: what a quoted value says must itself be a token, so an escape has nothing to protect and is refused.
    private static bool TakeQuoted(scoped ref ReadOnlySpan<byte> rest, out ReadOnlySpan<byte> value)
    {
        value = default;
        if (rest.IsEmpty || rest[0] != '"')
            return false;
        int length = rest[1..].IndexOfAnyExcept(HttpChars.Token);
        if (length <= 0 || rest[1 + length] != '"')
            return false;
        value = rest.Slice(1, length);
        rest = HttpChars.Trim(rest[(length + 2)..]);
        return true;
    }

    private static bool TakeToken(scoped ref ReadOnlySpan<byte> rest, out ReadOnlySpan<byte> token)
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
