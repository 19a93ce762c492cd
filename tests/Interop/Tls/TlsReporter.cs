using System.Text;

namespace EventLoops.Tests.Interop.Tls;

/// <summary>Answers each request with what is known of its TLS, a line for each thing.</summary>
internal sealed class TlsReporter(string name = "reporter") : Protocol<NoSession>(name)
{
    protected override CallbackResult OnHttp(Connection connection, ref NoSession session, ReadOnlySpan<byte> path)
    {
        TlsInfo? tls = connection.Tls;
        string text = $"host {Name}\nversion {tls?.Version}\nsuite {tls?.CipherSuite}\ngroup {tls?.Group}\nprotocol {tls?.ApplicationProtocol}\nname {tls?.ServerName}\n"
            + $"resumed {tls?.IsResumed}\nsubject {tls?.PeerSubject}\nforwarded {connection.Headers.GetString(KnownHeader.XForwardedProto)}\ncertificate {tls?.PeerCertificate.Length}\n";
        byte[] body = Encoding.UTF8.GetBytes(text);
        connection.StartResponse(200, "text/plain", body.Length);
        connection.WriteBody(body);
        connection.EndResponse();
        return CallbackResult.Continue;
    }
}
