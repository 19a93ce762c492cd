using System.Text;
using EventLoops.Protocols.Http;

namespace EventLoops;

/// <summary>
/// A protocol as the loop sees it: a name that peers ask for, and callbacks. Derive from <see cref="Protocol{TSession}"/>, which has the
/// callbacks of connections, or from <see cref="ReasonProtocol{TSession}"/>. One object may serve any number of connections and virtual hosts;
/// everything is called on the loop's thread.
/// </summary>
/// <remarks>
/// <para>
/// In a context with several service threads the callbacks of one connection come on one thread, <see cref="Connection.Thread"/>, and those of two connections may come on
/// two threads at the same time, also when they belong to one protocol object. The session belongs to its connection and needs no care. Fields of the protocol are
/// shared: keep what one thread's connections have in common in <see cref="VirtualHost.GetData{T}(Protocol, ServiceThread)"/>, and cross by
/// <see cref="EventLoop.Post"/> or <see cref="VirtualHost.RequestWritableAll"/>. <see cref="OnInit"/> and <see cref="OnDestroy"/> come once for a virtual host.
/// </para>
/// <para>
/// The first protocol of a virtual host, protocol 0, also answers its HTTP requests and hears of accepted connections before they have
/// a protocol.
/// </para>
/// </remarks>
public abstract class Protocol
{
    private protected Protocol(string name)
    {
        ArgumentNullException.ThrowIfNull(name);
        if (name.Length > 0 && !HttpChars.IsToken(Encoding.UTF8.GetBytes(name)))
            throw new ArgumentException($"'{name}' is not a token (RFC 9110 5.6.2), so no peer could ask for it.", nameof(name));

        Name = name;
    }

    /// <summary>The name that is negotiated (RFC 6455 1.9). An empty one is never offered and never matches.</summary>
    public string Name { get; }

    /// <summary>
    /// The most bytes that one <c>OnReceive</c> is given: longer frames arrive in several parts. 0, the default, gives what one read brought,
    /// at most 256 KiB.
    /// </summary>
    public int ReceiveBufferSize
    {
        get;
        init
        {
            ArgumentOutOfRangeException.ThrowIfNegative(value);
            field = value;
        }
    }

    /// <summary>
    /// Whether <c>OnReceive</c> is given whole messages, one call for each, instead of parts as they arrive. Default false. A message that was sent in one
    /// frame and came in one read is handed over where it lies; others are collected in pooled memory, at most
    /// <see cref="ConnectionLimits.MaxMessageSize"/> for a connection, which is given back when the message has been delivered.
    /// <see cref="ReceiveBufferSize"/> has no meaning then.
    /// </summary>
    public bool DeliverWholeMessages { get; init; }

    /// <summary>
    /// Whether received text must be UTF-8 (RFC 6455 8.1). Default true: a connection is closed with 1007 at the first byte that no valid text could have
    /// there, also in the middle of a message. False delivers text unchecked, for those who check it themselves or only pass it on. What is written
    /// is checked in any case.
    /// </summary>
    public bool ValidateUtf8 { get; init; } = true;

    /// <summary>
    /// The protocol is taken into service on a virtual host, before any of its connections exists. (<see cref="CallbackReason.ProtocolInit"/>)
    /// </summary>
    /// <param name="host">The virtual host; <see cref="VirtualHost.GetData{T}(Protocol)"/> gives it data that belongs to both.</param>
    protected virtual void OnInit(VirtualHost host)
    {
    }

    /// <summary>
    /// The protocol leaves service, after the last connection of the virtual host has ended, on whichever service thread that was.
    /// (<see cref="CallbackReason.ProtocolDestroy"/>)
    /// </summary>
    /// <param name="host">The virtual host.</param>
    protected virtual void OnDestroy(VirtualHost host)
    {
    }

    /// <summary>
    /// Protocol 0 only: a connection was accepted and nothing was read from it yet. (<see cref="CallbackReason.FilterNetworkConnection"/>)
    /// </summary>
    /// <param name="host">The virtual host that listens.</param>
    /// <param name="fd">The accepted descriptor; it belongs to the library.</param>
    /// <returns><see cref="CallbackResult.Close"/> closes it at once, without an answer.</returns>
    protected virtual CallbackResult OnFilterNetworkConnection(VirtualHost host, int fd) => CallbackResult.Continue;

    /// <summary>Makes the data of one connection, or null when this protocol keeps none.</summary>
    internal abstract object? CreateSession();

    /// <summary>Calls the method that stands for a reason of a connection. Called by <c>Connection.Raise.cs</c> and nowhere else.</summary>
    internal abstract CallbackResult Dispatch(Connection connection, CallbackReason reason, in CallbackData data);

    /// <summary>Calls the method that stands for a reason that has no connection. Called by <c>VirtualHost.Raise</c> and nowhere else.</summary>
    internal virtual CallbackResult DispatchHost(VirtualHost host, CallbackReason reason, in CallbackData data)
    {
        switch (reason)
        {
            case CallbackReason.ProtocolInit:
                OnInit(host);
                return CallbackResult.Continue;
            case CallbackReason.ProtocolDestroy:
                OnDestroy(host);
                return CallbackResult.Continue;
            case CallbackReason.FilterNetworkConnection:
                return OnFilterNetworkConnection(host, data.Fd);
            default:
                throw new ArgumentOutOfRangeException(nameof(reason), reason, "A reason without a connection was expected.");
        }
    }
}
