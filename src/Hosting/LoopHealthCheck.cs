using Microsoft.Extensions.Diagnostics.HealthChecks;
using Microsoft.Extensions.Options;

namespace EventLoops.Hosting;

/// <summary>Asks the loop for a sign of life: a loop that is stuck in a callback serves nobody, however alive its process is.</summary>
internal sealed class LoopHealthCheck(LoopService service, IOptions<EventLoopsOptions> options, TimeProvider time) : IHealthCheck
{
    public async Task<HealthCheckResult> CheckHealthAsync(HealthCheckContext context, CancellationToken cancellationToken = default)
    {
        TaskCompletionSource<Dictionary<string, object>> answer = new(TaskCreationOptions.RunContinuationsAsynchronously);
        if (!service.Post(loop => answer.TrySetResult(Measure(loop))))
            return new HealthCheckResult(context.Registration.FailureStatus, "The loop does not run.");

        TimeSpan timeout = options.Value.HealthTimeout;
        try
        {
            Dictionary<string, object> data = await answer.Task.WaitAsync(timeout, time, cancellationToken).ConfigureAwait(false);
            return HealthCheckResult.Healthy("The loop turns.", data);
        }
        catch (TimeoutException)
        {
            return new HealthCheckResult(context.Registration.FailureStatus, $"The loop has given no sign of life for {timeout.TotalSeconds} s.");
        }
    }

    private static Dictionary<string, object> Measure(LoopContext context) => new(StringComparer.Ordinal)
    {
        ["connections"] = context.Threads.Sum(thread => thread.ConnectionCount),
        ["accepted"] = context.Statistics.Accepted,
        ["loop"] = context.Loop.Name,
    };
}
