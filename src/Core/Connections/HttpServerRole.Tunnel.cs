using EventLoops.Protocols.Http;

namespace EventLoops;

/// <summary>Requests to become a WebSocket that are not for us, but for the origin of a reverse proxy mount.</summary>
internal sealed partial class HttpServerRole
{
    /// <summary>Whether the request's path belongs to a reverse proxy: then it goes there as any other request does.</summary>
    private bool IsForwarded(HttpHead head)
    {
        MountTable mounts = Connection.VirtualHost!.Mounts;
        return mounts.HasReverseProxy
            && UriPath.TryDecode(head.RawPath, Thread.DecodedPath, out int length, out _)
            && mounts.Find(Thread.DecodedPath.AsSpan(0, length))?.ReverseProxy is not null;
    }

    /// <summary>
    /// The origin has opened the WebSocket: its 101 is passed on, and behind it the connection belongs to the tunnel. What the client has sent after its request is
    /// the beginning of what it has to say there.
    /// </summary>
    public void EnterTunnel(in ForwardedReply reply, TunnelRole tunnel)
    {
        HeadWriter writer = new(Thread.Scratch);
        writer.StatusLine(101);
        reply.WriteFields(ref writer);
        writer.End();
        Connection.Send(writer.Written);
        NoteAnswer(101);

        Connection.TakeRole(tunnel);
        Connection.Move(ConnectionState.Established);
        ReleaseHead();
        Connection.Resume(ReceivePause.Answer);
    }
}
