using System.Net;

namespace EventLoops;

/// <summary>
/// Who an accepted peer is, where asking the kernel is not enough: the address among whose connections it is counted, and whom a proxy speaks for. A connection has
/// one where connections are counted by address, or a proxy stands in front.
/// </summary>
internal sealed class PeerIdentity
{
    /// <summary>The part of a proxy's header that has come; a header is bounded, and so is this.</summary>
    public ByteQueue Header;

    /// <summary>Whether the header of a proxy is still to come, before which nothing else is read.</summary>
    public bool AwaitsHeader { get; set; }

    /// <summary>The address among whose connections it is counted, or <see cref="AddressLimit.None"/>.</summary>
    public ulong CountedAddress { get; set; } = AddressLimit.None;

    /// <summary>The client's address, as the proxy says; null when it says none.</summary>
    public EndPoint? Remote { get; set; }

    /// <summary>The address that the client connected to, as the proxy says; null when it says none.</summary>
    public EndPoint? Local { get; set; }
}
