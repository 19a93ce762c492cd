namespace EventLoops;

/// <summary>What a client is shown in place of what it asked for: the body of an answer that says what went wrong.</summary>
/// <remarks>Make the pages once and hand them out again: every refused request asks for one.</remarks>
public sealed class ErrorPage
{
    /// <summary>Makes a page.</summary>
    /// <param name="contentType">The value of <c>Content-Type</c>.</param>
    /// <param name="body">The bytes; they are not copied, and must not change.</param>
    /// <exception cref="ArgumentException">The type has a character that no field can carry (RFC 9110 5.5).</exception>
    public ErrorPage(string contentType, ReadOnlyMemory<byte> body)
    {
        ArgumentException.ThrowIfNullOrEmpty(contentType);
        if (contentType.AsSpan().ContainsAnyExceptInRange(' ', '~'))
            throw new ArgumentException("A media type is written in visible ASCII and spaces.", nameof(contentType));

        ContentType = contentType;
        Body = body;
    }

    /// <summary>The value of <c>Content-Type</c>.</summary>
    public string ContentType { get; }

    /// <summary>The bytes.</summary>
    public ReadOnlyMemory<byte> Body { get; }
}
