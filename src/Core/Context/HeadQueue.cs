using EventLoops.Protocols.Http;

namespace EventLoops;

/// <summary>
/// The heads of a thread's requests. There may be only so many; who finds none waits in line, and is handed the next one that comes back, so that nobody who
/// arrives meanwhile overtakes.
/// </summary>
internal sealed class HeadQueue(ServiceThread thread, int most)
{
    private readonly LinkedList<HttpServerRole> _waiting = new();
    private int _inUse;

    /// <summary>A head, or null when all are in use.</summary>
    public HttpHead? TryRent()
    {
        if (_inUse >= most)
            return null;

        _inUse++;
        return thread.RentHead(HttpHeadKind.Request);
    }

    /// <summary>Has a role wait for a head. It is given one by <see cref="HttpServerRole.TakeHead"/>.</summary>
    /// <returns>Its place in line, for <see cref="Leave"/>.</returns>
    public LinkedListNode<HttpServerRole> Enter(HttpServerRole role) => _waiting.AddLast(role);

    /// <summary>A role does not wait any longer.</summary>
    public void Leave(LinkedListNode<HttpServerRole> place) => _waiting.Remove(place);

    /// <summary>A request is over; its head goes to whoever waits longest.</summary>
    public void Return(HttpHead head)
    {
        if (_waiting.First is not { } first)
        {
            _inUse--;
            thread.ReturnHead(head);
            return;
        }

        _waiting.RemoveFirst();
        head.Reset(HttpHeadKind.Request);
        first.Value.TakeHead(head);
    }
}
