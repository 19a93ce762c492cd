namespace EventLoops;

/// <summary>
/// The role on loan: one that has led to a WebSocket has nothing more to do for its connection, and the thread gives it to the next one. Else every WebSocket would leave
/// one behind for the collector, as large as what it keeps.
/// </summary>
internal sealed partial class HttpServerRole
{
    /// <summary>Begins again, for a connection that was just accepted.</summary>
    public void Begin(Connection connection, Listener listener)
    {
        Connection = connection;
        Listener = listener;
    }

    /// <summary>Forgets all of its connection, so that nothing of it can come to the next one. A new role has nothing more in its fields, which a test looks at one by one.</summary>
    public void Forget()
    {
        Connection = null!;
        Listener = null!;
        _head = null;
        _placeInLine = null;
        _requests = 0;
        _isCalling = false;
        _zeroSession = null;
        _upgradesAfterBody = false;
        _extensions = null;
        _decision = null;
        _isUpgrading = false;
        _responder = null;
        _isWithMountedProtocol = false;
        _localRedirects = 0;
        ForgetBody();
        ForgetAnswer();
    }

    private void ForgetBody()
    {
        _chunks = default;
        _trailers = null;
        _bodyLeft = 0;
        _bodyRead = 0;
        _bodyIsChunked = false;
        _bodyIsUnwanted = false;
        _continueIsDue = false;
        _bodyTimeLeft = default;
        _bodyWindow = default;
        _readBeforeWindow = 0;
    }

    private void ForgetAnswer()
    {
        _isHeadDeadlineSet = false;
        _keepAlive = false;
        _hasStarted = false;
        _hasEnded = false;
        _sendsBody = false;
        _sendsChunks = false;
        _responseLeft = 0;
        _answeredWith = 0;
        _bodyBytes = 0;
        _peer = null;
    }
}
