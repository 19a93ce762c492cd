using System.Diagnostics.Metrics;
using System.Diagnostics.Tracing;
using System.Reflection;
using EventLoops.Protocols.WebSocket;
using EventLoops.Tests.Documents;
using Xunit;

namespace EventLoops.Tests.Diagnostics;

/// <summary>What is counted, under which names, and what it costs.</summary>
[Collection("counts open descriptors")]
public sealed class MetricsTests : IDisposable
{
    private readonly LoopBench _bench = new(static options => new OwnedLoopHarness(new PollLoop(options), options));
    private readonly TestProtocol _protocol;

    public MetricsTests() => _protocol = _bench.NewProtocol("counted");

    public void Dispose() => _bench.Dispose();

    [Fact]
    public void The_document_lists_every_instrument_with_its_kind_and_unit_and_no_other()
    {
        string[] listed = [.. Markdown.Rows(RepositoryFiles.Read("docs/metrics.md")).Where(row => row.Has("Instrument"))
            .Select(row => $"{row["Instrument"].Trim('`')} {row["Kind"]} {row["Unit"]}").Order(StringComparer.Ordinal)];

        string[] there = [.. Instruments().Select(instrument => $"{instrument.Name} {KindOf(instrument)} {instrument.Unit}").Order(StringComparer.Ordinal)];

        Assert.Equal(listed, there, StringComparer.Ordinal);
    }

    [Fact]
    public void The_document_lists_every_event_with_its_payload_and_no_other()
    {
        string[] listed = [.. Markdown.Rows(RepositoryFiles.Read("docs/metrics.md")).Where(row => row.Has("Event"))
            .Select(row => $"{row["Event"].Trim('`')} {row["Number"]} {row["Level"]} {row["Payload"].Replace("`", "", StringComparison.Ordinal)}").Order(StringComparer.Ordinal)];

        string[] there = [.. typeof(LoopEvents).GetMethods()
            .Select(method => (Method: method, Event: method.GetCustomAttribute<EventAttribute>())).Where(pair => pair.Event is not null)
            .Select(pair => $"{pair.Method.Name} {pair.Event!.EventId} {pair.Event.Level} {string.Join(", ", pair.Method.GetParameters().Select(parameter => parameter.Name))}")
            .Order(StringComparer.Ordinal)];

        Assert.Equal(listed, there, StringComparer.Ordinal);
        Assert.Equal("EventLoops", LoopEvents.Source.Name);
        Assert.Null(LoopEvents.Source.ConstructionException);
    }

    [Fact]
    public void Connections_are_counted_by_role_and_state_until_they_are_gone()
    {
        (Connection connection, RawPeer peer) = _bench.OpenServer(_protocol);
        ThreadCounters counters = connection.Thread.Counters;
        Assert.Equal((1, 1), (counters.Accepted, counters.ConnectionsIn(isServer: true, ConnectionState.Established)));

        peer.SendClose(1001);
        _bench.Harness.RunUntil(() => connection.IsClosed);
        _bench.Harness.Settle();

        Assert.All(Enum.GetValues<ConnectionState>(), state => Assert.Equal(0, counters.ConnectionsIn(isServer: true, state)));
        Assert.Equal(1, counters.Closes(1, CloseOrigin.Remote));
    }

    [Fact]
    public void Frames_are_counted_by_direction_and_kind_and_so_is_their_payload()
    {
        (Connection connection, RawPeer peer) = _bench.OpenServer(_protocol);
        ThreadCounters counters = connection.Thread.Counters;
        peer.SendText("12345");
        peer.SendFrame(Opcode.Binary, new byte[300], isFinal: false);
        peer.SendFrame(Opcode.Continuation, new byte[70]);
        peer.SendFrame(Opcode.Ping, "p"u8);
        _bench.Harness.RunUntil(() => counters.Frames(ThreadCounters.Sent, Opcode.Pong) == 1);
        connection.TrySend("1234567"u8, MessageKind.Text);

        foreach ((byte opcode, int frames, int bytes) in new[] { (Opcode.Text, 1, 5), (Opcode.Binary, 1, 300), (Opcode.Continuation, 1, 70), (Opcode.Ping, 1, 1), (Opcode.Pong, 0, 0) })
        {
            Assert.Equal(frames, counters.Frames(ThreadCounters.Received, opcode));
            Assert.Equal(bytes, counters.FrameBytes(ThreadCounters.Received, opcode));
        }

        Assert.Equal((1, 7), (counters.Frames(ThreadCounters.Sent, Opcode.Text), counters.FrameBytes(ThreadCounters.Sent, Opcode.Text)));
        Assert.Equal((1, 1), (counters.Frames(ThreadCounters.Sent, Opcode.Pong), counters.FrameBytes(ThreadCounters.Sent, Opcode.Pong)));
    }

    [Fact]
    public void Refusals_are_counted_by_the_rule_that_was_broken()
    {
        LoopContext context = _bench.Serve(_protocol);
        RawPeer peer = _bench.Connect(context);

        peer.Send("GET / HTTP/1.1\r\nHost : a\r\n\r\n");
        peer.ReadToEnd();

        Assert.Equal(1, context.Thread.Counters.RefusalsBy(ProtocolFault.BlankBeforeColon));
        Assert.Equal(28, context.Thread.Counters.Bytes(ThreadCounters.Received));
    }

    [Fact]
    public void Sums_of_a_context_that_has_gone_are_not_lost()
    {
        long Read() => Sums()["eventloops.accepted"];
        long before = Read();
        using (LoopBench bench = new(static options => new OwnedLoopHarness(new PollLoop(options), options)))
        {
            bench.OpenServer(bench.NewProtocol());
            Assert.True(Read() > before);
        }

        Assert.True(Read() > before);
    }

    [Fact]
    public void Memory_that_holds_bytes_is_seen_while_it_does()
    {
        ByteQueue queue = default;
        long before = BufferPool.RentedBytes;

        // Other tests rent meanwhile, but not as much.
        queue.Append(new byte[64 * 1024 * 1024]);
        Assert.True(BufferPool.RentedBytes > before + (32 * 1024 * 1024));
        queue.Clear();

        Assert.True(BufferPool.RentedBytes < before + (32 * 1024 * 1024));
    }

    [Theory]
    [InlineData(false)]
    [InlineData(true)]
    public void Counting_and_timing_allocate_nothing_whether_somebody_listens_or_not(bool listens)
    {
        LoopContext context = _bench.Serve(_protocol);
        using MeterListener listener = new();
        long recorded = 0;
        if (listens)
        {
            listener.InstrumentPublished = (instrument, own) =>
            {
                if (instrument.Meter.Name == LoopMetrics.Name) own.EnableMeasurementEvents(instrument);
            };
            listener.SetMeasurementEventCallback<double>((_, _, _, _) => recorded++);
            listener.Start();
        }

        ThreadCounters counters = context.Thread.Counters;
        CallbackClock clock = context.Thread.Callbacks;
        Assert.Equal(0, Allocation.Of(() =>
        {
            for (int i = 0; i < 1000; i++)
            {
                long started = clock.Start(CallbackReason.Receive);
                counters.CountBytes(ThreadCounters.Received, 100);
                counters.CountReceived(Opcode.Ping, 10);
                counters.CountSent(Opcode.Text, 10);
                counters.CountRefused(ProtocolFault.InvalidHost, 400);
                counters.CountClose(new CloseInfo { Code = WebSocketCloseCode.Normal });
                LoopMetrics.PingTime.Record(1.5);
                clock.Stop(started, CallbackReason.Receive, _protocol);
            }
        }));
        Assert.Equal(listens, recorded > 0);
    }

    [Fact]
    public void Pings_are_timed_while_somebody_listens()
    {
        List<double> times = [];

        // Asked for first: instruments are published while the class that holds them is still being made.
        Histogram<double> pings = LoopMetrics.PingTime;
        using MeterListener listener = new();
        listener.InstrumentPublished = (instrument, own) =>
        {
            if (ReferenceEquals(instrument, pings)) own.EnableMeasurementEvents(instrument);
        };

        // Tests of other threads may ping as well; this one has a time of its own.
        listener.SetMeasurementEventCallback<double>((_, time, _, _) =>
        {
            lock (times) times.Add(time);
        });
        listener.Start();
        (Connection connection, RawPeer peer) = _bench.OpenServer(_protocol);
        connection.Ping("x"u8);
        _bench.Harness.Settle();
        Assert.Equal(Opcode.Ping, peer.ReadFrame().Opcode);

        _bench.Time.Advance(1234.5);
        peer.SendFrame(Opcode.Pong, "x"u8);

        _bench.Harness.RunUntil(() =>
        {
            lock (times) return times.Contains(1234.5);
        });
    }

    private static Dictionary<string, long> Sums()
    {
        Dictionary<string, long> sums = new(StringComparer.Ordinal);
        using MeterListener listener = new();
        listener.InstrumentPublished = (instrument, own) =>
        {
            if (instrument.Meter.Name == LoopMetrics.Name) own.EnableMeasurementEvents(instrument);
        };
        listener.SetMeasurementEventCallback<long>((instrument, value, _, _) => sums[instrument.Name] = sums.GetValueOrDefault(instrument.Name) + value);
        listener.Start();
        listener.RecordObservableInstruments();
        return sums;
    }

    private static List<Instrument> Instruments()
    {
        // The meter is there with the first context; this makes it.
        _ = LoopMetrics.IsTimingTurns;
        List<Instrument> all = [];
        using MeterListener listener = new();
        listener.InstrumentPublished = (instrument, _) =>
        {
            if (instrument.Meter.Name == LoopMetrics.Name) all.Add(instrument);
        };
        listener.Start();
        return all;
    }

    private static string KindOf(Instrument instrument) => instrument switch
    {
        ObservableCounter<long> => "counter",
        ObservableUpDownCounter<long> => "up-down counter",
        ObservableGauge<long> => "gauge",
        Histogram<double> => "histogram",
        _ => instrument.GetType().Name,
    };
}
