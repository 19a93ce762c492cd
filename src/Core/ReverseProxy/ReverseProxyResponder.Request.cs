namespace EventLoops;

/// <summary>The body of the request, on its way to the origin.</summary>
internal sealed partial class ReverseProxyResponder
{
    // At most one part of the body: the next one is not read from the client before it has left.
    private ByteQueue _toOrigin;
    private bool _isRequestSent;
    private bool _isBodyComplete;
    private bool _isUploadOver;

    /// <summary>The head of the request has been written; perhaps once more, on another socket.</summary>
    public void OnRequestSent()
    {
        _isRequestSent = true;
        CountSilence();
    }

    public override void OnBody(ReadOnlySpan<byte> part)
    {
        // An origin may answer without hearing the request out.
        if (_isOver || _isUploadOver || _origin is not { } origin)
            return;

        if (!_toOrigin.IsEmpty)
        {
            _toOrigin.Append(part);
            return;
        }

        switch (origin.WriteBody(part))
        {
            case WriteResult.Busy:
                _toOrigin.Append(part);
                break;
            case WriteResult.Closed:
                _isUploadOver = true;
                break;
        }

        // The callback that says that there is room again lets the next part come.
        if (!_isUploadOver && (!_toOrigin.IsEmpty || origin.IsChoked))
        {
            Role.PauseBody();
            origin.RequestWritable();
        }

        CountSilence();
    }

    /// <summary>The origin takes bytes.</summary>
    public void OnOriginWritable() => Guard(static self => self.GiveBody());

    public override void OnBodyEnd()
    {
        _isBodyComplete = true;
        if (!_isOver && _toOrigin.IsEmpty)
            EndRequest();
        CountSilence();
    }

    private void GiveBody()
    {
        if (!_toOrigin.IsEmpty)
        {
            WriteResult written = _origin!.WriteBody(_toOrigin.Span);
            if (written == WriteResult.Busy)
                return;

            _isUploadOver |= written == WriteResult.Closed;
            _toOrigin.Clear();
            if (_origin is { IsChoked: true })
            {
                CountSilence();
                return;
            }
        }

        if (_isBodyComplete)
            EndRequest();
        Role.ResumeBody();
        CountSilence();
    }

    private void EndRequest()
    {
        if (_isUploadOver || _origin is not { IsClosed: false } origin)
            return;

        _isUploadOver = true;
        origin.EndForwardedRequest(Role.Trailers);
    }
}
