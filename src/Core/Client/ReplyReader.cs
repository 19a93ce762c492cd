using EventLoops.Protocols.Http;

namespace EventLoops;

/// <summary>Reads the head of a reply, past the interim ones that may come before it (RFC 9110 15.2).</summary>
internal sealed class ReplyReader(ServiceThread thread, RequestMethod method)
{
    /// <summary>Servers send one or two, and a server that sends one after the other would keep a client reading for nothing.</summary>
    public const int MaxInterim = 8;

    // The first byte of a TLS record (RFC 8446 5.1): an alert, or a handshake message.
    private const byte TlsAlert = 0x15;
    private const byte TlsHandshake = 0x16;

    private HttpHead? _head;
    private int _interim;
    private ProtocolFault _fault;

    /// <summary>What is wrong, after <see cref="HeadStatus.Fault"/>.</summary>
    public ProtocolFault Fault => _fault != ProtocolFault.None ? _fault : _head!.Fault;

    /// <summary>Whether the server has said anything.</summary>
    public bool HasStarted => _head is { HasStarted: true } || _interim > 0;

    /// <summary>The head, after <see cref="HeadStatus.Complete"/>; until <see cref="Release"/>.</summary>
    public HttpHead Head => _head!;

    /// <summary>Whether <see cref="Head"/> is that of an interim answer, behind which the reading goes on.</summary>
    public bool IsInterim { get; private set; }

    /// <summary>Takes bytes from the front.</summary>
    /// <param name="bytes">What has come.</param>
    /// <param name="expectsUpgrade">Whether 101 is what was asked for, and not an interim answer.</param>
    /// <param name="stopsAtInterim">Whether an interim answer is told as well: <see cref="IsInterim"/>.</param>
    public HeadStatus Read(ref Span<byte> bytes, bool expectsUpgrade, bool stopsAtInterim = false)
    {
        _head ??= thread.RentHead(HttpHeadKind.Response, method);
        if (IsInterim)
            _head.Reset(HttpHeadKind.Response, method);
        IsInterim = false;
        if (!HasStarted && !bytes.IsEmpty && bytes[0] is TlsAlert or TlsHandshake)
            return Refuse(ProtocolFault.ReplyIsTls);

        while (true)
        {
            HeadStatus status = _head.Feed(bytes, out int consumed);
            bytes = bytes[consumed..];
            if (status != HeadStatus.Complete || _head.StatusCode >= 200)
                return status;
            if (_head.StatusCode == 101)
                return expectsUpgrade ? status : Refuse(ProtocolFault.UnexpectedUpgrade);
            if (++_interim > MaxInterim)
                return Refuse(ProtocolFault.TooManyInterimResponses);
            if (stopsAtInterim)
            {
                IsInterim = true;
                return HeadStatus.Complete;
            }

            _head.Reset(HttpHeadKind.Response, method);
        }
    }

    public void Release()
    {
        if (_head is not null)
            thread.ReturnHead(_head);
        _head = null;
    }

    private HeadStatus Refuse(ProtocolFault fault)
    {
        _fault = fault;
        return HeadStatus.Fault;
    }
}
