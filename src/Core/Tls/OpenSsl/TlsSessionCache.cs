namespace EventLoops.OpenSsl;

/// <summary>
/// The sessions that servers have given a client, by server, so that the next connection there is resumed. The server that was not heard of for longest makes room.
/// It belongs to one context, and with it to one thread.
/// </summary>
internal sealed unsafe class TlsSessionCache(int capacity)
{
    // RFC 8446 C.4: a ticket of TLS 1.3 is used once, and servers send two as a rule.
    private const int MostPerServer = 4;

    private static readonly LibSsl Ssl = LibSsl.Instance;

    private readonly Dictionary<string, LinkedListNode<Server>> _byKey = new(StringComparer.Ordinal);
    private readonly LinkedList<Server> _newestFirst = new();

    /// <summary>How many servers are known.</summary>
    public int Count => _byKey.Count;

    /// <summary>Keeps a session, whose reference it takes over.</summary>
    public void Put(string key, nint session)
    {
        Server server = Find(key) ?? Add(key);

        // A session of TLS 1.2 stands for all that came before it.
        if (!IsOfOneUse(session) || server.Sessions.Count == MostPerServer)
            server.FreeOldest(all: !IsOfOneUse(session));
        server.Sessions.Add(session);
    }

    /// <summary>Takes the newest session for a server that can still be resumed; the caller frees it. 0 for none.</summary>
    public nint Take(string key)
    {
        if (Find(key) is not { } server)
            return 0;

        while (server.Sessions.Count > 0)
        {
            nint session = server.Sessions[^1];
            server.Sessions.RemoveAt(server.Sessions.Count - 1);
            if (Ssl.SessionIsResumable(session) != 1)
            {
                Ssl.SessionFree(session);
                continue;
            }

            if (!IsOfOneUse(session) && Ssl.SessionUpRef(session) == 1)
                server.Sessions.Add(session);
            return session;
        }

        return 0;
    }

    /// <summary>Frees them all.</summary>
    public void Clear()
    {
        foreach (Server server in _newestFirst)
            server.FreeOldest(all: true);
        _newestFirst.Clear();
        _byKey.Clear();
    }

    private static bool IsOfOneUse(nint session) => Ssl.SessionGetVersion(session) >= (int)TlsVersion.Tls13;

    private Server? Find(string key)
    {
        if (!_byKey.TryGetValue(key, out LinkedListNode<Server>? node))
            return null;

        _newestFirst.Remove(node);
        _newestFirst.AddFirst(node);
        return node.Value;
    }

    private Server Add(string key)
    {
        if (_byKey.Count == capacity)
        {
            Server oldest = _newestFirst.Last!.Value;
            oldest.FreeOldest(all: true);
            _newestFirst.RemoveLast();
            _byKey.Remove(oldest.Key);
        }

        Server server = new(key);
        _byKey.Add(key, _newestFirst.AddFirst(server));
        return server;
    }

    private sealed class Server(string key)
    {
        public string Key => key;

        public List<nint> Sessions { get; } = [];

        public void FreeOldest(bool all)
        {
            int count = all ? Sessions.Count : 1;
            for (int i = 0; i < count; i++)
                Ssl.SessionFree(Sessions[i]);
            Sessions.RemoveRange(0, count);
        }
    }
}
