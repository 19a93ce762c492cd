using EventLoops.Tests.WebSocket;

namespace EventLoops.Tests.Messages;

/// <summary>One side of a talk that the library speaks: says its messages piece by piece, as often as the connection takes some, and writes down what it hears.</summary>
internal sealed class TalkProtocol : Protocol<TalkProtocol.Session>
{
    private readonly IReadOnlyList<ScriptedMessage> _says;
    private MessageWriter _writer;
    private int _message;
    private int _fragment;
    private int _position;

    public TalkProtocol(IReadOnlyList<ScriptedMessage> says, TalkScript script)
        : base("talk")
    {
        _says = says;
        DeliverWholeMessages = script.IsWhole;
        ReceiveBufferSize = script.ReceiveBufferSize;
    }

    /// <summary>The messages that came, whole.</summary>
    public List<string> Heard { get; } = [];

    /// <summary>The payloads of pings that came.</summary>
    public List<string> Pings { get; } = [];

    /// <summary>The longest part that came.</summary>
    public int LongestPart { get; private set; }

    /// <summary>Whether a message came in more than one part.</summary>
    public bool WasCut { get; private set; }

    /// <summary>Whether the connection has ended.</summary>
    public bool IsOver { get; private set; }

    public Connection? Connection { get; private set; }

    public bool HasSaidAll => _message == _says.Count;

    /// <summary>What is sent for a scripted message.</summary>
    public static byte[] PayloadOf(ScriptedMessage message) => message.IsText ? FrameScript.TextOf(message.Characters) : message.Bytes;

    /// <summary>How a whole message is written down.</summary>
    public static string Describe(bool isText, ReadOnlySpan<byte> payload) => $"{(isText ? "text" : "binary")} {Convert.ToHexString(payload)}";

    protected override CallbackResult OnEstablished(Connection connection, ref Session session)
    {
        Connection = connection;
        connection.RequestWritable();
        return CallbackResult.Continue;
    }

    protected override CallbackResult OnReceive(Connection connection, ref Session session, ReadOnlySpan<byte> part, in MessageInfo info)
    {
        WasCut |= !(info.IsFirstPart && info.IsFinalFragment);
        LongestPart = Math.Max(LongestPart, part.Length);
        session.Message.Append(part);
        if (!info.IsFinalFragment) return CallbackResult.Continue;

        Heard.Add(Describe(info.Kind == MessageKind.Text, session.Message.Span));
        session.Message.Clear();
        return CallbackResult.Continue;
    }

    protected override CallbackResult OnPing(Connection connection, ref Session session, ReadOnlySpan<byte> payload)
    {
        Pings.Add(Convert.ToHexString(payload));
        return CallbackResult.Continue;
    }

    protected override CallbackResult OnWritable(Connection connection, ref Session session)
    {
        while (!HasSaidAll && TrySayPiece(connection))
        {
        }

        if (!HasSaidAll) connection.RequestWritable();
        return CallbackResult.Continue;
    }

    protected override void OnClosed(Connection connection, ref Session session, in CloseInfo close)
    {
        session.Message.Clear();
        IsOver = true;
    }

    private bool TrySayPiece(Connection connection)
    {
        ScriptedMessage message = _says[_message];
        byte[] payload = PayloadOf(message);
        if (_fragment == 0 && !_writer.IsOpen) _writer = connection.BeginMessage(message.IsText ? MessageKind.Text : MessageKind.Binary);
        if (_fragment == message.FragmentSizes.Length)
        {
            if (_writer.TryEnd(payload.AsSpan(_position)) != WriteResult.Accepted) return false;

            _message++;
            _fragment = _position = 0;
            return true;
        }

        int size = Math.Min(message.FragmentSizes[_fragment], payload.Length - _position);
        if (_writer.TrySend(payload.AsSpan(_position, size)) != WriteResult.Accepted) return false;

        _position += size;
        if (_fragment < message.PingSizes.Length) connection.Ping(new byte[message.PingSizes[_fragment]]);
        _fragment++;
        return true;
    }

    internal struct Session
    {
        public MessageBuffer Message;
    }
}
