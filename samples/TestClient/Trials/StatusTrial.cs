using System.Text.Json;

namespace TestClient.Trials;

/// <summary>Expects JSON that lists at least one connection: this one. The next comes when somebody else comes or goes.</summary>
internal sealed class StatusTrial(ClientOptions options) : Trial(options, usualCount: 1)
{
    // Only the first one is owed.
    protected override bool IsWaiting => Messages == 0;

    protected override void OnMessage(ReadOnlySpan<byte> message)
    {
        if (ListsSomebody(message))
            Accept(message.Length);
        else
            Fail("the status lists nobody, or is not JSON");
    }

    private static bool ListsSomebody(ReadOnlySpan<byte> text)
    {
        try
        {
            Utf8JsonReader reader = new(text);
            using JsonDocument status = JsonDocument.ParseValue(ref reader);
            return status.RootElement.GetProperty("conns").GetArrayLength() > 0;
        }
        catch (Exception wrong) when (wrong is JsonException or InvalidOperationException or KeyNotFoundException)
        {
            return false;
        }
    }
}
