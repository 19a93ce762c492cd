using System.Buffers;
using System.Globalization;
using System.Net;
using System.Text.Json;
using EventLoops;

namespace TestServer.Protocols;

/// <summary>
/// <c>lws-status</c>: who is connected to it right now, as one JSON text to everybody whenever somebody comes or goes. The last to come is
/// the first in the list, which ends early when the text would grow beyond 16 KiB. Who says <c>live</c> is also told the library's own numbers, every second.
/// </summary>
internal sealed class StatusProtocol() : Protocol<StatusProtocol.Session>("lws-status")
{
    private const int LongestText = 16 * 1024;

    // What an entry takes at most, with every character of the browser's name escaped.
    private const int LongestUserAgent = 256;
    private const int LongestEntry = (6 * LongestUserAgent) + 128;

    private static readonly TimeSpan LivePeriod = TimeSpan.FromSeconds(1);

    private static readonly string Version = $"EventLoops {typeof(LoopContext).Assembly.GetName().Version?.ToString(3)}";

    protected override CallbackResult OnEstablished(Connection connection, ref Session session)
    {
        string userAgent = connection.Headers.GetString(KnownHeader.UserAgent);
        session.Visitor = new Visitor(
            (connection.RemoteEndPoint as IPEndPoint)?.Address.ToString() ?? "unknown",
            DateTime.UtcNow.ToString("yyyy-MM-dd HH:mm 'UTC'", CultureInfo.InvariantCulture),
            userAgent.Length == 0 ? "unknown" : userAgent[..Math.Min(userAgent.Length, LongestUserAgent)]);
        BoardOf(connection).Add(session.Visitor);
        connection.VirtualHost!.RequestWritableAll(this);
        return CallbackResult.Continue;
    }

    protected override CallbackResult OnReceive(Connection connection, ref Session session, ReadOnlySpan<byte> part, in MessageInfo info)
    {
        if (session.Ticker is not null || !part.SequenceEqual("live"u8))
            return CallbackResult.Continue;

        session.Numbers = new LiveNumbers();
        session.Ticker = new LoopTimer(static timer => ((Connection)timer.State!).RequestWritable(), connection);
        connection.RequestWritable();
        return CallbackResult.Continue;
    }

    protected override CallbackResult OnWritable(Connection connection, ref Session session)
    {
        long seen = session.Seen;
        if (BoardOf(connection).News(ref seen) is { } message && connection.Write(message) == WriteResult.Accepted)
            session.Seen = seen;

        // A timer that is not waiting has come.
        if (session.Ticker is { IsScheduled: false } ticker && connection.Write(session.Numbers!.Read(), MessageKind.Text) == WriteResult.Accepted)
            connection.Thread.Loop.Schedule(ticker, LivePeriod);
        return CallbackResult.Continue;
    }

    protected override void OnClosed(Connection connection, ref Session session, in CloseInfo close)
    {
        if (session.Ticker is not null)
            connection.Thread.Loop.Cancel(session.Ticker);
        session.Numbers?.Dispose();
        BoardOf(connection).Remove(session.Visitor!);
        connection.VirtualHost!.RequestWritableAll(this);
    }

    private Board BoardOf(Connection connection) => connection.VirtualHost!.GetData<Board>(this);

    /// <summary>Who this is, and the last change that it was told of.</summary>
    internal struct Session
    {
        public Visitor? Visitor;
        public long Seen;
        public LoopTimer? Ticker;
        public LiveNumbers? Numbers;
    }

    internal sealed record Visitor(string Peer, string Time, string UserAgent);

    /// <summary>
    /// Everybody, and the message that says so: made once after a change, however many want to have it. The visitors of all service threads are on one board, so it has a lock.
    /// </summary>
    private sealed class Board
    {
        private readonly Lock _gate = new();
        private readonly LinkedList<Visitor> _visitors = [];
        private readonly ArrayBufferWriter<byte> _text = new(LongestText);
        private PreparedMessage? _message;
        private long _changes;

        public void Add(Visitor visitor)
        {
            lock (_gate)
            {
                _visitors.AddFirst(visitor);
                _changes++;
                _message = null;
            }
        }

        public void Remove(Visitor visitor)
        {
            lock (_gate)
            {
                _visitors.Remove(visitor);
                _changes++;
                _message = null;
            }
        }

        /// <summary>The message for somebody who has <paramref name="seen"/> the board before some change, which is then the last one; null when nothing has changed since.</summary>
        public PreparedMessage? News(ref long seen)
        {
            lock (_gate)
            {
                if (seen == _changes)
                    return null;

                seen = _changes;
                if (_message is null)
                {
                    Write();
                    _message = new PreparedMessage(_text.WrittenSpan, MessageKind.Text);
                }

                return _message;
            }
        }

        private void Write()
        {
            _text.ResetWrittenCount();
            _text.Write(" "u8);
            using Utf8JsonWriter json = new(_text);
            json.WriteStartObject();
            json.WriteString("version"u8, Version);
            json.WriteString("hostname"u8, Environment.MachineName);
            json.WriteString("wsi"u8, _visitors.Count.ToString(CultureInfo.InvariantCulture));
            json.WriteStartArray("conns"u8);
            foreach (Visitor visitor in _visitors)
            {
                if (json.BytesCommitted + json.BytesPending + LongestEntry > LongestText)
                    break;
                json.WriteStartObject();
                json.WriteString("peer"u8, visitor.Peer);
                json.WriteString("time"u8, visitor.Time);
                json.WriteString("ua"u8, visitor.UserAgent);
                json.WriteEndObject();
            }

            json.WriteEndArray();
            json.WriteEndObject();
        }
    }
}
