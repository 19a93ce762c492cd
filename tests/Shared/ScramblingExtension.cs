namespace EventLoops.Tests;

/// <summary>
/// An extension as a user could write it: adds a number to every byte, and marks its messages with RSV2 or not at all. It also counts what it holds, and can be told to
/// misbehave.
/// </summary>
public sealed class ScramblingExtension(string name, byte distance, ReservedBits bits) : WebSocketExtension(name)
{
    /// <summary>How many of its sessions are open.</summary>
    public int Open { get; private set; }

    /// <summary>Throw at the next call of this member of a session.</summary>
    public string? ThrowsIn { get; set; }

    /// <inheritdoc/>
    protected override ExtensionSession? Accept(ExtensionNegotiation offer)
    {
        ArgumentNullException.ThrowIfNull(offer);
        if (ThrowsIn == nameof(Accept)) throw new InvalidOperationException("No mood.");
        if (offer.Parameters.Count != 1 || offer.Parameters[0] is not { Name: "by", Value: { } by }) return null;

        offer.Answer("by", by);
        Open++;
        return new Session(this);
    }

    /// <inheritdoc/>
    protected override void Offer(ExtensionOffers offers)
    {
        ArgumentNullException.ThrowIfNull(offers);
        offers.Add(new ExtensionParameter("by", "me"));
    }

    /// <inheritdoc/>
    protected override ExtensionSession? Confirm(ExtensionNegotiation answer)
    {
        ArgumentNullException.ThrowIfNull(answer);
        Open++;
        return new Session(this);
    }

    private sealed class Session(ScramblingExtension extension) : ExtensionSession
    {
        private byte _offset;

        private byte Distance => (byte)(extension.Distance + _offset);

        public override ReservedBits Bits => extension.Marks;

        protected override void Encode(ReadOnlySpan<byte> part, bool isLast, ExtensionOutput output)
        {
            if (extension.ThrowsIn == nameof(Encode)) throw new InvalidOperationException("No mood.");
            foreach (byte value in part)
            {
                output.GetSpan(1)[0] = (byte)(value + Distance);
                output.Advance(1);
            }
        }

        protected override DecodeStatus Decode(ref ReadOnlySpan<byte> input, bool isLast, scoped Span<byte> output, out int written)
        {
            if (extension.ThrowsIn == nameof(Decode)) throw new InvalidOperationException("No mood.");
            written = Math.Min(input.Length, output.Length);
            for (int i = 0; i < written; i++) output[i] = (byte)(input[i] - Distance);
            input = input[written..];
            if (!input.IsEmpty) return DecodeStatus.OutputFull;
            return isLast ? DecodeStatus.End : DecodeStatus.NeedInput;
        }

        protected override ExtensionOptionResult SetOption(string name, string value)
        {
            if (name != "offset") return base.SetOption(name, value);
            return byte.TryParse(value, out _offset) ? ExtensionOptionResult.Applied : ExtensionOptionResult.Refused;
        }

        protected override void Release() => extension.Open--;
    }

    private byte Distance => distance;

    private ReservedBits Marks => bits;
}
