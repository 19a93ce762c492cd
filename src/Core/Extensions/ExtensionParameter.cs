namespace EventLoops;

/// <summary>One parameter of an extension, as it stands in a <c>Sec-WebSocket-Extensions</c> field (RFC 6455 9.1).</summary>
/// <param name="Name">Its name: a token.</param>
/// <param name="Value">Its value without quotes, or null when it has none.</param>
/// <param name="IsQuoted">Whether the value stood in quotes.</param>
public readonly record struct ExtensionParameter(string Name, string? Value = null, bool IsQuoted = false)
{
    /// <summary>The parameter as it is written in the field.</summary>
    /// <returns><c>name</c>, or <c>name=value</c>.</returns>
    public override string ToString() => Value is null ? Name : IsQuoted ? $"{Name}=\"{Value}\"" : $"{Name}={Value}";
}
