using System.Net;
using Xunit;

namespace EventLoops.Tests.Conformance;

/// <summary>
/// O18: a script that accepts, upgrades, echoes, compresses and closes, once for each of its system calls and each error that the call may say, with that one call
/// failing. Whatever fails, the script comes to its end and leaves nothing behind.
/// </summary>
public abstract class TortureSuite(LoopFactory factory) : LoopBench(factory)
{
    private static readonly string s_text = string.Join(' ', Enumerable.Range(0, 300));

    // accept(2), recv(2), send(2) and the others: what each may say of a socket that is used as it should be.
    public static TheoryData<SystemCall, Errno[]> Calls => new()
    {
        { SystemCall.OpenStream, [Errno.EMFILE, Errno.ENFILE, Errno.ENOBUFS, Errno.ENOMEM, Errno.EACCES] },
        { SystemCall.SetOption, [Errno.ENOMEM, Errno.EINVAL, Errno.EPERM] },
        { SystemCall.Bind, [Errno.EADDRINUSE, Errno.EACCES, Errno.EADDRNOTAVAIL] },
        { SystemCall.Listen, [Errno.EADDRINUSE] },
        { SystemCall.Accept, [Errno.EAGAIN, Errno.ECONNABORTED, Errno.EMFILE, Errno.ENFILE, Errno.ENOBUFS, Errno.ENOMEM, Errno.EPERM, Errno.ENETDOWN, Errno.ETIMEDOUT] },
        { SystemCall.Connect, [Errno.EAGAIN, Errno.ECONNREFUSED, Errno.ENETUNREACH, Errno.EADDRNOTAVAIL, Errno.ETIMEDOUT, Errno.EACCES, Errno.EPERM] },
        { SystemCall.GetPendingError, [Errno.ECONNREFUSED, Errno.ECONNRESET, Errno.ETIMEDOUT, Errno.EHOSTUNREACH] },
        { SystemCall.Receive, [Errno.EAGAIN, Errno.ECONNRESET, Errno.ETIMEDOUT, Errno.ENOMEM, Errno.ENOTCONN] },
        { SystemCall.Send, [Errno.EAGAIN, Errno.EPIPE, Errno.ECONNRESET, Errno.ENOBUFS, Errno.ENOMEM, Errno.ETIMEDOUT] },
        { SystemCall.ShutdownWrite, [Errno.ENOTCONN] },
    };

    [Theory]
    [MemberData(nameof(Calls))]
    public void O18_whichever_call_of_the_script_fails_and_however_nothing_is_left_behind(SystemCall call, Errno[] errnos)
    {
        ArgumentNullException.ThrowIfNull(errnos);
        Assert.True(Play(), "the script itself works");
        long calls = Io.CountOf(call);
        Assert.True(calls > 0, $"the script makes no call of {call}");
        foreach (Errno errno in errnos)
        {
            for (int nth = 1; nth <= calls; nth++)
            {
                Io.Fail(call, errno, nth);
                Play();
                Assert.True(Io.OpenDescriptors.Count == 0, $"{call} number {nth} says {errno}: {Io.OpenDescriptors.Count} sockets are left");
            }
        }
    }

    /// <summary>Plays the script from a context that is made to one that is gone.</summary>
    /// <returns>Whether the message came back.</returns>
    private bool Play()
    {
        Io.ResetCounts();
        bool isEchoed = false;
        TestProtocol client = new("echo", Recorder) { DeliverWholeMessages = true };
        client.On(CallbackReason.ClientEstablished, connection => connection.RequestWritable());
        client.OnWritable(connection => connection.Write(System.Text.Encoding.ASCII.GetBytes(s_text), MessageKind.Text));
        client.On(CallbackReason.ClientReceive, connection =>
        {
            isEchoed = true;
            connection.Close();
        });
        try
        {
            using LoopContext context = new(new LoopContextOptions
            {
                Loop = Loop,
                Tracer = Recorder,
                Logger = null,
                VirtualHosts =
                [
                    new()
                    {
                        Endpoints = [new IPEndPoint(IPAddress.Loopback, 0)],
                        Protocols = [NewProtocol("zero").On(CallbackReason.Http, connection => connection.Respond(200, null, default)), new WritableEcho("echo")],
                        Extensions = [new PermessageDeflate()],
                    },
                ],
            });
            Talk(context, client);
        }
        catch (LoopFaultException refused)
        {
            // Listening is what may be refused; the exception names the call.
            Assert.NotEqual(Errno.None, refused.Errno);
            Assert.False(isEchoed);
        }

        Io.Heal();
        Harness.Settle();
        Ledger.CheckEmpty(Loop);
        return isEchoed;
    }

    private void Talk(LoopContext context, TestProtocol client)
    {
        EndPoint endPoint = EndPointOf(context);
        context.Connect(new ClientConnectOptions { Uri = new Uri("http://test/"), EndPoint = endPoint, Protocols = [client] });
        context.Connect(new ClientConnectOptions { Uri = new Uri("ws://test/"), EndPoint = endPoint, Protocols = [client], Extensions = [new PermessageDeflate()] });
        using RawPeer last = RawPeer.Connect(endPoint, Harness);
        last.Send("GET / HTTP/1.1\r\nHost: test\r\nConnection: close\r\n\r\n");
        Harness.Settle();
        last.Close();

        // What waits for a time-out has its time; a connection without any would stay for ever.
        for (int patience = 0; context.Thread.ConnectionCount > 0; patience++)
        {
            Assert.InRange(patience, 0, 5);
            Harness.Advance(TimeSpan.FromMinutes(1));
            Harness.Settle();
        }
    }
}
