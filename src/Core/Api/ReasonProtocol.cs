namespace EventLoops;

/// <summary>
/// A protocol as one callback that switches on the reason, for people who port C code. It sits on top of the typed methods' mechanism and costs
/// nothing that matters; <c>return -1</c> means what it means there.
/// </summary>
/// <typeparam name="TUser">The per-session data, the original's <c>user</c> pointer.</typeparam>
/// <param name="name">The name that peers ask for; see <see cref="Protocol.Name"/>.</param>
public abstract class ReasonProtocol<TUser>(string name) : Protocol<TUser>(name)
    where TUser : struct
{
    /// <summary>Called for everything. A default branch that returns 0 is always right, but for <see cref="CallbackReason.Http"/>, which wants an answer.</summary>
    /// <param name="connection">
    /// The connection, or null for the reasons that have none: init and destroy, the network filter, and the six of the poll array.
    /// </param>
    /// <param name="reason">Why.</param>
    /// <param name="user">The connection's data; for reasons without a connection a scratch value.</param>
    /// <param name="data">What comes with the reason.</param>
    /// <returns>0 to carry on, anything else to close the connection.</returns>
    protected abstract int Callback(Connection? connection, CallbackReason reason, ref TUser user, in CallbackData data);

    internal override CallbackResult Dispatch(Connection connection, CallbackReason reason, in CallbackData data) =>
        ResultOf(Callback(connection, reason, ref SessionOf(connection), data));

    internal override CallbackResult DispatchHost(VirtualHost host, CallbackReason reason, in CallbackData data)
    {
        TUser scratch = default;
        return ResultOf(Callback(null, reason, ref scratch, data));
    }

    internal void DispatchPoll(CallbackReason reason, in PollArgs args)
    {
        TUser scratch = default;
        CallbackData data = new() { Poll = args, Fd = args.Fd };
        _ = Callback(null, reason, ref scratch, data);
    }

    private static CallbackResult ResultOf(int returned) => returned == 0 ? CallbackResult.Continue : CallbackResult.Close;
}
