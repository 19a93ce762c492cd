using EventLoops;

namespace Fraggle;

/// <summary>
/// <c>fraggle-both-ways</c>: either side sends messages in random fragments with their sums, and checks those of the other one. The client ends it when
/// it has sent and checked as many as it was asked to; a side that finds a mistake closes with 4001.
/// </summary>
internal sealed class FraggleProtocol(FraggleOptions options, bool isClient) : Protocol<FraggleProtocol.Session>("fraggle-both-ways")
{
    private const WebSocketCloseCode Mistake = (WebSocketCloseCode)4001;

    private readonly long _count = isClient && options.Count > 0 ? options.Count : long.MaxValue;
    private int _connections;

    /// <summary>Called when a connection has ended or was never made, with what went wrong or null.</summary>
    public Action<string?>? Ended { get; init; }

    /// <summary>Whether the end was wanted, so that a connection that ends by itself is no failure.</summary>
    public bool IsInterrupted { get; set; }

    protected override CallbackResult OnEstablished(Connection connection, ref Session session)
    {
        // Every connection has numbers of its own that follow from the seed, so that a run can be repeated whoever comes first.
        session.Sender = new FragmentSender(options, new Random(options.Seed + _connections++), _count);
        session.Checker = new FragmentChecker();
        connection.RequestWritable();
        return CallbackResult.Continue;
    }

    protected override CallbackResult OnWritable(Connection connection, ref Session session)
    {
        session.Sender!.Send(connection);
        CloseIfDone(connection, ref session);
        return CallbackResult.Continue;
    }

    protected override CallbackResult OnReceive(Connection connection, ref Session session, ReadOnlySpan<byte> part, in MessageInfo info)
    {
        session.Failure = session.Checker!.Take(part, info);
        if (session.Failure is not null)
            connection.Close(Mistake, "wrong checksum"u8);
        else
            CloseIfDone(connection, ref session);
        return CallbackResult.Continue;
    }

    protected override void OnConnectFailed(Connection connection, ref Session session, in ConnectFailure failure) =>
        Ended?.Invoke(IsInterrupted ? null : failure.ToString());

    protected override void OnClosed(Connection connection, ref Session session, in CloseInfo close)
    {
        Console.WriteLine($"checked {session.Checker!.Messages} messages of {session.Checker.Bytes} bytes, sent {session.Sender!.Messages} of {session.Sender.Bytes} bytes: {close}");
        Ended?.Invoke(session.Failure ?? FailureOf(in close, ref session));
    }

    /// <summary>A client has to come to its end. What a server's clients do is their affair, as long as they find nothing wrong.</summary>
    private string? FailureOf(in CloseInfo close, ref Session session)
    {
        if (close.Code == Mistake)
            return "the other side found a wrong checksum";
        if (!isClient || IsInterrupted || (session.Sender!.IsDone && session.Checker!.Messages >= _count))
            return null;

        return $"the connection was closed: {close}";
    }

    private void CloseIfDone(Connection connection, ref Session session)
    {
        if (session.Sender!.IsDone && session.Checker!.Messages >= _count)
            connection.Close();
    }

    /// <summary>Both halves of a conversation, and what was wrong with it.</summary>
    internal struct Session
    {
        public FragmentSender? Sender;
        public FragmentChecker? Checker;
        public string? Failure;
    }
}
