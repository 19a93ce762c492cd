using System.Security.Cryptography;
using System.Text;

namespace EventLoops;

/// <summary>
/// Users and passwords as <c>htpasswd -s</c> writes them: a line <c>user:{SHA}base64</c> for each user. <c>{SSHA}</c>, which adds a salt, and <c>{PLAIN}</c>
/// are read as well. A check takes a microsecond, so that it may run on the loop. That is also its weakness: whoever can read the file can try many passwords
/// in a short time. Slow hashes (bcrypt) would stop the loop for everybody while one is computed, and are refused; check those elsewhere, in a delegate that
/// remembers what it has seen.
/// </summary>
public sealed class PasswordFile
{
    private const int Sha1Length = 20;

    private readonly Dictionary<string, Entry> _entries = new(StringComparer.Ordinal);

    private PasswordFile()
    {
    }

    /// <summary>How many users there are.</summary>
    public int Count => _entries.Count;

    /// <summary>Reads a file, once: later changes of it are not noticed.</summary>
    /// <param name="path">Where it is.</param>
    /// <returns>The users.</returns>
    /// <exception cref="FormatException">A line is not as described; the message names file and line, and nothing that stands there.</exception>
    /// <exception cref="IOException">It cannot be read.</exception>
    public static PasswordFile Load(string path) => Parse(File.ReadAllLines(path), path);

    /// <summary>Reads lines. Empty ones and those that begin with <c>#</c> are passed over.</summary>
    /// <param name="lines">The lines.</param>
    /// <param name="name">What they are called in messages.</param>
    /// <returns>The users.</returns>
    /// <exception cref="FormatException">A line is not as described; the message names the line, and nothing that stands there.</exception>
    public static PasswordFile Parse(IEnumerable<string> lines, string name = "the password file")
    {
        ArgumentNullException.ThrowIfNull(lines);
        PasswordFile file = new();
        int number = 0;
        foreach (string line in lines)
        {
            number++;
            if (line.Length == 0 || line[0] == '#')
                continue;

            int colon = line.IndexOf(':', StringComparison.Ordinal);
            if (colon <= 0 || !TryRead(line.AsSpan(colon + 1), out Entry entry))
                throw new FormatException($"{name}, line {number}: expected 'user:{{SHA}}…', 'user:{{SSHA}}…' or 'user:{{PLAIN}}…'.");
            if (!file._entries.TryAdd(line[..colon], entry))
                throw new FormatException($"{name}, line {number}: the user is there already.");
        }

        return file;
    }

    /// <summary>
    /// Whether a user has this password. It takes the same time whether the user is unknown or the password wrong, and however much of it is right. Allocates
    /// the text of the user.
    /// </summary>
    /// <param name="user">The user, UTF-8.</param>
    /// <param name="password">The password, UTF-8.</param>
    /// <returns>Whether they belong together.</returns>
    public bool Check(ReadOnlySpan<byte> user, ReadOnlySpan<byte> password)
    {
        bool isKnown = _entries.TryGetValue(Encoding.UTF8.GetString(user), out Entry entry);

        // RFC 7617 4: a server must not tell users apart by the time that it takes.
        Span<byte> hash = stackalloc byte[Sha1Length];
        Hash(password, isKnown ? entry.Salt : [], hash);
        return CryptographicOperations.FixedTimeEquals(hash, isKnown ? entry.Hash : new byte[Sha1Length]) && isKnown;
    }

    private static bool TryRead(ReadOnlySpan<char> stored, out Entry entry)
    {
        entry = default;
        if (stored.StartsWith("{PLAIN}", StringComparison.Ordinal))
        {
            byte[] hash = new byte[Sha1Length];
            Hash(Encoding.UTF8.GetBytes(stored["{PLAIN}".Length..].ToString()), [], hash);
            entry = new Entry(hash, []);
            return true;
        }

        bool isSalted = stored.StartsWith("{SSHA}", StringComparison.Ordinal);
        if (!isSalted && !stored.StartsWith("{SHA}", StringComparison.Ordinal))
            return false;

        Span<byte> bytes = stackalloc byte[256];
        if (!Convert.TryFromBase64Chars(stored[(isSalted ? 6 : 5)..], bytes, out int length) || length < Sha1Length || (length > Sha1Length) != isSalted)
            return false;

        entry = new Entry(bytes[..Sha1Length].ToArray(), bytes[Sha1Length..length].ToArray());
        return true;
    }

    // SHA-1 is what the format has; its weakness against collisions does not matter here, where nobody chooses two passwords with the same hash.
#pragma warning disable CA5350
    private static void Hash(ReadOnlySpan<byte> password, ReadOnlySpan<byte> salt, Span<byte> hash)
    {
        Span<byte> text = stackalloc byte[1024];
        if (password.Length + salt.Length > text.Length)
            text = new byte[password.Length + salt.Length];
        password.CopyTo(text);
        salt.CopyTo(text[password.Length..]);
        SHA1.HashData(text[..(password.Length + salt.Length)], hash);
    }
#pragma warning restore CA5350

    private readonly record struct Entry(byte[] Hash, byte[] Salt);
}
