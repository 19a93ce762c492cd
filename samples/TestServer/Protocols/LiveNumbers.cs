using System.Buffers;
using System.Diagnostics.Metrics;
using System.Text.Json;

namespace TestServer.Protocols;

/// <summary>
/// The sums of the meter <c>EventLoops</c>, as anybody may read them: a listener, which asks for the numbers when they are wanted. Each is called by its instrument and
/// the values of its tags, such as <c>frames received text</c>.
/// </summary>
internal sealed class LiveNumbers : IDisposable
{
    private const string Meter = "EventLoops";
    private const string Prefix = "eventloops.";

    private readonly MeterListener _listener = new();
    private readonly SortedDictionary<string, long> _numbers = new(StringComparer.Ordinal);
    private readonly ArrayBufferWriter<byte> _text = new();

    public LiveNumbers()
    {
        _listener.InstrumentPublished = static (instrument, listener) =>
        {
            // Only sums are shown; histograms are for tools that can draw them.
            if (instrument.Meter.Name == Meter && instrument.IsObservable)
                listener.EnableMeasurementEvents(instrument);
        };
        _listener.SetMeasurementEventCallback<long>((instrument, value, tags, _) =>
        {
            string name = instrument.Name[Prefix.Length..];
            foreach (KeyValuePair<string, object?> tag in tags)
                name += $" {tag.Value}";
            if (value != 0)
                _numbers[name] = value;
        });
        _listener.Start();
    }

    /// <summary>The numbers as they are now, as JSON: valid until the next call.</summary>
    public ReadOnlySpan<byte> Read()
    {
        _numbers.Clear();
        _listener.RecordObservableInstruments();
        _text.ResetWrittenCount();
        using (Utf8JsonWriter json = new(_text))
        {
            json.WriteStartObject();
            json.WriteStartObject("metrics"u8);
            foreach ((string name, long value) in _numbers)
                json.WriteNumber(name, value);
            json.WriteEndObject();
            json.WriteEndObject();
        }

        return _text.WrittenSpan;
    }

    public void Dispose() => _listener.Dispose();
}
