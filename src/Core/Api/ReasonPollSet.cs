namespace EventLoops;

/// <summary>
/// Hands the changes of the user's poll array to a <see cref="ReasonProtocol{TUser}"/> as reasons, as the original hands them to protocol 0:
/// <c>new ExternalPollLoop(new ReasonPollSet&lt;TUser&gt;(protocolZero))</c>.
/// </summary>
/// <typeparam name="TUser">The protocol's per-session data.</typeparam>
/// <param name="protocol">The protocol that is told; as a rule, protocol 0 of the virtual host.</param>
public sealed class ReasonPollSet<TUser>(ReasonProtocol<TUser> protocol) : IPollSet
    where TUser : struct
{
    /// <inheritdoc />
    public void AddPollFd(in PollArgs args) => protocol.DispatchPoll(CallbackReason.AddPollFd, args);

    /// <inheritdoc />
    public void DeletePollFd(in PollArgs args) => protocol.DispatchPoll(CallbackReason.DelPollFd, args);

    /// <inheritdoc />
    public void SetModePollFd(in PollArgs args) => protocol.DispatchPoll(CallbackReason.SetModePollFd, args);

    /// <inheritdoc />
    public void ClearModePollFd(in PollArgs args) => protocol.DispatchPoll(CallbackReason.ClearModePollFd, args);

    /// <inheritdoc />
    public void LockPoll(in PollArgs args) => protocol.DispatchPoll(CallbackReason.LockPoll, args);

    /// <inheritdoc />
    public void UnlockPoll(in PollArgs args) => protocol.DispatchPoll(CallbackReason.UnlockPoll, args);
}
