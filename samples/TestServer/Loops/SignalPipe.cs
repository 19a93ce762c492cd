using System.IO.Pipes;
using System.Runtime.InteropServices;

namespace TestServer.Loops;

/// <summary>
/// SIGINT and SIGTERM as something that a poll array can wait for. The runtime calls its signal handlers on a thread of its own; the
/// handler writes a byte into a pipe, and the thread that polls finds it there.
/// </summary>
internal sealed class SignalPipe : IDisposable
{
    private readonly AnonymousPipeServerStream _reading = new(PipeDirection.In);
    private readonly AnonymousPipeClientStream _writing;
    private readonly PosixSignalRegistration _interrupt;
    private readonly PosixSignalRegistration _terminate;
    private bool _isStopRequested;

    public SignalPipe()
    {
        _writing = new AnonymousPipeClientStream(PipeDirection.Out, _reading.ClientSafePipeHandle);
        _interrupt = PosixSignalRegistration.Create(PosixSignal.SIGINT, OnSignal);
        _terminate = PosixSignalRegistration.Create(PosixSignal.SIGTERM, OnSignal);
    }

    /// <summary>The end of the pipe that becomes readable.</summary>
    public int Fd => (int)_reading.SafePipeHandle.DangerousGetHandle();

    /// <summary>Takes what the descriptor was reported readable for.</summary>
    public void Read()
    {
        _reading.ReadByte();
        _isStopRequested = true;
    }

    /// <summary>Whether a signal was read since the last call.</summary>
    public bool TakeRequest()
    {
        bool isRequested = _isStopRequested;
        _isStopRequested = false;
        return isRequested;
    }

    public void Dispose()
    {
        // The handlers go first: they write into the pipe.
        _interrupt.Dispose();
        _terminate.Dispose();
        _writing.Dispose();
        _reading.Dispose();
    }

    private void OnSignal(PosixSignalContext signal)
    {
        signal.Cancel = true;
        _writing.WriteByte((byte)signal.Signal);
    }
}
