using EventLoops.Protocols.Http;

namespace EventLoops;

/// <summary>What connections need for a while only, such as the head of a request: the thread lends it, so that an idle one holds none of it, and takes it back for the next.</summary>
public sealed partial class ServiceThread
{
    private const int MaxPooledHeads = 256;

    // One is in use for each connection that speaks HTTP; only those that become WebSockets give theirs back, as a rule right after they have come.
    private const int MaxPooledHttpRoles = 256;

    // Each connection that is being opened or closed has one. A crowd that comes at once has more, which the collector takes.
    private const int MaxPooledDeadlines = 1024;

    // One comes with every array that BufferPool keeps of its smallest ones.
    private const int MaxPooledBacklogs = 32 * 1024;

    // As many as are in the middle of a message at a time; a crowd of more makes some anew.
    private const int MaxPooledMessages = 16 * 1024;

    private readonly Stack<HttpHead> _heads = new();
    private readonly Stack<HttpServerRole> _httpRoles = new();
    private readonly Stack<DeadlineTimer> _deadlines = new();
    private readonly Stack<Backlog> _backlogs = new();
    private readonly Stack<IncomingMessage> _messages = new();

    internal HttpHead RentHead(HttpHeadKind kind, RequestMethod requestMethod = RequestMethod.Get)
    {
        HttpHead head = _heads.TryPop(out HttpHead? pooled) ? pooled : new HttpHead(_headLimits);
        head.Reset(kind, requestMethod);
        return head;
    }

    internal void ReturnHead(HttpHead head)
    {
        if (_heads.Count < MaxPooledHeads)
            _heads.Push(head);
    }

    internal HttpServerRole RentHttpRole(Connection connection, Listener listener)
    {
        if (!_httpRoles.TryPop(out HttpServerRole? role))
            return new HttpServerRole(connection, listener);

        role.Begin(connection, listener);
        return role;
    }

    /// <summary>Takes back a role that has forgotten its connection.</summary>
    internal void ReturnHttpRole(HttpServerRole role)
    {
        if (_httpRoles.Count < MaxPooledHttpRoles)
            _httpRoles.Push(role);
    }

    internal DeadlineTimer RentDeadline(Connection owner)
    {
        DeadlineTimer deadline = _deadlines.TryPop(out DeadlineTimer? pooled) ? pooled : new DeadlineTimer();
        deadline.Owner = owner;
        return deadline;
    }

    /// <summary>Takes back a timer that is not scheduled.</summary>
    internal void ReturnDeadline(DeadlineTimer deadline)
    {
        deadline.Owner = null;
        deadline.Purpose = Deadline.None;
        if (_deadlines.Count < MaxPooledDeadlines)
            _deadlines.Push(deadline);
    }

    internal Backlog RentBacklog() => _backlogs.TryPop(out Backlog? pooled) ? pooled : new Backlog();

    /// <summary>Takes back a backlog that is empty.</summary>
    internal void ReturnBacklog(Backlog backlog)
    {
        if (_backlogs.Count < MaxPooledBacklogs)
            _backlogs.Push(backlog);
    }

    internal IncomingMessage RentMessage() => _messages.TryPop(out IncomingMessage? pooled) ? pooled : new IncomingMessage();

    internal void ReturnMessage(IncomingMessage message)
    {
        message.Clear();
        if (_messages.Count < MaxPooledMessages)
            _messages.Push(message);
    }
}
