using EventLoops;

namespace TestServer.Protocols;

/// <summary>
/// <c>dumb-increment-protocol</c>: each connection gets its own number, as text, twenty times a second. The message <c>reset\n</c>
/// starts it again at 0, and <c>closeme\n</c> asks for a close frame; anything else is ignored.
/// </summary>
internal sealed class IncrementProtocol() : Protocol<IncrementProtocol.Session>("dumb-increment-protocol")
{
    // No command is longer than eight bytes, so a message that fills nine is none.
    private const int CommandCapacity = 9;

    private static readonly TimeSpan Period = TimeSpan.FromMilliseconds(50);

    protected override CallbackResult OnEstablished(Connection connection, ref Session session)
    {
        ClockOf(connection).Count(connection.VirtualHost!, this, 1);
        return CallbackResult.Continue;
    }

    protected override CallbackResult OnWritable(Connection connection, ref Session session)
    {
        Span<byte> digits = stackalloc byte[20];
        session.Number.TryFormat(digits, out int length);
        if (connection.Write(digits[..length], MessageKind.Text) == WriteResult.Accepted)
            session.Number++;
        return CallbackResult.Continue;
    }

    protected override CallbackResult OnReceive(Connection connection, ref Session session, ReadOnlySpan<byte> part, in MessageInfo info)
    {
        // Even a short message may come in pieces.
        session.Command.Append(part[..Math.Min(part.Length, CommandCapacity - session.Command.Length)]);
        if (!info.IsFinalFragment)
            return CallbackResult.Continue;

        if (session.Command.Span.SequenceEqual("reset\n"u8))
            session.Number = 0;
        else if (session.Command.Span.SequenceEqual("closeme\n"u8))
            connection.Close(WebSocketCloseCode.GoingAway, "seeya"u8);
        session.Command.Clear();
        return CallbackResult.Continue;
    }

    protected override void OnClosed(Connection connection, ref Session session, in CloseInfo close)
    {
        session.Command.Clear();
        ClockOf(connection).Count(connection.VirtualHost!, this, -1);
    }

    private Clock ClockOf(Connection connection) => connection.VirtualHost!.GetData<Clock>(this);

    /// <summary>A connection's number, and what it has sent of a command.</summary>
    internal struct Session
    {
        public ulong Number;
        public MessageBuffer Command;
    }

    /// <summary>One timer for all connections of all service threads, which is on thread 0 and runs while there is somebody to count for.</summary>
    private sealed class Clock
    {
        private LoopTimer? _timer;
        private int _connections;

        public void Count(VirtualHost host, IncrementProtocol protocol, int change)
        {
            int now = Interlocked.Add(ref _connections, change);
            if (now == 0 || (now == 1 && change > 0))
                host.Context.Loop.Post(_ => StartOrStop(host, protocol), null);
        }

        /// <summary>Looks at the count as it is by now: the first and the last may have come and gone in between.</summary>
        private void StartOrStop(VirtualHost host, IncrementProtocol protocol)
        {
            if (Volatile.Read(ref _connections) > 0 && !host.Context.IsDisposed)
                host.Context.Loop.Schedule(_timer ??= NewTimer(host, protocol), Period);
            else if (_timer is not null)
                host.Context.Loop.Cancel(_timer);
        }

        private static LoopTimer NewTimer(VirtualHost host, IncrementProtocol protocol) => new(timer =>
        {
            host.RequestWritableAll(protocol);
            host.Context.Loop.Schedule(timer, Period);
        });
    }
}
