namespace EventLoops.Tests.Reliability.Guests;

/// <summary>The suite on an <c>uv_loop_t</c>.</summary>
public sealed class LibUvContextTests() : GuestContextSuite(static () => new UvHost())
{
    // Descriptors are counted from here on.
    static LibUvContextTests() => UvHost.Warm();
}
