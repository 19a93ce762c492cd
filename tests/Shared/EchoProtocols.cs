using System.Buffers.Binary;

namespace EventLoops.Tests;

/// <summary>Answers each whole message at once, from inside the callback that brings it. For messages that are small enough never to be refused.</summary>
public sealed class SendingEcho(string name = "echo") : Protocol<SendingEcho.Session>(name)
{
    /// <summary>What a connection has collected.</summary>
    public struct Session
    {
        internal MessageBuffer Message;
    }

    /// <inheritdoc/>
    protected override CallbackResult OnReceive(Connection connection, ref Session session, ReadOnlySpan<byte> part, in MessageInfo info)
    {
        session.Message.Append(part);
        if (!info.IsFinalFragment) return CallbackResult.Continue;

        WriteResult result = connection.TrySend(session.Message.Span, info.Kind);
        session.Message.Clear();
        return result == WriteResult.Accepted ? CallbackResult.Continue : CallbackResult.Close;
    }

    /// <inheritdoc/>
    protected override void OnClosed(Connection connection, ref Session session, in CloseInfo close) => session.Message.Clear();
}

/// <summary>Collects whole messages and answers them all when the connection is writable, each as one message again, in order.</summary>
public sealed class WritableEcho(string name = "echo") : Protocol<WritableEcho.Session>(name)
{
    private const int PrefixLength = 5;

    /// <summary>What a connection has collected.</summary>
    public struct Session
    {
        internal MessageBuffer Open;
        internal MessageBuffer Whole;
    }

    /// <inheritdoc/>
    protected override CallbackResult OnReceive(Connection connection, ref Session session, ReadOnlySpan<byte> part, in MessageInfo info)
    {
        session.Open.Append(part);
        if (!info.IsFinalFragment) return CallbackResult.Continue;

        Span<byte> prefix = stackalloc byte[PrefixLength];
        prefix[0] = (byte)info.Kind;
        BinaryPrimitives.WriteInt32LittleEndian(prefix[1..], session.Open.Length);
        session.Whole.Append(prefix);
        session.Whole.Append(session.Open.Span);
        session.Open.Clear();
        connection.RequestWritable();
        return CallbackResult.Continue;
    }

    /// <inheritdoc/>
    protected override CallbackResult OnWritable(Connection connection, ref Session session)
    {
        while (!session.Whole.IsEmpty)
        {
            ReadOnlySpan<byte> waiting = session.Whole.Span;
            int length = BinaryPrimitives.ReadInt32LittleEndian(waiting[1..]);
            if (connection.Write(waiting.Slice(PrefixLength, length), (MessageKind)waiting[0]) != WriteResult.Accepted)
            {
                connection.RequestWritable();
                return CallbackResult.Continue;
            }

            session.Whole.Consume(PrefixLength + length);
        }

        return CallbackResult.Continue;
    }

    /// <inheritdoc/>
    protected override void OnClosed(Connection connection, ref Session session, in CloseInfo close)
    {
        session.Open.Clear();
        session.Whole.Clear();
    }
}
