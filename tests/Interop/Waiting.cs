using System.Threading.Channels;

namespace EventLoops.Tests.Interop;

/// <summary>Everything that waits here has a deadline: far more than a loaded machine needs, far less than a hung build costs.</summary>
internal static class Waiting
{
    public static readonly TimeSpan Limit = TimeSpan.FromSeconds(30);

    /// <summary>A token that is cancelled at the deadline.</summary>
    public static CancellationToken UntilDeadline => new CancellationTokenSource(Limit).Token;

    public static Task<T> InTime<T>(this Task<T> task) => task.WaitAsync(Limit);

    public static Task InTime(this Task task) => task.WaitAsync(Limit);

    public static Task<T> NextAsync<T>(this Channel<T> channel) => channel.Reader.ReadAsync().AsTask().InTime();
}
