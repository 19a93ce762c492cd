using System.Net;
using System.Text;
using Xunit;

namespace EventLoops.Tests.Conformance;

/// <summary>Connections that have agreed on permessage-deflate, with the framework's compressor as the peer.</summary>
public abstract class CompressionBench(LoopFactory factory) : LoopBench(factory)
{
    protected const string Field = "Sec-WebSocket-Extensions: ";

    protected RawDeflate Codec { get; } = new();

    protected TestProtocol NewEcho()
    {
        TestProtocol protocol = NewProtocol();
        return protocol.OnReceive((connection, ref session, in data) =>
        {
            session.Message.Append(data.In);
            if (!data.Message.IsFinalFragment) return CallbackResult.Continue;

            connection.TrySend(session.Message.Span, data.Message.Kind);
            session.Message.Clear();
            return CallbackResult.Continue;
        });
    }

    protected static VirtualHostOptions NewHost(Protocol protocol, WebSocketExtension extension) =>
        new() { Endpoints = [new IPEndPoint(IPAddress.Loopback, 0)], Protocols = [protocol], Extensions = [extension] };

    protected Connection DialCompressed(RawListener listener, Protocol protocol, LoopContext context, WebSocketExtension extension) =>
        context.Connect(new ClientConnectOptions { Uri = Address("ws://test/"), EndPoint = listener.EndPoint, Protocols = [protocol], Extensions = [extension] });

    protected Connection DialCompressed(RawListener listener, Protocol protocol, WebSocketExtension extension) =>
        DialCompressed(listener, protocol, NewClientContext(), extension);

    protected RawPeer OpenCompressed(bool isServer, string agreed = "permessage-deflate", PermessageDeflate? extension = null) =>
        OpenCompressed(NewEcho(), isServer, agreed, extension ?? new PermessageDeflate());

    protected RawPeer OpenCompressed(TestProtocol protocol, string offer, out string head) =>
        OpenCompressed(protocol, isServer: true, offer, new PermessageDeflate(), out head);

    protected RawPeer OpenCompressed(TestProtocol protocol, bool isServer, string agreed, PermessageDeflate extension) =>
        OpenCompressed(protocol, isServer, agreed, extension, out _);

    /// <summary>An open WebSocket: a server's, which was offered <paramref name="agreed"/>, or a client's, which was answered with it.</summary>
    protected RawPeer OpenCompressed(TestProtocol protocol, bool isServer, string agreed, PermessageDeflate extension, out string head)
    {
        Own(Codec);
        if (isServer)
        {
            RawPeer client = Connect(Serve(NewHost(protocol, extension)));
            head = client.Upgrade(fields: $"{Field}{agreed}\r\n");
            Harness.RunUntil(() => protocol.Newest is not null);
            return client;
        }

        RawListener listener = Listen();
        DialCompressed(listener, protocol, extension);
        RawPeer server = listener.Accept();
        head = server.AcceptUpgrade(protocol.Name, $"{Field}{agreed}\r\n");
        Harness.RunUntil(() => protocol.Newest is not null);
        return server;
    }

    protected void AssertEchoes(RawPeer peer, string text) => AssertEchoes(peer, text, out _);

    protected void AssertEchoes(RawPeer peer, string text, out int size)
    {
        peer.SendFrame(RawFrame.Rsv1 | 1, Codec.Compress(Encoding.UTF8.GetBytes(text)));
        RawFrame echo = peer.ReadFrame();
        Assert.Equal((1, RawFrame.Rsv1, true), (echo.Opcode, echo.Bits, echo.IsFinal));
        Assert.Equal(text, Encoding.UTF8.GetString(Codec.Decompress(echo.Payload)));
        size = echo.Payload.Length;
    }
}
