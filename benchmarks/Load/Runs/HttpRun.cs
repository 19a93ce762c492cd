using System.Diagnostics;
using System.Text;
using EventLoops.Benchmarks.Load.Wire;

namespace EventLoops.Benchmarks.Load.Runs;

/// <summary>GET on connections that stay open, so many requests at a time on each.</summary>
internal sealed class HttpRun(LoadOptions options) : LoadRun("http", options)
{
    // As many requests as fit into one write.
    private readonly byte[] _requests = Repeated(
        Encoding.ASCII.GetBytes($"GET {options.Path} HTTP/1.1\r\nHost: {options.Server}\r\nAccept: */*\r\n\r\n"), options.Pipeline);

    protected override LoadSocket NewSocket(int id) => new Asker(this, id);

    protected override void Start()
    {
        foreach (LoadSocket socket in Sockets) ((Asker)socket).Ask(Options.Pipeline);
    }

    private static byte[] Repeated(byte[] request, int times) => [.. Enumerable.Repeat(request, times).SelectMany(bytes => bytes)];

    private sealed class Asker(HttpRun run, int id) : LoadSocket(run, id)
    {
        private readonly ResponseScanner _answers = new();
        private readonly Queue<long> _askedAt = new();
        private int _owed;
        private int _position;

        public void Ask(int count)
        {
            long now = Stopwatch.GetTimestamp();
            for (int i = 0; i < count; i++) _askedAt.Enqueue(now);
            _owed += count;
            Pump();
        }

        protected override void OnConnected() => run.OnOpened(this);

        protected override void OnHead(string head) => throw new InvalidOperationException("No head is awaited.");

        protected override void OnWritable() => Pump();

        protected override void OnBytes(ReadOnlySpan<byte> bytes)
        {
            int answered = 0;
            while (_answers.TryReadAnswer(ref bytes))
            {
                if (!_askedAt.TryDequeue(out long askedAt))
                    throw new LoadException("The server answered more than was asked.");
                run.Record(askedAt);
                answered++;
            }

            if (answered > 0)
                Ask(answered);
        }

        private void Pump()
        {
            int length = run._requests.Length / run.Options.Pipeline;
            while (_owed > 0)
            {
                // A request that has left in part is finished first: its position is where it goes on.
                int count = (_owed * length) - _position;
                int sent = SendSome(run._requests.AsSpan(_position, count));
                (int whole, _position) = Math.DivRem(_position + sent, length);
                _owed -= whole;
                if (sent < count)
                    return;
            }
        }
    }
}
