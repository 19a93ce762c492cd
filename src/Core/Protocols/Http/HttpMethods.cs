namespace EventLoops.Protocols.Http;

/// <summary>Between a method's name on the wire and <see cref="HttpMethod"/>.</summary>
internal static class HttpMethods
{
    /// <summary>Finds the method with exactly this name; RFC 9110 9.1: names of methods are case-sensitive.</summary>
    internal static HttpMethod Find(ReadOnlySpan<byte> name) => name.Length switch
    {
        3 when name.SequenceEqual("GET"u8) => HttpMethod.Get,
        3 when name.SequenceEqual("PUT"u8) => HttpMethod.Put,
        4 when name.SequenceEqual("POST"u8) => HttpMethod.Post,
        4 when name.SequenceEqual("HEAD"u8) => HttpMethod.Head,
        5 when name.SequenceEqual("PATCH"u8) => HttpMethod.Patch,
        5 when name.SequenceEqual("TRACE"u8) => HttpMethod.Trace,
        6 when name.SequenceEqual("DELETE"u8) => HttpMethod.Delete,
        7 when name.SequenceEqual("OPTIONS"u8) => HttpMethod.Options,
        7 when name.SequenceEqual("CONNECT"u8) => HttpMethod.Connect,
        _ => HttpMethod.Other,
    };

    /// <summary>The name of a method as it is written on the wire.</summary>
    /// <exception cref="ArgumentOutOfRangeException">The method is <see cref="HttpMethod.Other"/>, which has no one name.</exception>
    internal static ReadOnlySpan<byte> Name(HttpMethod method) => method switch
    {
        HttpMethod.Get => "GET"u8,
        HttpMethod.Head => "HEAD"u8,
        HttpMethod.Post => "POST"u8,
        HttpMethod.Put => "PUT"u8,
        HttpMethod.Delete => "DELETE"u8,
        HttpMethod.Options => "OPTIONS"u8,
        HttpMethod.Patch => "PATCH"u8,
        HttpMethod.Connect => "CONNECT"u8,
        HttpMethod.Trace => "TRACE"u8,
        _ => throw new ArgumentOutOfRangeException(nameof(method), method, "A method without a name of its own cannot be written."),
    };
}
