using System.Diagnostics;

namespace EventLoops;

/// <summary>
/// The promises about the order of callbacks, checked in debug builds before each of them: messages only while the WebSocket is open, one
/// closing callback at most, and nothing after it.
/// </summary>
internal sealed class PairingRules
{
    private bool _isOpen;
    private bool _isReplied;
    private bool _isOver;
    private bool _isForgotten;

    public void Check(CallbackReason reason)
    {
        Debug.Assert(!_isForgotten, $"{reason} came after the connection was forgotten.");
        switch (reason)
        {
            case CallbackReason.WsiDestroy:
                _isForgotten = true;
                return;
            case CallbackReason.Established or CallbackReason.ClientEstablished:
                Debug.Assert(!_isOpen && !_isOver, $"{reason} came twice or after the end.");
                _isOpen = true;
                return;
            case CallbackReason.Closed:
                Debug.Assert(_isOpen && !_isOver, "Closed came without Established, or twice.");
                _isOver = true;
                return;
            case CallbackReason.ClosedHttp or CallbackReason.ClientConnectionError:
                Debug.Assert(!_isOpen && !_isReplied && !_isOver, $"{reason} came for an open WebSocket or a reply, or twice.");
                _isOver = true;
                return;
            case CallbackReason.EstablishedClientHttp:
                Debug.Assert(!_isReplied && !_isOpen && !_isOver, "The head of a reply came twice, or after the end.");
                _isReplied = true;
                return;
            case CallbackReason.ClosedClientHttp:
                Debug.Assert(_isReplied && !_isOver, "ClosedClientHttp came without a reply, or twice.");
                _isOver = true;
                return;
            case CallbackReason.ReceiveClientHttp or CallbackReason.ReceiveClientHttpRead or CallbackReason.CompletedClientHttp:
                Debug.Assert(_isReplied && !_isOver, $"{reason} came without a reply, or after the end.");
                return;
            case CallbackReason.Receive or CallbackReason.ClientReceive or CallbackReason.ReceivePong or CallbackReason.ClientReceivePong
                or CallbackReason.ReceivePing or CallbackReason.ClientReceivePing
                or CallbackReason.ServerWriteable or CallbackReason.ClientWriteable or CallbackReason.WsPeerInitiatedClose:
                Debug.Assert(_isOpen && !_isOver, $"{reason} came while the WebSocket was not open.");
                return;
            default:
                Debug.Assert(!_isOver, $"{reason} came after the closing callback.");
                return;
        }
    }
}
