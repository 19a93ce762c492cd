namespace EventLoops.Protocols.Http;

/// <summary>Which known fields there are, a bit for each, so that a question about one that is missing costs a bit test.</summary>
internal struct KnownHeaderSet
{
    private const int BitsInWord = 64;

    private ulong _low;
    private ulong _high;

    internal static KnownHeaderSet Of(params ReadOnlySpan<KnownHeader> headers)
    {
        KnownHeaderSet set = default;
        foreach (KnownHeader header in headers)
            set.Add(header);
        return set;
    }

    internal readonly bool Contains(KnownHeader header) => (((int)header < BitsInWord ? _low : _high) & BitOf(header)) != 0;

    internal void Add(KnownHeader header)
    {
        if ((int)header < BitsInWord)
            _low |= BitOf(header);
        else
            _high |= BitOf(header);
    }

    // A shift counts modulo 64.
    private static ulong BitOf(KnownHeader header) => 1UL << (int)header;
}
