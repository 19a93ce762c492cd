using System.Runtime.InteropServices;

namespace EventLoops.OpenSsl;

/// <summary>
/// Where an engine's OpenSSL object reads and writes during one call: the caller's own memory. A memory BIO would copy each byte once more and keep a buffer of
/// the largest size that it ever had for as long as the connection lives.
/// </summary>
[StructLayout(LayoutKind.Sequential)]
internal unsafe struct EngineBio
{
    private const int HeaderLength = 5;

    private static readonly LibCrypto Crypto = LibCrypto.Instance;
    private static readonly nint Method = NewMethod();

    public byte* Input;
    public int InputLength;
    public int Consumed;
    public byte* Output;
    public int OutputCapacity;
    public int OutputLength;

    /// <summary>How many whole records were read.</summary>
    public long Records;

    // OpenSSL asks for the header of a record and then for exactly its body (it does not read ahead unless it is told to), so a count of both finds the borders.
    private int _headerRead;
    private int _bodyLeft;

    public readonly int Room => OutputCapacity - OutputLength;

    public readonly bool HasInput => Consumed < InputLength;

    /// <summary>Makes a BIO that reads and writes through <paramref name="ends"/>, which must stay where it is for as long as the BIO lives.</summary>
    public static nint New(EngineBio* ends)
    {
        nint bio = Crypto.BioNew(Method);
        if (bio == 0)
            return 0;

        Crypto.BioSetData(bio, ends);
        Crypto.BioSetInit(bio, 1);
        return bio;
    }

    private static nint NewMethod()
    {
        fixed (byte* name = "engine\0"u8)
        {
            // The method, and with it the copy of its name, lives as long as the process.
            nint method = Crypto.BioMethNew(Crypto.BioGetNewIndex() | LibCrypto.BioTypeSourceSink, name);
            _ = Crypto.BioMethSetRead(method, &Read);
            _ = Crypto.BioMethSetWrite(method, &Write);
            _ = Crypto.BioMethSetCtrl(method, &Control);
            return method;
        }
    }

    [UnmanagedCallersOnly(CallConvs = [typeof(System.Runtime.CompilerServices.CallConvCdecl)])]
    private static int Read(nint bio, byte* data, int size)
    {
        EngineBio* ends = (EngineBio*)Crypto.BioGetData(bio);
        Crypto.BioClearFlags(bio, LibCrypto.BioRetryFlags);
        int count = Math.Min(size, ends->InputLength - ends->Consumed);
        if (count <= 0)
        {
            Crypto.BioSetFlags(bio, LibCrypto.BioRead | LibCrypto.BioShouldRetry);
            return -1;
        }

        byte* source = ends->Input + ends->Consumed;
        Buffer.MemoryCopy(source, data, size, count);
        ends->Consumed += count;
        ends->Count(source, count);
        return count;
    }

    [UnmanagedCallersOnly(CallConvs = [typeof(System.Runtime.CompilerServices.CallConvCdecl)])]
    private static int Write(nint bio, byte* data, int size)
    {
        EngineBio* ends = (EngineBio*)Crypto.BioGetData(bio);
        Crypto.BioClearFlags(bio, LibCrypto.BioRetryFlags);
        int count = Math.Min(size, ends->Room);
        if (count <= 0)
        {
            Crypto.BioSetFlags(bio, LibCrypto.BioWrite | LibCrypto.BioShouldRetry);
            return -1;
        }

        Buffer.MemoryCopy(data, ends->Output + ends->OutputLength, ends->Room, count);
        ends->OutputLength += count;
        return count;
    }

    [UnmanagedCallersOnly(CallConvs = [typeof(System.Runtime.CompilerServices.CallConvCdecl)])]
    private static nint Control(nint bio, int command, nint argument, void* pointer) => command == LibCrypto.BioCtrlFlush ? 1 : 0;

    private void Count(byte* bytes, int count)
    {
        if (_headerRead == HeaderLength)
        {
            _bodyLeft -= count;
        }
        else
        {
            // RFC 8446 5.1: type, version in two bytes, length in two bytes.
            for (int i = 0; i < count && _headerRead < HeaderLength; i++)
            {
                if (_headerRead == HeaderLength - 2)
                    _bodyLeft = bytes[i] << 8;
                else if (_headerRead == HeaderLength - 1)
                    _bodyLeft |= bytes[i];
                _headerRead++;
            }
        }

        if (_headerRead < HeaderLength || _bodyLeft > 0)
            return;

        Records++;
        _headerRead = 0;
        _bodyLeft = 0;
    }
}
