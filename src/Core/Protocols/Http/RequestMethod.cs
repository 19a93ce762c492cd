namespace EventLoops;

/// <summary>
/// The method of a request, as far as it is one that RFC 9110 section 9 or RFC 5789 names. Methods are case-sensitive, so <c>get</c> is
/// <see cref="Other"/>.
/// </summary>
public enum RequestMethod : byte
{
    /// <summary>A method that is not in this list.</summary>
    Other,

    /// <summary><c>GET</c>, RFC 9110 9.3.1.</summary>
    Get,

    /// <summary><c>HEAD</c>, RFC 9110 9.3.2: like GET, but the answer has no body.</summary>
    Head,

    /// <summary><c>POST</c>, RFC 9110 9.3.3.</summary>
    Post,

    /// <summary><c>PUT</c>, RFC 9110 9.3.4.</summary>
    Put,

    /// <summary><c>DELETE</c>, RFC 9110 9.3.5.</summary>
    Delete,

    /// <summary><c>OPTIONS</c>, RFC 9110 9.3.7.</summary>
    Options,

    /// <summary><c>PATCH</c>, RFC 5789.</summary>
    Patch,

    /// <summary><c>CONNECT</c>, RFC 9110 9.3.6: always refused, since nothing here is a tunnel.</summary>
    Connect,

    /// <summary><c>TRACE</c>, RFC 9110 9.3.8.</summary>
    Trace,
}
