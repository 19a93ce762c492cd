using System.Globalization;
using System.Net;
using EventLoops.Simulated;
using EventLoops.Tests.Connections;
using FsCheck;
using FsCheck.Fluent;
using Xunit;

namespace EventLoops.Tests.WebSocket;

/// <summary>
/// Whatever is agreed on, however messages are fragmented, compressed or not, and wherever the kernel cuts: what arrives is what was sent, both ways. Our client talks to
/// our server in a simulated kernel that cuts, refuses and reorders by the seed of the script. A failure prints the smallest script that still fails.
/// </summary>
[Collection(nameof(ConnectionProperties))]
public sealed class CompressionProperties
{
    private const int Scripts = 150;

    [Fact]
    public void What_arrives_is_what_was_sent_both_ways() => Check.One(
        Config.QuickThrowOnFailure.WithMaxTest(Scripts),
        Prop.ForAll(CompressedTalk.All(), static talk =>
        {
            using TalkPlayer player = new(talk);
            (List<string> sent, List<string> received, List<string> echoed) = player.Play();
            Assert.Equal(sent, received);
            Assert.Equal(sent, echoed);
        }));

    /// <summary>Plays a script: the client sends, the server notes and echoes, the client notes what came back.</summary>
    private sealed class TalkPlayer : IDisposable
    {
        private readonly LoopBench _bench;
        private readonly CompressedTalk _talk;
        private readonly Side _server;
        private readonly Side _client;

        public TalkPlayer(CompressedTalk talk)
        {
            _talk = talk;
            _bench = new LoopBench(options => SimulatedLoopHarness.New(options, KernelScript.Random(talk.Seed)));
            _server = new Side { EchoesInParts = talk.EchoesInParts };
            _client = new Side();
        }

        public (List<string> Sent, List<string> Received, List<string> Echoed) Play()
        {
            LoopContext context = _bench.Serve(new VirtualHostOptions
            {
                Endpoints = [new IPEndPoint(IPAddress.Loopback, 0)],
                Protocols = [_server],
                Extensions = [_talk.Server.Build()],
            });
            Connection connection = context.Connect(new ClientConnectOptions
            {
                Uri = new Uri("ws://test/"),
                EndPoint = LoopBench.EndPointOf(context),
                Protocols = [_client],
                Extensions = [_talk.Client.Build()],
            });
            _bench.Harness.RunUntil(() => _client.IsOpen);

            List<string> sent = [];
            foreach (TalkMessage message in _talk.Messages)
            {
                byte[] bytes = message.Bytes();
                sent.Add(Side.Describe(message.IsText ? MessageKind.Text : MessageKind.Binary, bytes));
                message.Send(connection, bytes, () => _bench.Harness.Turn(1));
                if (message.WaitsForEcho) _bench.Harness.RunUntil(() => _client.Messages.Count == sent.Count);
            }

            _bench.Harness.RunUntil(() => _client.Messages.Count == sent.Count);
            connection.Close();
            _bench.Harness.RunUntil(() => _bench.Recorder.CountOf(CallbackReason.Closed) == 2);
            return (sent, _server.Messages, _client.Messages);
        }

        public void Dispose() => _bench.Dispose();
    }

    /// <summary>Notes whole messages; a server's writes them back, in one piece or as they came.</summary>
    private sealed class Side() : Protocol<Side.Session>("talk")
    {
        internal struct Session
        {
            public MessageBuffer Message;
            public MessageBuffer Unsent;
        }

        public List<string> Messages { get; } = [];

        public bool IsOpen { get; private set; }

        public bool EchoesInParts { get; init; }

        public static string Describe(MessageKind kind, ReadOnlySpan<byte> message) =>
            string.Create(CultureInfo.InvariantCulture, $"{kind} {message.Length} {Convert.ToHexString(System.Security.Cryptography.SHA256.HashData(message))[..12]}");

        protected override CallbackResult OnEstablished(Connection connection, ref Session session)
        {
            IsOpen = true;
            return CallbackResult.Continue;
        }

        protected override CallbackResult OnReceive(Connection connection, ref Session session, ReadOnlySpan<byte> part, in MessageInfo info)
        {
            session.Message.Append(part);
            if (!info.IsFinalFragment) return CallbackResult.Continue;

            Messages.Add(Describe(info.Kind, session.Message.Span));
            if (!connection.IsServer)
            {
                session.Message.Clear();
                return CallbackResult.Continue;
            }

            // One message at a time: the next is read when this one has left.
            session.Unsent.Append([(byte)info.Kind]);
            session.Unsent.Append(session.Message.Span);
            session.Message.Clear();
            connection.PauseReceive();
            connection.RequestWritable();
            return CallbackResult.Continue;
        }

        protected override CallbackResult OnWritable(Connection connection, ref Session session)
        {
            if (session.Unsent.IsEmpty) return CallbackResult.Continue;

            MessageKind kind = (MessageKind)session.Unsent.Span[0];
            ReadOnlySpan<byte> message = session.Unsent.Span[1..];
            if (EchoesInParts && message.Length > 1 && kind == MessageKind.Binary)
            {
                if (connection.Write(message[..(message.Length / 2)], kind, MessagePart.First) != WriteResult.Accepted) return Again(connection);
                WriteResult rest = connection.Write(message[(message.Length / 2)..], kind, MessagePart.Last);
                if (rest == WriteResult.Busy) EchoRest(connection, message[(message.Length / 2)..].ToArray(), kind);
            }
            else if (connection.Write(message, kind) != WriteResult.Accepted)
            {
                return Again(connection);
            }

            session.Unsent.Clear();
            connection.ResumeReceive();
            return CallbackResult.Continue;
        }

        protected override void OnClosed(Connection connection, ref Session session, in CloseInfo close)
        {
            session.Message.Clear();
            session.Unsent.Clear();
        }

        private static CallbackResult Again(Connection connection)
        {
            connection.RequestWritable();
            return CallbackResult.Continue;
        }

        private static void EchoRest(Connection connection, byte[] rest, MessageKind kind) => connection.Thread.Loop.Post(
            _ =>
            {
                if (connection.TrySend(rest, kind, MessagePart.Last) == WriteResult.Busy) EchoRest(connection, rest, kind);
            },
            null);
    }
}
