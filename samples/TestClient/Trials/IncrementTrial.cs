using System.Buffers.Text;
using System.Text;

namespace TestClient.Trials;

/// <summary>Expects the numbers from 0 on, each in a text message of its own.</summary>
internal sealed class IncrementTrial(ClientOptions options) : Trial(options, usualCount: 20)
{
    protected override void OnMessage(ReadOnlySpan<byte> message)
    {
        bool isNumber = Utf8Parser.TryParse(message, out long number, out int length) && length == message.Length;
        if (isNumber && number == Messages)
            Accept(message.Length);
        else
            Fail($"the number {Messages} was expected and not '{Encoding.UTF8.GetString(message)}'");
    }
}
