namespace EventLoops.Tests.Reliability.Guests;

/// <summary>The suite on an <c>ev_loop</c>.</summary>
public sealed class LibEvContextTests() : GuestContextSuite(static () => new EvHost())
{
    // What one of the tests makes beside the host's; descriptors are counted from here on.
    static LibEvContextTests() => UvHost.Warm();
}
