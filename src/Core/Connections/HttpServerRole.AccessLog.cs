using System.Net;
using System.Text;
using EventLoops.Protocols.Http;

namespace EventLoops;

/// <summary>A line for each answer, where the virtual host keeps an access log.</summary>
internal sealed partial class HttpServerRole
{
    private int _answeredWith;
    private long _bodyBytes;
    private byte[]? _peer;

    /// <summary>The answer has begun.</summary>
    private void NoteAnswer(int status, long bodyBytes = 0)
    {
        _answeredWith = status;
        _bodyBytes = bodyBytes;
    }

    /// <summary>The request is over, as well as it may have been answered; one that was not answered at all has no line.</summary>
    private void WriteAccess(HttpHead? head)
    {
        int status = _answeredWith;
        _answeredWith = 0;
        if (status == 0 || Connection.VirtualHost?.Options.AccessLog is not { } log)
            return;

        AccessLogWriter writer = Thread.AccessLogs[log];
        AccessLogLine line = new(writer.Line);
        line.Write(_peer ??= Peer(), Thread.UtcNow(), head, status, _bodyBytes);
        writer.Add(line.Length);
    }

    /// <summary>Asked once for all requests of a connection.</summary>
    private byte[] Peer() => Connection.RemoteEndPoint switch
    {
        IPEndPoint internet => Encoding.ASCII.GetBytes($"{internet.Address}"),
        { } other => Encoding.UTF8.GetBytes($"unix:{other}"),
        null => "-"u8.ToArray(),
    };
}
