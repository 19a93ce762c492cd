using System.Net;

namespace EventLoops.Tests.Conformance;

/// <summary>An HTTP request of ours to a raw peer that plays its server.</summary>
public abstract class HttpClientBench(LoopFactory factory) : LoopBench(factory)
{
    protected const string Ok = "HTTP/1.1 200 OK\r\n";

    /// <summary>A request of ours, and the raw server that has accepted it.</summary>
    protected (Connection Connection, RawPeer Server) Ask(TestProtocol protocol, string? method = null, ReadOnlyMemory<byte> body = default, long? bodyLength = null)
    {
        RawListener listener = Listen();
        Connection connection = NewClientContext().Connect(Options(protocol, listener.EndPoint, method, body, bodyLength));
        return (connection, Own(listener.Accept()));
    }

    /// <summary>The options of such a request.</summary>
    protected ClientConnectOptions Options(
        TestProtocol protocol, EndPoint endPoint, string? method = null, ReadOnlyMemory<byte> body = default, long? bodyLength = null, IReadOnlyList<HttpField>? fields = null) => new()
    {
        Uri = Address("http://test/path?query"),
        EndPoint = endPoint,
        Protocols = [protocol],
        Method = method,
        Body = body,
        BodyLength = bodyLength,
        Fields = fields ?? [],
    };
}
