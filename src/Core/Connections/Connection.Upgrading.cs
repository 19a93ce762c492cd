namespace EventLoops;

/// <summary>What users decide about a request to become a WebSocket, beside what <c>OnUpgrading</c> returns.</summary>
public sealed partial class Connection
{
    /// <summary>Adds a header field to the 101 that opens a WebSocket. Inside <c>OnUpgrading</c> only. Lost when the upgrade is refused.</summary>
    /// <param name="name">Its name: a token (RFC 9110 5.1), and none of the fields that the handshake itself has or that end or keep a connection.</param>
    /// <param name="value">Its value: no CR, LF or NUL (RFC 9110 5.5).</param>
    /// <exception cref="ArgumentException">A field that cannot be sent or is the library's own, or more than 15 KiB together. Nothing was added.</exception>
    /// <exception cref="InvalidOperationException">Not inside <c>OnUpgrading</c>, or another thread than the loop's.</exception>
    public void AddReplyField(string name, string value)
    {
        Thread.Loop.VerifyThread();
        UpgradingRole(nameof(AddReplyField)).AddReplyField(new HttpField(name, value));
    }

    /// <summary>
    /// Refuses to open a WebSocket, with a status of your own: <c>return connection.RefuseUpgrade(503, new HttpField("Retry-After", "120"));</c>. Inside
    /// <c>OnUpgrading</c> only. The answer leaves when the callback has returned, whatever it returns, and the connection ends with it.
    /// </summary>
    /// <param name="status">The status, 300 to 599.</param>
    /// <param name="fields">Further header fields; for what they may be see <see cref="AddReplyField"/>.</param>
    /// <returns>Always <see cref="CallbackResult.Close"/>, to be returned.</returns>
    /// <exception cref="ArgumentException">A status or field that cannot be sent. Nothing was decided.</exception>
    /// <exception cref="InvalidOperationException">Not inside <c>OnUpgrading</c>, or another thread than the loop's.</exception>
    public CallbackResult RefuseUpgrade(int status, params ReadOnlySpan<HttpField> fields)
    {
        Thread.Loop.VerifyThread();
        UpgradingRole(nameof(RefuseUpgrade)).RefuseUpgrade(status, fields);
        return CallbackResult.Close;
    }

    private HttpServerRole UpgradingRole(string member) =>
        _role as HttpServerRole ?? throw new InvalidOperationException($"{nameof(Connection)}.{member} belongs into OnUpgrading.");
}
