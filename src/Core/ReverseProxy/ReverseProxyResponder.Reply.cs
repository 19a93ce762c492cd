using EventLoops.Protocols.Http;

namespace EventLoops;

/// <summary>The origin's answer, on its way to the client.</summary>
internal sealed partial class ReverseProxyResponder
{
    // What one read takes at most: as much as a pipe or a socket usually has at once.
    private const int ReadSize = 64 * 1024;

    private bool _hasUnread;

    /// <summary>
    /// RFC 9110 15.2: a proxy passes on interim answers, such as 103 (RFC 8297), but for 100, which is ours to give: the client's expectation is not forwarded. They are
    /// hints, so that a client which does not read goes without.
    /// </summary>
    public void OnInterimReply(HttpHead head)
    {
        if (head.StatusCode != 100 && !Connection.IsChoked)
            Guard(self => self.Role.SendInterim(new ForwardedReply(head, self._mount, self._proxied, self.Role.Authority)));
    }

    /// <summary>The head of the answer is there.</summary>
    public void OnReply() => Guard(static self => self.BeginAnswer());

    /// <summary>There is a part of the answer's body, which is read when the client takes it. Until then the origin has to wait.</summary>
    public void OnReplyReadable() => Guard(static self => self.PassOnIfTaken());

    /// <summary>The answer is all there.</summary>
    public void OnReplyComplete() => Guard(static self => self.EndAnswer());

    public override void OnWritable()
    {
        if (!_isOver && _hasUnread && !Connection.IsChoked)
            PassOn();
    }

    private void BeginAnswer()
    {
        HttpHead head = _origin!.CurrentHead!;
        ForwardedReply reply = new(head, _mount, _proxied, Role.Authority);
        if (head.StatusCode == 101)
        {
            OpenTunnel(head, reply);
            return;
        }

        if (head.StatusCode > 599)
        {
            Fail(502, "The server behind this page gave no valid answer.", $"it answered with the status {head.StatusCode}, which means nothing (RFC 9110 15)");
            return;
        }

        Role.StartForwarded(reply);
        CountSilence();
    }

    private void PassOnIfTaken()
    {
        _hasUnread = true;
        if (Connection.IsChoked)
            CountSilence();
        else
            PassOn();
    }

    private void EndAnswer()
    {
        HttpHead? trailers = _origin!.ReplyTrailers;
        _origin.UserData = null;
        _origin = null;
        Stop();
        Role.EndResponse(trailers);
        ReadPastBody();
    }

    /// <summary>One read a turn, so that an origin which sends without end does not keep everybody else waiting.</summary>
    private void PassOn()
    {
        _hasUnread = false;
        byte[] buffer = BufferPool.Rent(ReadSize);
        try
        {
            int count = _origin!.ReadHttpBody(buffer.AsSpan(0, ReadSize));
            if (count > 0 && !_isOver)
                Role.WriteBody(buffer.AsSpan(0, count));
        }
        finally
        {
            BufferPool.Return(buffer);
        }

        CountSilence();
    }

    /// <summary>
    /// RFC 9110 15.2.2: 101 names the protocol that comes next, and it is the one that was asked for. Only then do the bytes of the two sides pass unread: a proxy that
    /// opens the tunnel sooner can be used to reach the origin past it.
    /// </summary>
    private void OpenTunnel(HttpHead head, in ForwardedReply reply)
    {
        if (!head.WantsWebSocket)
        {
            Fail(502, "The server behind this page gave no valid answer.", "it switched to another protocol than the one that it was asked for");
            return;
        }

        Connection origin = _origin!;
        origin.UserData = null;
        _origin = null;
        (TunnelRole client, TunnelRole server) = TunnelRole.Between(Connection, Role, origin, origin.CurrentRole, _proxied.Options.Timeout);
        Stop();
        Role.EnterTunnel(reply, client);
        origin.EnterTunnel(server);
    }
}
