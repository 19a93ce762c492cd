namespace EventLoops.Tests.Conformance;

/// <summary>
/// TLS and the plain network beneath it. The loop is to be one over <see cref="OverTls"/>; what these peers say goes past it.
/// </summary>
public abstract class TlsBench(LoopFactory factory) : LoopBench(factory)
{
    /// <summary>A peer that says to a context of ours what the test tells it to, beneath TLS.</summary>
    protected RawPeer ConnectPlain(LoopContext context) =>
        Own(new RawPeer(Harness.PlainNetwork.Connect(EndPointOf(context), receiveBuffer: 0), isClient: true, Harness));

    /// <summary>The same for clients of ours.</summary>
    protected RawListener ListenPlain() => Own(new RawListener(Harness, Harness.PlainNetwork));
}
