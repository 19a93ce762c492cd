using System.Runtime.InteropServices;
using System.Text;

namespace EventLoops.OpenSsl;

/// <summary>TLS by the system's OpenSSL, which reads and writes the caller's memory through an <see cref="EngineBio"/>.</summary>
internal sealed unsafe class OpenSslEngine : ITlsEngine
{
    // RFC 8446 5.1: no record holds more.
    private const int MaxRecord = 16 * 1024;

    [ThreadStatic]
    private static OpenSslEngine? current;

    private readonly LibSsl _ssl = LibSsl.Instance;
    private readonly SslHandle _handle;
    private long _counted;

    public OpenSslEngine(TlsContext context, bool isServer, TlsContext.IServerNames? names)
    {
        OpenSslErrors.Clear();
        _handle = new SslHandle(context);
        Names = names;

        // What the rest of this class relies on, whatever the context says: records are written one by one from memory that may move, buffers are held only while
        // something is in them, each record that is no data is reported, and the peer cannot make us negotiate again (RFC 9325 3.5).
        _ = _ssl.SslCtrl(Ssl, LibSsl.CtrlMode, LibSsl.ModeEnablePartialWrite | LibSsl.ModeAcceptMovingWriteBuffer | LibSsl.ModeReleaseBuffers, null);
        _ = _ssl.SslCtrl(Ssl, LibSsl.CtrlClearMode, LibSsl.ModeAutoRetry, null);
        _ = _ssl.SslSetOptions(Ssl, LibSsl.OptionNoRenegotiation);
        if (isServer)
            _ssl.SslSetAcceptState(Ssl);
        else
            _ssl.SslSetConnectState(Ssl);
    }

    /// <summary>The engine whose handshake runs on this thread now: OpenSSL's callbacks, which know only their own object, find ours by it.</summary>
    public static OpenSslEngine? Current => current;

    /// <summary>Who knows the contexts of other server names.</summary>
    public TlsContext.IServerNames? Names { get; }

    /// <summary>OpenSSL's own object. Whoever asks keeps this engine alive while it uses the answer.</summary>
    public nint Ssl => _handle.DangerousGetHandle();

    public bool IsHandshakeDone { get; private set; }

    public bool IsShutdown { get; private set; }

    public long ControlRecords { get; private set; }

    public ProtocolFault Fault { get; private set; }

    public string FaultReason { get; private set; } = "";

    public TlsAgreement Agreement => new(
        Text(_ssl.SslGetVersion(Ssl)) ?? "",
        Text(_ssl.SslCipherGetName(_ssl.SslGetCurrentCipher(Ssl))) ?? "",
        Group,
        Text(_ssl.SslGetServerName(Ssl, 0)),
        ApplicationProtocol,
        _ssl.SslSessionReused(Ssl) == 1);

    private string? Group
    {
        get
        {
            // OpenSSL 3.0 has both; a session of TLS 1.2 that goes on has made no key exchange.
            int group = _ssl.SslGroupToName is null ? 0 : (int)_ssl.SslCtrl(Ssl, LibSsl.CtrlNegotiatedGroup, 0, null);
            return group == 0 ? null : Text(_ssl.SslGroupToName(Ssl, group));
        }
    }

    private string? ApplicationProtocol
    {
        get
        {
            byte* name;
            uint length;
            _ssl.SslGet0AlpnSelected(Ssl, &name, &length);
            return length == 0 ? null : Encoding.ASCII.GetString(name, (int)length);
        }
    }

    /// <summary>Sends the name of the server with the first message (RFC 6066 3). Before the handshake.</summary>
    public void AskFor(string host)
    {
        fixed (byte* name = Encoding.ASCII.GetBytes(host + "\0"))
            _ = _ssl.SslCtrl(Ssl, LibSsl.CtrlSetServerName, 0, name);
    }

    public TlsStep Handshake(ReadOnlySpan<byte> ciphertext, Span<byte> room)
    {
        fixed (byte* input = ciphertext, output = room)
        {
            EngineBio* ends = Begin(input, ciphertext.Length, output, room.Length);
            if (IsHandshakeDone || Fault != ProtocolFault.None)
                return End(ends, IsHandshakeDone ? TlsStatus.Done : TlsStatus.Fault);

            current = this;
            int result = _ssl.SslDoHandshake(Ssl);
            current = null;
            if (result != 1)
                return End(ends, Why(result));

            IsHandshakeDone = true;
            _counted = ends->Records;
            return End(ends, TlsStatus.Done);
        }
    }

    public TlsStep Read(ReadOnlySpan<byte> ciphertext, Span<byte> plaintext, Span<byte> room)
    {
        fixed (byte* input = ciphertext, output = room, destination = plaintext)
        {
            EngineBio* ends = Begin(input, ciphertext.Length, output, room.Length);
            if (Fault != ProtocolFault.None)
                return End(ends, TlsStatus.Fault);

            int produced = 0;
            TlsStatus status = ReadRecords(ends, destination, plaintext.Length, ref produced);
            return End(ends, status, produced);
        }
    }

    public TlsStep Write(ReadOnlySpan<byte> plaintext, Span<byte> room)
    {
        fixed (byte* source = plaintext, output = room)
        {
            EngineBio* ends = Begin(null, 0, output, room.Length);
            if (Fault != ProtocolFault.None)
                return End(ends, TlsStatus.Fault);

            int taken = 0;
            TlsStatus status = WriteRecords(ends, source, plaintext.Length, ref taken);
            return End(ends, status) with { Consumed = taken };
        }
    }

    public TlsStep Shutdown(Span<byte> room)
    {
        fixed (byte* output = room)
        {
            EngineBio* ends = Begin(null, 0, output, room.Length);
            if (!IsHandshakeDone || IsShutdown || Fault != ProtocolFault.None)
                return End(ends, TlsStatus.Done);

            // 0 says that the peer's close_notify is still to come, which is for Read to see.
            int result = _ssl.SslShutdown(Ssl);
            if (result < 0)
                return End(ends, Why(result));

            IsShutdown = true;
            return End(ends, TlsStatus.Done);
        }
    }

    public byte[]? GetPeerCertificate()
    {
        nint certificate = _ssl.SslGet1PeerCertificate(Ssl);
        if (certificate == 0)
            return null;

        LibCrypto crypto = LibCrypto.Instance;
        byte[] der = new byte[Math.Max(0, crypto.X509ToDer(certificate, null))];
        fixed (byte* start = der)
        {
            byte* end = start;
            _ = crypto.X509ToDer(certificate, &end);
        }

        crypto.X509Free(certificate);
        return der;
    }

    public void Dispose()
    {
        if (_handle.IsClosed)
            return;

        // A session is good for another connection unless this one has failed (RFC 8446 4.6.1); OpenSSL takes one that was not shut down for one that has.
        if (IsHandshakeDone && Fault == ProtocolFault.None)
            _ssl.SslSetShutdown(Ssl, LibSsl.SentShutdown | LibSsl.ReceivedShutdown);
        _handle.Dispose();
    }

    private static string? Text(byte* text) => Marshal.PtrToStringUTF8((nint)text);

    private TlsStatus ReadRecords(EngineBio* ends, byte* plaintext, int capacity, ref int produced)
    {
        while (true)
        {
            if (produced == capacity)
                return TlsStatus.MorePlaintext;

            nuint read = 0;
            bool isNewRecord = _ssl.SslPending(Ssl) == 0;
            int result = _ssl.SslReadEx(Ssl, plaintext + produced, (nuint)(capacity - produced), &read);
            if (result == 1)
            {
                produced += (int)read;
                if (isNewRecord)
                    _counted++;
                continue;
            }

            TlsStatus status = Why(result);
            ControlRecords = ends->Records - _counted;
            return status == TlsStatus.NeedInput && ends->HasInput ? TlsStatus.Control : status;
        }
    }

    private TlsStatus WriteRecords(EngineBio* ends, byte* plaintext, int length, ref int taken)
    {
        while (taken < length)
        {
            // A record that has been begun would have to be asked for again with the same bytes; so none is begun that would not fit.
            if (ends->Room < ITlsEngine.MinimumRoom)
                return TlsStatus.NeedRoom;

            nuint written = 0;
            int result = _ssl.SslWriteEx(Ssl, plaintext + taken, (nuint)Math.Min(length - taken, MaxRecord), &written);
            if (result != 1)
                return Why(result);

            taken += (int)written;
        }

        return TlsStatus.Done;
    }

    private EngineBio* Begin(byte* input, int inputLength, byte* output, int capacity)
    {
        OpenSslErrors.Clear();
        EngineBio* ends = _handle.Ends;
        ends->Input = input;
        ends->InputLength = inputLength;
        ends->Consumed = 0;
        ends->Output = output;
        ends->OutputCapacity = capacity;
        ends->OutputLength = 0;
        return ends;
    }

    /// <summary>The caller's memory is its own again.</summary>
    private static TlsStep End(EngineBio* ends, TlsStatus status, int plaintext = 0)
    {
        TlsStep step = new(status, ends->Consumed, plaintext, ends->OutputLength);
        ends->Input = ends->Output = null;
        ends->InputLength = ends->Consumed = ends->OutputCapacity = ends->OutputLength = 0;
        return step;
    }

    private TlsStatus Why(int result)
    {
        switch (_ssl.SslGetError(Ssl, result))
        {
            case LibSsl.ErrorWantRead:
                return TlsStatus.NeedInput;
            case LibSsl.ErrorWantWrite:
                return TlsStatus.NeedRoom;
            case LibSsl.ErrorZeroReturn:
                return TlsStatus.Closed;
            default:
                NoteFault(OpenSslErrors.Take());
                return TlsStatus.Fault;
        }
    }

    private void NoteFault(in OpenSslError error)
    {
        FaultReason = error.Words;
        if (error.IsVerification)
        {
            Fault = ProtocolFault.TlsCertificateRefused;
            FaultReason = Text(LibCrypto.Instance.X509VerifyCertErrorString(_ssl.SslGetVerifyResult(Ssl))) ?? error.Words;
            return;
        }

        if (error.IsAlert)
            Fault = ProtocolFault.TlsAlert;
        else
            Fault = IsHandshakeDone ? ProtocolFault.TlsRecordInvalid : ProtocolFault.TlsHandshakeFailed;
    }
}
