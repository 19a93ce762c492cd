namespace EventLoops;

/// <summary>A header field that is added to an answer or a request.</summary>
/// <param name="Name">The name: a token (RFC 9110 5.1).</param>
/// <param name="Value">The value: no CR, LF or NUL (RFC 9110 5.5); it is written as Latin-1.</param>
public readonly record struct HttpField(string Name, string Value);
