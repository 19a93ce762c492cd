using System.Diagnostics;

namespace EventLoops;

/// <summary>What a callback came to.</summary>
internal enum CallbackOutcome : byte
{
    /// <summary>Carry on.</summary>
    Continue,

    /// <summary>It asked for the end of its connection.</summary>
    Close,

    /// <summary>It threw.</summary>
    Failed,
}

/// <summary>The only place that calls user code for a connection.</summary>
public sealed partial class Connection
{
#if DEBUG
    private readonly PairingRules _pairing = new();
#endif

    /// <summary>
    /// Calls the user: tells the tracer, checks in debug builds that the reason may come now, and turns whatever is thrown into an outcome, so
    /// that no exception of a callback reaches the loop.
    /// </summary>
    internal CallbackOutcome Raise(CallbackReason reason, in CallbackData data = default)
    {
        Context.Tracer?.OnCallback(reason, this, data.In.Length);
        CheckPairing(reason);

        // The callback may bind the connection to another protocol.
        Protocol protocol = _protocol;
        long started = Thread.Callbacks.Start(reason);
        CallbackOutcome outcome = Call(reason, in data);
        Thread.Callbacks.Stop(started, reason, protocol);
        return outcome;
    }

    private CallbackOutcome Call(CallbackReason reason, in CallbackData data)
    {
        try
        {
            return _protocol.Dispatch(this, reason, data) == CallbackResult.Continue ? CallbackOutcome.Continue : CallbackOutcome.Close;
        }
        catch (Exception exception)
        {
            Context.Log.CallbackThrew(reason, _protocol.Name, exception);
            return CallbackOutcome.Failed;
        }
    }

    [Conditional("DEBUG")]
    private void CheckPairing(CallbackReason reason)
    {
#if DEBUG
        _pairing.Check(reason);
#endif
    }
}
