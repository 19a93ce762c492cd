using EventLoops.Protocols.Http;

namespace EventLoops;

/// <summary>Whether a user has this password. On the loop's thread, so it must not take long.</summary>
/// <param name="user">The user, UTF-8; valid only during the call.</param>
/// <param name="password">The password, UTF-8; valid only during the call. Compare it in constant time.</param>
/// <returns>Whether they belong together.</returns>
public delegate bool PasswordCheck(ReadOnlySpan<byte> user, ReadOnlySpan<byte> password);

/// <summary>
/// Basic authentication (RFC 7617): a realm, and who may come in. The password goes over the wire as it is, so use it on TLS or on a network that you trust.
/// One object may serve any number of mounts and hosts.
/// </summary>
public sealed class BasicAuthentication
{
    private readonly PasswordCheck _check;
    private readonly HttpField _challenge;

    /// <summary>Makes a realm whose users a delegate knows.</summary>
    /// <param name="realm">The name that browsers show and remember the password by (RFC 9110 11.5).</param>
    /// <param name="check">Tells whether user and password belong together. One that throws counts as no, and is logged.</param>
    /// <exception cref="ArgumentException">The realm is empty or has a character that a field cannot carry.</exception>
    public BasicAuthentication(string realm, PasswordCheck check)
    {
        ArgumentException.ThrowIfNullOrEmpty(realm);
        ArgumentNullException.ThrowIfNull(check);
        if (realm.AsSpan().ContainsAnyExceptInRange(' ', '~'))
            throw new ArgumentException("A realm is written in visible ASCII and spaces.", nameof(realm));

        Realm = realm;
        _check = check;

        // RFC 7617 2.1: charset tells browsers to send UTF-8.
        string quoted = realm.Replace("\\", "\\\\", StringComparison.Ordinal).Replace("\"", "\\\"", StringComparison.Ordinal);
        _challenge = new HttpField("WWW-Authenticate", $"Basic realm=\"{quoted}\", charset=\"UTF-8\"");
    }

    /// <summary>Makes a realm whose users are in a file.</summary>
    /// <param name="realm">The name that browsers show and remember the password by (RFC 9110 11.5).</param>
    /// <param name="users">The users.</param>
    /// <exception cref="ArgumentException">The realm is empty or has a character that a field cannot carry.</exception>
    public BasicAuthentication(string realm, PasswordFile users)
        : this(realm, (users ?? throw new ArgumentNullException(nameof(users))).Check)
    {
    }

    /// <summary>The name that browsers show.</summary>
    public string Realm { get; }

    /// <summary>Whether the request at hand comes from somebody who may come in. Call it where <see cref="Connection.Headers"/> can be read.</summary>
    /// <param name="connection">The connection.</param>
    /// <returns>False when it names nobody, or not one who may.</returns>
    /// <exception cref="InvalidOperationException">Called from another thread than the loop's.</exception>
    public bool IsAllowed(Connection connection)
    {
        ArgumentNullException.ThrowIfNull(connection);
        HeaderCollection fields = connection.Headers;

        // RFC 9110 11.6.2: there is one. Of two, each reader would believe another.
        if (fields.CountOf(KnownHeader.Authorization) != 1)
            return false;

        Span<byte> decoded = stackalloc byte[BasicCredentials.MaxLength];
        if (!BasicCredentials.TryParse(fields[KnownHeader.Authorization], decoded, out Range user, out Range password))
            return false;

        try
        {
            return _check(decoded[user], decoded[password]);
        }
        catch (Exception exception)
        {
            connection.Context.Log.PasswordCheckThrew(Realm, exception);
            return false;
        }
        finally
        {
            decoded.Clear();
        }
    }

    /// <summary>Answers the request at hand with 401 and asks for a user and a password (RFC 9110 15.5.2).</summary>
    /// <param name="connection">The connection.</param>
    /// <exception cref="InvalidOperationException">There is no request to answer, or another thread than the loop's.</exception>
    public void Challenge(Connection connection)
    {
        ArgumentNullException.ThrowIfNull(connection);
        connection.RespondError(401, _challenge);
    }
}
