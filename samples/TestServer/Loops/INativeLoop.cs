using EventLoops;

namespace TestServer.Loops;

/// <summary>A loop of another library that this program has made itself, with a timer of its own on it: what the library of the server is a guest on.</summary>
internal interface INativeLoop : IDisposable
{
    /// <summary>Starts the program's own timer.</summary>
    /// <param name="interval">How often it ticks.</param>
    /// <param name="tick">What is called on the thread of <see cref="Run"/>. Nothing may escape from it: above it there are frames that are not .NET's.</param>
    void StartTicking(TimeSpan interval, Action tick);

    /// <summary>Stops the program's own timer.</summary>
    void StopTicking();

    /// <summary>Runs the loop until nothing on it keeps it running.</summary>
    void Run();

    /// <summary>Makes a guest on the loop.</summary>
    HostedEventLoop Attach();
}
