namespace EventLoops.Protocols.Http;

/// <summary>Between a method's name on the wire and <see cref="RequestMethod"/>.</summary>
internal static class RequestMethods
{
    /// <summary>Finds the method with exactly this name; RFC 9110 9.1: names of methods are case-sensitive.</summary>
    internal static RequestMethod Find(ReadOnlySpan<byte> name) => name.Length switch
    {
        3 when name.SequenceEqual("GET"u8) => RequestMethod.Get,
        3 when name.SequenceEqual("PUT"u8) => RequestMethod.Put,
        4 when name.SequenceEqual("POST"u8) => RequestMethod.Post,
        4 when name.SequenceEqual("HEAD"u8) => RequestMethod.Head,
        5 when name.SequenceEqual("PATCH"u8) => RequestMethod.Patch,
        5 when name.SequenceEqual("TRACE"u8) => RequestMethod.Trace,
        6 when name.SequenceEqual("DELETE"u8) => RequestMethod.Delete,
        7 when name.SequenceEqual("OPTIONS"u8) => RequestMethod.Options,
        7 when name.SequenceEqual("CONNECT"u8) => RequestMethod.Connect,
        _ => RequestMethod.Other,
    };

    /// <summary>The name of a method as it is written on the wire.</summary>
    /// <exception cref="ArgumentOutOfRangeException">The method is <see cref="RequestMethod.Other"/>, which has no one name.</exception>
    internal static ReadOnlySpan<byte> Name(RequestMethod method) => method switch
    {
        RequestMethod.Get => "GET"u8,
        RequestMethod.Head => "HEAD"u8,
        RequestMethod.Post => "POST"u8,
        RequestMethod.Put => "PUT"u8,
        RequestMethod.Delete => "DELETE"u8,
        RequestMethod.Options => "OPTIONS"u8,
        RequestMethod.Patch => "PATCH"u8,
        RequestMethod.Connect => "CONNECT"u8,
        RequestMethod.Trace => "TRACE"u8,
        _ => throw new ArgumentOutOfRangeException(nameof(method), method, "A method without a name of its own cannot be written."),
    };
}
