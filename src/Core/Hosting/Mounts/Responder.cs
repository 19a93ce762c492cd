namespace EventLoops;

/// <summary>
/// Whoever answers a request in place of a protocol: files, a program, a redirect, an origin server. While it is attached to the role it gets the parts of
/// the body and the writable calls that a protocol would get, and it writes by the same members: <see cref="HttpServerRole.StartResponse"/>,
/// <see cref="HttpServerRole.WriteBody"/>, <see cref="HttpServerRole.EndResponse"/>. It may do so at any time, also from outside of these calls; then it
/// is done between <see cref="Connection.EnterService"/> and <see cref="Connection.LeaveService"/>, so that all of it leaves in one send.
/// </summary>
/// <remarks>
/// Flow control goes both ways. Towards the client: after a write, <see cref="Connection.IsChoked"/> says to stop, and <see cref="Connection.RequestWritable"/>
/// leads to <see cref="OnWritable"/>. Towards the responder: <see cref="HttpServerRole.PauseBody"/> stops the body until <see cref="HttpServerRole.ResumeBody"/>.
/// What any of the methods throws is logged and ends the request as a callback's exception does.
/// </remarks>
internal abstract class Responder(HttpServerRole role)
{
    protected HttpServerRole Role => role;

    protected Connection Connection => role.Owner;

    /// <summary>The request. Its spans are valid during the call only; the head until the answer is complete.</summary>
    public abstract void Begin(in MountRequest request);

    /// <summary>A part of the body; valid only during the call.</summary>
    public virtual void OnBody(ReadOnlySpan<byte> part)
    {
    }

    /// <summary>The body is complete. Not called for a request without one.</summary>
    public virtual void OnBodyEnd()
    {
    }

    /// <summary>The kernel takes bytes. A spare call must be harmless.</summary>
    public virtual void OnWritable()
    {
    }

    /// <summary>
    /// The request is over: answered, refused, or gone with its connection. The last call; nothing can be written any more. Called once, also from inside of
    /// <see cref="HttpServerRole.EndResponse"/>.
    /// </summary>
    public virtual void Release()
    {
    }
}
