using System.Net;
using System.Net.NetworkInformation;

namespace EventLoops;

/// <summary>
/// A port on a network interface that is given by its name: the original's <c>iface</c>. A virtual host listens on each address, IPv4 and IPv6, that the
/// interface has when the host is made; addresses that come later are not added.
/// </summary>
public sealed class InterfaceEndPoint : EndPoint
{
    /// <summary>Names an interface and a port.</summary>
    /// <param name="name">The name that the system gives to it, such as <c>eth0</c> or <c>lo</c>.</param>
    /// <param name="port">0 to 65535; 0 takes a free port for each address.</param>
    /// <exception cref="ArgumentException">The name is empty.</exception>
    /// <exception cref="ArgumentOutOfRangeException">The port lies outside of its range.</exception>
    public InterfaceEndPoint(string name, int port)
    {
        ArgumentException.ThrowIfNullOrEmpty(name);
        ArgumentOutOfRangeException.ThrowIfLessThan(port, IPEndPoint.MinPort);
        ArgumentOutOfRangeException.ThrowIfGreaterThan(port, IPEndPoint.MaxPort);
        Name = name;
        Port = port;
    }

    /// <summary>The interface's name.</summary>
    public string Name { get; }

    /// <summary>The port.</summary>
    public int Port { get; }

    /// <summary>Name and port, such as <c>eth0:80</c>.</summary>
    /// <returns>The two with a colon between.</returns>
    public override string ToString() => $"{Name}:{Port}";

    /// <summary>The addresses that the interface has now.</summary>
    /// <exception cref="LoopFaultException">There is no such interface, or it has no address.</exception>
    internal IEnumerable<IPEndPoint> Resolve()
    {
        NetworkInterface? found = Array.Find(NetworkInterface.GetAllNetworkInterfaces(), candidate => candidate.Name == Name)
            ?? throw new LoopFaultException($"looking for the network interface '{Name}'", Errno.ENODEV);
        IPEndPoint[] all = [.. found.GetIPProperties().UnicastAddresses.Select(address => new IPEndPoint(address.Address, Port))];
        return all.Length > 0 ? all : throw new LoopFaultException($"looking for an address of the network interface '{Name}'", Errno.EADDRNOTAVAIL);
    }
}
