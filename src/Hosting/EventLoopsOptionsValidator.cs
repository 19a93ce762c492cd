using System.Net;
using Microsoft.Extensions.Options;

namespace EventLoops.Hosting;

/// <summary>Checks what can be checked without serving, and names each member that is wrong as the configuration does.</summary>
internal sealed class EventLoopsOptionsValidator(IEnumerable<Protocol> protocols) : IValidateOptions<EventLoopsOptions>
{
    private readonly HashSet<string> _names = protocols.Select(protocol => protocol.Name).ToHashSet(StringComparer.Ordinal);

    public ValidateOptionsResult Validate(string? name, EventLoopsOptions options)
    {
        List<string> wrong = [];
        if (!LoopFlags.Names.ContainsKey(options.Loop))
            wrong.Add($"{nameof(options.Loop)}: '{options.Loop}' is none of {string.Join(", ", LoopFlags.Names.Keys)}.");
        CheckAtLeast(wrong, nameof(options.MaxConnections), options.MaxConnections, 1);
        CheckAtLeast(wrong, nameof(options.MaxConnectionsPerAddress), options.MaxConnectionsPerAddress, 0);
        CheckAtLeast(wrong, nameof(options.MaxMessageSize), options.MaxMessageSize, 125);
        CheckAtLeast(wrong, nameof(options.MaxRequestBody), options.MaxRequestBody, 0);
        CheckPositive(wrong, nameof(options.PingAfter), options.PingAfter);
        CheckPositive(wrong, nameof(options.GiveUpAfter), options.GiveUpAfter);
        if (options.StallThreshold != Timeout.InfiniteTimeSpan)
            CheckPositive(wrong, nameof(options.StallThreshold), options.StallThreshold);
        if (options.BusyPoll is { } busyPoll && (busyPoll < TimeSpan.Zero || busyPoll > EventLoopOptions.LongestBusyPoll))
            wrong.Add($"{nameof(options.BusyPoll)}: {busyPoll} is not between 0 and {EventLoopOptions.LongestBusyPoll}.");
        CheckPositive(wrong, nameof(options.ShutdownGrace), options.ShutdownGrace);
        if (options.ServiceThreadCount is < 1 or > 32)
            wrong.Add($"{nameof(options.ServiceThreadCount)}: {options.ServiceThreadCount} is not between 1 and 32.");
        CheckPositive(wrong, nameof(options.HealthTimeout), options.HealthTimeout);
        for (int i = 0; i < options.VirtualHosts.Count; i++)
            CheckHost(wrong, $"{nameof(options.VirtualHosts)}:{i}", options.VirtualHosts[i]);
        return wrong.Count == 0 ? ValidateOptionsResult.Success : ValidateOptionsResult.Fail(wrong);
    }

    private void CheckHost(List<string> wrong, string place, VirtualHostSettings host)
    {
        if (string.IsNullOrEmpty(host.Name))
            wrong.Add($"{place}:{nameof(host.Name)} is empty.");
        for (int i = 0; i < host.Endpoints.Count; i++)
        {
            if (VirtualHostSettings.ReadEndPoint(host.Endpoints[i]) is null)
                wrong.Add($"{place}:{nameof(host.Endpoints)}:{i}: '{host.Endpoints[i]}' is no address with a port and no unix:PATH.");
        }

        for (int i = 0; i < host.Protocols.Count; i++)
            CheckProtocol(wrong, $"{place}:{nameof(host.Protocols)}:{i}", host.Protocols[i]);
        if (host.DefaultProtocol is { } standard)
            CheckProtocol(wrong, $"{place}:{nameof(host.DefaultProtocol)}", standard);
        if (_names.Count == 0)
            wrong.Add($"{place}: no protocol was added to the services.");
        for (int i = 0; i < host.ProxyNetworks.Count; i++)
        {
            if (!IPNetwork.TryParse(host.ProxyNetworks[i], out _))
                wrong.Add($"{place}:{nameof(host.ProxyNetworks)}:{i}: '{host.ProxyNetworks[i]}' is no network.");
        }

        foreach ((string point, string folder) in host.Folders)
        {
            if (!point.StartsWith('/') || !Directory.Exists(folder))
                wrong.Add($"{place}:{nameof(host.Folders)}:{point}: '{folder}' is no folder below a path that begins with a slash.");
        }
    }

    private void CheckProtocol(List<string> wrong, string place, string name)
    {
        if (!_names.Contains(name))
            wrong.Add($"{place}: there is no protocol '{name}' among the services ({string.Join(", ", _names)}).");
    }

    private static void CheckAtLeast(List<string> wrong, string member, long? value, long least)
    {
        if (value < least)
            wrong.Add($"{member}: {value} is less than {least}.");
    }

    private static void CheckPositive(List<string> wrong, string member, TimeSpan? value)
    {
        if (value <= TimeSpan.Zero)
            wrong.Add($"{member}: {value} is no time.");
    }
}
