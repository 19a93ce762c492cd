using EventLoops.OpenSsl;

namespace EventLoops;

/// <summary>
/// The contexts of a thread's clients, one for each <see cref="ClientTlsOptions"/> that is in use: to read all authorities of a system takes milliseconds, and the sessions
/// to resume live there. A few are kept; one that falls out goes when its last connection does.
/// </summary>
internal sealed class ClientTlsContexts(EventLoopsLog log) : IDisposable
{
    // More kinds of client than a program has; whoever makes new options for each call pays for the context each time, and no memory.
    private const int Most = 16;

    // The newest last.
    private readonly List<(ClientTlsOptions Options, TlsContext Context)> _kept = [];

    /// <summary>The context for these options.</summary>
    /// <param name="options">The options; null for the default.</param>
    /// <exception cref="ArgumentException">OpenSSL does not take something; the message names the member.</exception>
    public TlsContext For(ClientTlsOptions? options)
    {
        options ??= ClientTlsOptions.Default;
        int at = _kept.FindLastIndex(kept => ReferenceEquals(kept.Options, options));
        TlsContext context = at < 0 ? TlsContextBuilder.Build(options, log) : _kept[at].Context;
        if (at >= 0)
            _kept.RemoveAt(at);

        Keep(options, context);
        return context;
    }

    /// <summary>Has a context stand for options from now on.</summary>
    public void Keep(ClientTlsOptions options, TlsContext context)
    {
        if (_kept.Count == Most)
            Drop(0);
        _kept.Add((options, context));
    }

    public void Dispose()
    {
        while (_kept.Count > 0)
            Drop(_kept.Count - 1);
    }

    private void Drop(int at)
    {
        TlsContext context = _kept[at].Context;
        _kept.RemoveAt(at);
        context.Dispose();
    }
}
