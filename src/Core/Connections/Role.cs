namespace EventLoops;

/// <summary>What the deadline of a connection is for.</summary>
internal enum Deadline : byte
{
    None,
    TlsHandshake,
    FirstByte,
    RequestHead,
    RequestBody,
    KeepAlive,
    Retry,
    Connect,
    Handshake,
    Silence,
    SignOfLife,

    ReplyBody,
    Close,
    Flush,
    Linger,
}

/// <summary>
/// What a connection speaks at the moment: HTTP as a server, WebSocket, or the way there as a client. The connection does the input and output and
/// keeps the state; its role gives the bytes a meaning and calls the user. A role is replaced when the protocol changes.
/// </summary>
internal abstract class Role(Connection connection)
{
    /// <summary>Whose role it is.</summary>
    protected Connection Connection { get; set; } = connection;

    /// <summary>Whether the connection has come so far that its user can write; a wish to write is kept until then.</summary>
    public abstract bool CanWrite { get; }

    /// <summary>Takes received bytes from the front of <paramref name="bytes"/>. Returns when they are used up, receiving is paused, or the role changed.</summary>
    public abstract void Consume(ref Span<byte> bytes);

    /// <summary>Goes on with bytes that were taken and not delivered; see <see cref="Connection.HasUndelivered"/>.</summary>
    public virtual void DeliverPending()
    {
    }

    /// <summary>The kernel has taken everything; the user may be asked for more.</summary>
    public abstract void OnWritable();

    /// <summary>Receiving goes on after a pause, before anything is delivered.</summary>
    public virtual void OnResumed()
    {
    }

    /// <summary>The peer has ended its half of the stream.</summary>
    public abstract void OnEndOfStream();

    /// <summary>A deadline of this role has passed.</summary>
    public abstract void OnDeadline(Deadline deadline);

    /// <summary>The user asked for the end: by <see cref="CallbackResult.Close"/>, by a callback that threw, or by a call.</summary>
    public abstract void OnCloseRequested(CloseOrigin origin);

    /// <summary>The context shuts down: what is under way is finished, and nothing new begun. By default the connection goes on until it ends by itself.</summary>
    public virtual void OnShutdown()
    {
    }

    /// <summary>Calls the user for the last time.</summary>
    public abstract void RaiseEnd(in CloseInfo close);

    /// <summary>Gives back what the role holds.</summary>
    public virtual void Release()
    {
    }
}
