using System.Diagnostics.CodeAnalysis;
using EventLoops.Epoll;
using Microsoft.Extensions.Configuration;
using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.DependencyInjection.Extensions;
using Microsoft.Extensions.Hosting;
using Microsoft.Extensions.Logging;
using Microsoft.Extensions.Options;

namespace EventLoops.Hosting;

/// <summary>Adds a loop to an application.</summary>
public static class EventLoopsServices
{
    /// <summary>
    /// Adds the application's loop: it listens before the application has started, runs on a thread of its own, and ends gracefully with the application.
    /// Options that are wrong keep the application from starting, with the name of each member that is.
    /// </summary>
    /// <param name="services">The services.</param>
    /// <param name="section">What <see cref="EventLoopsOptions"/> are read from, such as <c>configuration.GetSection(EventLoopsOptions.SectionName)</c>.</param>
    /// <returns>For protocols and more.</returns>
    public static EventLoopsBuilder AddEventLoops(this IServiceCollection services, IConfiguration section)
    {
        ArgumentNullException.ThrowIfNull(services);
        ArgumentNullException.ThrowIfNull(section);

        LoopRegistry.Default.AddEpoll();
        services.AddOptions<EventLoopsOptions>().Bind(section).ValidateOnStart();
        services.TryAddSingleton(TimeProvider.System);
        services.TryAddEnumerable(ServiceDescriptor.Singleton<IValidateOptions<EventLoopsOptions>, EventLoopsOptionsValidator>());
        services.TryAddSingleton(provider => new ContextFactory(
            provider.GetServices<Protocol>(), provider.GetServices<VirtualHostSource>(), provider.GetRequiredService<ILoggerFactory>()));
        services.TryAddSingleton(provider => new LoopService(
            provider.GetRequiredService<ContextFactory>(),
            provider.GetRequiredService<IOptions<EventLoopsOptions>>(),
            provider.GetRequiredService<IHostApplicationLifetime>(),
            provider.GetRequiredService<ILogger<LoopService>>()));
        services.AddHostedService(provider => provider.GetRequiredService<LoopService>());
        return new EventLoopsBuilder(services);
    }

    /// <summary>Adds the check of health <c>eventloops</c>: it asks the loop for a sign of life within <see cref="EventLoopsOptions.HealthTimeout"/>.</summary>
    /// <param name="checks">The checks.</param>
    /// <returns>The checks.</returns>
    public static IHealthChecksBuilder AddEventLoops(this IHealthChecksBuilder checks)
    {
        ArgumentNullException.ThrowIfNull(checks);
        return checks.AddCheck<LoopHealthCheck>("eventloops");
    }
}

/// <summary>What is served on the application's loop.</summary>
public sealed class EventLoopsBuilder
{
    internal EventLoopsBuilder(IServiceCollection services) => Services = services;

    /// <summary>The services of the application.</summary>
    public IServiceCollection Services { get; }

    /// <summary>Adds a protocol, which is made by the services and may ask for others. The first one is protocol 0, which also answers HTTP requests.</summary>
    /// <typeparam name="TProtocol">Its type.</typeparam>
    /// <returns>The same.</returns>
    public EventLoopsBuilder AddProtocol<[DynamicallyAccessedMembers(DynamicallyAccessedMemberTypes.PublicConstructors)] TProtocol>()
        where TProtocol : Protocol
    {
        Services.AddSingleton<Protocol, TProtocol>();
        return this;
    }

    /// <summary>Adds a virtual host that says more than configuration can, such as mounts with passwords.</summary>
    /// <param name="describe">Describes it, when the loop starts.</param>
    /// <returns>The same.</returns>
    public EventLoopsBuilder AddVirtualHost(Func<IServiceProvider, VirtualHostOptions> describe)
    {
        ArgumentNullException.ThrowIfNull(describe);
        Services.AddSingleton(provider => new VirtualHostSource(() => describe(provider)));
        return this;
    }
}
