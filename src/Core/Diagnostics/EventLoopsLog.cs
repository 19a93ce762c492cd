using System.Net;
using Microsoft.Extensions.Logging;

namespace EventLoops;

/// <summary>Everything that the library says in a log, each message in one place with an id that never changes.</summary>
public sealed partial class EventLoopsLog
{
    [LoggerMessage(EventId = 1, Level = LogLevel.Information, Message = "{Host} listens on {EndPoint} (loop: {Loop})")]
    internal partial void Listening(string host, EndPoint endPoint, string loop);

    [LoggerMessage(EventId = 2, Level = LogLevel.Error, Message = "A callback of protocol '{Protocol}' for {Reason} threw; its connection is closed")]
    internal partial void CallbackThrew(CallbackReason reason, string protocol, Exception exception);

    [LoggerMessage(EventId = 3, Level = LogLevel.Error, Message = "Work that was posted to the loop, or a timer or handler on it, threw")]
    internal partial void LoopWorkThrew(Exception exception);

    [LoggerMessage(EventId = 4, Level = LogLevel.Warning, Message = "{EndPoint}: nothing more can be accepted for the moment: {Reason}")]
    internal partial void AcceptPaused(EndPoint endPoint, string reason);

    [LoggerMessage(EventId = 5, Level = LogLevel.Debug, Message = "{EndPoint}: a connection was gone before it was accepted: {Reason}")]
    internal partial void AcceptFailed(EndPoint endPoint, string reason);

    [LoggerMessage(EventId = 6, Level = LogLevel.Debug, Message = "Connection {Id}: refused with {Status}: {Reason}")]
    internal partial void Refused(long id, int status, string reason);

    [LoggerMessage(EventId = 7, Level = LogLevel.Debug, Message = "Connection {Id}: closed, {Close}")]
    internal partial void Closed(long id, CloseInfo close);

    [LoggerMessage(EventId = 8, Level = LogLevel.Debug, Message = "Connection {Id}: not connected, {Failure}")]
    internal partial void ConnectFailed(long id, ConnectFailure failure);

    [LoggerMessage(EventId = 9, Level = LogLevel.Error, Message = "Connection {Id}: an extension threw; the connection is closed")]
    internal partial void ExtensionThrew(long id, Exception exception);

    [LoggerMessage(EventId = 10, Level = LogLevel.Debug, Message = "{EndPoint}: a connection was closed; its peer is none of the trusted proxies")]
    internal partial void NotTrusted(EndPoint endPoint);

    [LoggerMessage(EventId = 11, Level = LogLevel.Warning, Message = "A callback of protocol '{Protocol}' for {Reason} held up the loop for {Taken}")]
    internal partial void CallbackStalled(CallbackReason reason, string protocol, TimeSpan taken);

    [LoggerMessage(EventId = 12, Level = LogLevel.Warning, Message = "The access log {Path} takes no lines; those until it does are lost: {Call}: {Reason}")]
    internal partial void AccessLogFailed(string path, string call, string reason);

    [LoggerMessage(EventId = 20, Level = LogLevel.Warning, Message = "Connection {Id}: the answer was broken off: {Reason}")]
    internal partial void AnswerBrokenOff(long id, string reason);

    [LoggerMessage(EventId = 21, Level = LogLevel.Error, Message = "Connection {Id}: answering from a mount threw; the connection is closed")]
    internal partial void MountThrew(long id, Exception exception);

    [LoggerMessage(EventId = 22, Level = LogLevel.Warning, Message = "Connection {Id}: the program {Program} could not be started: {Reason}")]
    internal partial void ProgramNotStarted(long id, string program, string reason);

    [LoggerMessage(EventId = 23, Level = LogLevel.Warning, Message = "Connection {Id}: the program {Program} (process {Process}) failed: {Reason}")]
    internal partial void ProgramFailed(long id, string program, int process, string reason);

    [LoggerMessage(EventId = 24, Level = LogLevel.Warning, Message = "Connection {Id}: the program {Program} (process {Process}) says: {Line}")]
    internal partial void ProgramSays(long id, string program, int process, string line);

    [LoggerMessage(EventId = 25, Level = LogLevel.Debug, Message = "The program {Program} (process {Process}) has ended: {How}")]
    internal partial void ProgramEnded(string program, int process, string how);

    [LoggerMessage(EventId = 26, Level = LogLevel.Warning, Message = "Connection {Id}: {Path} could not be opened: {Reason}")]
    internal partial void FileRefused(long id, string path, string reason);

    [LoggerMessage(EventId = 27, Level = LogLevel.Warning, Message = "Connection {Id}: the origin {Origin} failed: {Reason}")]
    internal partial void OriginFailed(long id, string origin, string reason);

    [LoggerMessage(EventId = 30, Level = LogLevel.Debug, Message = "Connection {Id}: dropped, its peer does not read; {Unsent} bytes were still to be sent")]
    internal partial void WriteTimedOut(long id, int unsent);

    [LoggerMessage(EventId = 31, Level = LogLevel.Error, Message = "The password check of the realm '{Realm}' threw; it counts as no")]
    internal partial void PasswordCheckThrew(string realm, Exception exception);

    [LoggerMessage(EventId = 32, Level = LogLevel.Error, Message = "The error page for {Status} threw; a line of text is sent instead")]
    internal partial void ErrorPageThrew(int status, Exception exception);

    [LoggerMessage(EventId = 33, Level = LogLevel.Warning, Message = "There are {Count} connections, as many as there may be; nothing is accepted until one ends")]
    internal partial void ConnectionLimitReached(int count);

    [LoggerMessage(EventId = 34, Level = LogLevel.Error, Message = "The callback that looks at a peer's certificate threw; it counts as no")]
    internal partial void TlsCallbackThrew(Exception exception);

    [LoggerMessage(EventId = 35, Level = LogLevel.Information, Message = "{Host} shows other certificates from now on")]
    internal partial void CertificatesReplaced(string host);

    [LoggerMessage(EventId = 36, Level = LogLevel.Information, Message = "Shutting down; {Count} connections may finish")]
    internal partial void ShuttingDown(int count);

    [LoggerMessage(EventId = 37, Level = LogLevel.Debug, Message = "Connection {Id}: TLS has ended: {Fault} ({Reason})")]
    internal partial void TlsFailed(long id, string fault, string reason);

    [LoggerMessage(EventId = 40, Level = LogLevel.Debug, Message = "Connection {Id}: not connected, {Failure}; the next attempt begins in {Delay}")]
    internal partial void Retrying(long id, ConnectFailure failure, TimeSpan delay);

    [LoggerMessage(EventId = 41, Level = LogLevel.Debug, Message = "Connection {Id}: redirected by {Status} to {Authority}")]
    internal partial void Redirected(long id, int status, string authority);
}
