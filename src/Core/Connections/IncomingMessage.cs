using EventLoops.Protocols.WebSocket;

namespace EventLoops;

/// <summary>
/// What an open WebSocket has to remember from one read to the next: how far it is in a frame and in a message, and what has come of one that is given to the user whole.
/// The service thread lends it for as long as there is something to remember, so that a connection that waits for its next message carries none of it.
/// </summary>
internal sealed class IncomingMessage
{
    /// <summary>Where in the stream of frames it is.</summary>
    public FrameReader Reader;

    /// <summary>The parts of a message that is not whole yet.</summary>
    public ByteQueue Collected;

    /// <summary>Whether there is nothing to remember.</summary>
    public bool IsOver => Reader.IsBetweenMessages && Collected.IsEmpty;

    /// <summary>Forgets everything, and gives back what it holds.</summary>
    public void Clear()
    {
        Reader.Reset();
        Collected.Clear();
    }
}
