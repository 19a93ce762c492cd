namespace EventLoops.Tests;

/// <summary>Something between the socket and what is said, on both sides of a test: the peers of a harness speak it, and so do the contexts under test.</summary>
public abstract class PeerLayer
{
    /// <summary>The network whose peers speak it.</summary>
    public abstract PeerNetwork Over(PeerNetwork network);

    /// <summary>Has a context speak it as a server, and trust the peers of a test as a client.</summary>
    public abstract void Prepare(LoopContext context);

    /// <summary>The address at which a client speaks it.</summary>
    public abstract Uri Over(Uri uri);
}
