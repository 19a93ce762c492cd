using System.Globalization;
using EventLoops.Protocols.Deflate;

namespace EventLoops;

/// <summary>The options of one connection, under the original's names. A side may always do with less than was agreed; it may not ask the peer for it.</summary>
internal sealed partial class PermessageDeflateSession
{
    private readonly int _agreedOwnBits;
    private readonly bool _agreedTakeover;
    private readonly int _largestPartBits;
    private DeflateSettings _settings;
    private int _receiveBits;
    private int _sendBits;
    private bool _takesOver;
    private bool _isDeflaterStale;

    protected internal override ExtensionOptionResult SetOption(string name, string value)
    {
        if (!IsKnown(name))
            return ExtensionOptionResult.UnknownOption;
        if (!int.TryParse(value, NumberStyles.None, CultureInfo.InvariantCulture, out int number))
            return ExtensionOptionResult.Refused;

        return name switch
        {
            "rx_buf_size" => SetPartBits(ref _receiveBits, number, _largestPartBits),
            "tx_buf_size" => SetPartBits(ref _sendBits, number, LargestBits),
            "compression_level" => SetDeflater(_settings with { Level = number }, number is >= 0 and <= 9),
            "mem_level" => SetDeflater(_settings with { MemoryLevel = number }, number is >= 1 and <= 9),
            DeflateParameters.ServerMaxWindowBitsName => SetWindowBits(number, isOwn: _isServer),
            DeflateParameters.ClientMaxWindowBitsName => SetWindowBits(number, isOwn: !_isServer),
            DeflateParameters.ServerNoContextTakeoverName => SetNoContextTakeover(number, isOwn: _isServer),
            _ => SetNoContextTakeover(number, isOwn: !_isServer),
        };
    }

    private const int LargestBits = 16;

    private static bool IsKnown(string name) => name is "rx_buf_size" or "tx_buf_size" or "compression_level" or "mem_level"
        or DeflateParameters.ServerMaxWindowBitsName or DeflateParameters.ClientMaxWindowBitsName
        or DeflateParameters.ServerNoContextTakeoverName or DeflateParameters.ClientNoContextTakeoverName;

    /// <summary>The largest power of two that the protocol takes at once.</summary>
    private static int LargestPartBitsFor(Protocol protocol) =>
        protocol.ReceiveBufferSize == 0 ? LargestBits : Math.Clamp(int.Log2(protocol.ReceiveBufferSize), PermessageDeflate.SmallestPartBits, LargestBits);

    private static ExtensionOptionResult SetPartBits(ref int bits, int wanted, int largest)
    {
        bits = Math.Clamp(wanted, PermessageDeflate.SmallestPartBits, largest);
        return bits == wanted ? ExtensionOptionResult.Applied : ExtensionOptionResult.Altered;
    }

    /// <summary>The next message is compressed by a new compressor, which refers to nothing before it; a message that has begun is finished by the old one.</summary>
    private ExtensionOptionResult SetDeflater(DeflateSettings settings, bool isValid)
    {
        if (!isValid || !DeflateCodecs.CanDo(_extension.Library, settings.WindowBits, settings.MemoryLevel))
            return ExtensionOptionResult.Refused;

        _settings = settings;
        _isDeflaterStale = _deflater is not null;
        return ExtensionOptionResult.Applied;
    }

    private ExtensionOptionResult SetWindowBits(int bits, bool isOwn) =>
        SetDeflater(_settings with { WindowBits = bits }, isOwn && bits >= DeflateAgreement.SmallestWindowBits && bits <= _agreedOwnBits);

    private ExtensionOptionResult SetNoContextTakeover(int number, bool isOwn)
    {
        if (!isOwn || number is not (0 or 1) || (number == 0 && !_agreedTakeover))
            return ExtensionOptionResult.Refused;

        _takesOver = number == 0;
        _isDeflaterStale = _deflater is not null;
        return ExtensionOptionResult.Applied;
    }
}
