using System.ComponentModel;
using System.Diagnostics;
using System.Globalization;
using System.Net;
using System.Runtime.ExceptionServices;
using System.Runtime.InteropServices;
using Microsoft.Win32.SafeHandles;

namespace EventLoops.Tests;

/// <summary>
/// A second network inside this machine, with a cable to ours that can fall silent: nothing that is sent in it arrives any more, and nobody is told. That is what a peer looks
/// like whose power or network has gone. It is made with ip(8) and needs root.
/// </summary>
public sealed partial class NetworkNamespace : IDisposable
{
    private const int NetworkOfNamespace = 0x40000000; // CLONE_NEWNET, setns(2)

    private static int s_number;

    private readonly string _name;

    /// <summary>Makes it.</summary>
    /// <exception cref="InvalidOperationException">This process may not; the message says what it needs.</exception>
    public NetworkNamespace()
    {
        // Addresses for tests between networks (RFC 2544): nobody else's.
        int number = Interlocked.Increment(ref s_number);
        int process = Environment.ProcessId;
        _name = string.Create(CultureInfo.InvariantCulture, $"el{process}n{number}");
        string here = string.Create(CultureInfo.InvariantCulture, $"el{process % 100_000}h{number}");
        string there = string.Create(CultureInfo.InvariantCulture, $"el{process % 100_000}t{number}");
        string network = string.Create(CultureInfo.InvariantCulture, $"198.18.{process % 250}.{4 * (number % 60)}");
        byte[] first = IPAddress.Parse(network).GetAddressBytes();
        first[3]++;
        Here = new IPAddress(first);
        first[3]++;
        There = new IPAddress(first);

        Ip("netns", "add", _name);
        try
        {
            Ip("link", "add", here, "type", "veth", "peer", "name", there, "netns", _name);
            Ip("addr", "add", $"{Here}/30", "dev", here);
            Ip("link", "set", here, "up");
            Ip("-n", _name, "addr", "add", $"{There}/30", "dev", there);
            Ip("-n", _name, "link", "set", there, "up");
        }
        catch
        {
            Dispose();
            throw;
        }
    }

    /// <summary>Our address on the cable.</summary>
    public IPAddress Here { get; }

    /// <summary>The address at its other end.</summary>
    public IPAddress There { get; }

    /// <summary>From now on nothing that is sent there arrives here: not even an acknowledgement.</summary>
    public void FallSilent() => Ip("-n", _name, "route", "add", "blackhole", $"{Here}/32");

    /// <summary>Has sockets opened there: a socket stays in the network in which it was opened, whoever uses it later.</summary>
    public T Open<T>(Func<T> open)
    {
        ArgumentNullException.ThrowIfNull(open);
        T opened = default!;
        ExceptionDispatchInfo? failure = null;
        Thread visitor = new(() =>
        {
            try
            {
                using SafeFileHandle network = File.OpenHandle($"/run/netns/{_name}");
                if (EnterNamespace((int)network.DangerousGetHandle(), NetworkOfNamespace) != 0)
                    throw new Win32Exception(Marshal.GetLastPInvokeError(), "setns");
                opened = open();
            }
            catch (Exception exception)
            {
                failure = ExceptionDispatchInfo.Capture(exception);
            }
        });
        visitor.Start();
        visitor.Join();
        failure?.Throw();
        return opened;
    }

    /// <inheritdoc/>
    public void Dispose() => Ip("netns", "del", _name);

    private static void Ip(params string[] arguments)
    {
        using Process? ip = Process.Start(new ProcessStartInfo("ip", arguments) { UseShellExecute = false, RedirectStandardError = true });
        string said = ip!.StandardError.ReadToEnd();
        ip.WaitForExit();
        if (ip.ExitCode != 0)
        {
            throw new InvalidOperationException(
                $"A network namespace cannot be made here: 'ip {string.Join(' ', arguments)}' says: {said.Trim()}. This test needs root, or CAP_NET_ADMIN and CAP_SYS_ADMIN, and the package iproute2.");
        }
    }

    [LibraryImport("libc", EntryPoint = "setns", SetLastError = true)]
    private static partial int EnterNamespace(int fd, int kind);
}
