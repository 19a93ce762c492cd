using System.Text;

namespace EventLoops.Tests.Reliability;

/// <summary>
/// Bytes to throw at a connection, in pieces: pure noise, or valid traffic in which now and then something is flipped, lost, or said twice. Mostly valid
/// traffic gets past the first check and finds the later ones.
/// </summary>
internal static class NoiseSource
{
    /// <summary>Nothing but noise.</summary>
    public static byte[] Pure(Random random)
    {
        byte[] bytes = new byte[random.Next(1, 64 * 1024)];
        random.NextBytes(bytes);
        return bytes;
    }

    /// <summary>A few frames of all kinds, as a client or a server sends them, more or less whole.</summary>
    public static byte[] Frames(Random random, bool masked)
    {
        List<byte> frames = [];
        for (int i = random.Next(1, 40); i > 0; i--) AddMessage(frames, random, masked);
        return Damage(random, [.. frames]);
    }

    /// <summary>A few requests, with and without bodies, upgrades among them, more or less whole.</summary>
    public static byte[] Requests(Random random)
    {
        StringBuilder requests = new();
        for (int i = random.Next(1, 10); i > 0; i--) AddRequest(requests, random);
        return Damage(random, Encoding.Latin1.GetBytes(requests.ToString()));
    }

    /// <summary>What a server might say instead of a 101, more or less whole.</summary>
    public static byte[] Reply(Random random)
    {
        string head = random.Next(4) switch
        {
            0 => RawPeer.UpgradeReply("Sec-WebSocket-Key: AAAAAAAAAAAAAAAAAAAAAA==\r\n"),
            1 => "HTTP/1.1 200 OK\r\nContent-Type: text/html\r\nContent-Length: 20\r\n\r\n<html>hello</html>\r\n",
            2 => "HTTP/1.1 101 Switching Protocols\r\n" + string.Concat(Enumerable.Range(0, random.Next(200)).Select(number => $"X-{number}: {number}\r\n")),
            _ => "HTTP/1.1 301 Moved\r\nLocation: ws://127.0.0.1/\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\n",
        };
        return Damage(random, Encoding.Latin1.GetBytes(head));
    }

    /// <summary>Leaves half of the pieces alone, and does one to three things to the others.</summary>
    public static byte[] Damage(Random random, byte[] bytes)
    {
        if (random.Next(2) == 0) return bytes;

        List<byte> damaged = [.. bytes];
        for (int i = random.Next(1, 4); i > 0 && damaged.Count > 0; i--)
        {
            int at = random.Next(damaged.Count);
            int length = Math.Min(random.Next(1, 9), damaged.Count - at);
            switch (random.Next(5))
            {
                case 0:
                    damaged[at] ^= (byte)(1 << random.Next(8));
                    break;
                case 1:
                    damaged[at] = (byte)random.Next(256);
                    break;
                case 2:
                    damaged.RemoveRange(at, length);
                    break;
                case 3:
                    damaged.InsertRange(at, damaged.GetRange(at, length));
                    break;
                default:
                    damaged.RemoveRange(at, damaged.Count - at);
                    break;
            }
        }

        return [.. damaged];
    }

    private static void AddMessage(List<byte> frames, Random random, bool masked)
    {
        switch (random.Next(10))
        {
            case 0:
                AddFrame(frames, random, masked, 9, RandomBytes(random, 125), isFinal: true);
                return;
            case 1:
                AddFrame(frames, random, masked, 10, RandomBytes(random, 125), isFinal: true);
                return;
            case 2 when random.Next(20) == 0:
                AddFrame(frames, random, masked, 8, RawFrame.ClosePayload(1000 + random.Next(20), "bye"), isFinal: true);
                return;
            default:
                AddDataMessage(frames, random, masked);
                return;
        }
    }

    private static void AddDataMessage(List<byte> frames, Random random, bool masked)
    {
        bool isText = random.Next(2) == 0;
        int fragments = random.Next(3) == 0 ? random.Next(1, 6) : 1;
        for (int i = 0; i < fragments; i++)
        {
            byte[] payload = isText ? RandomText(random) : RandomBytes(random, random.Next(30) == 0 ? 70_000 : 300);
            AddFrame(frames, random, masked, i > 0 ? (byte)0 : isText ? (byte)1 : (byte)2, payload, isFinal: i == fragments - 1);
            if (i < fragments - 1 && random.Next(8) == 0) AddFrame(frames, random, masked, 9, RandomBytes(random, 20), isFinal: true);
        }
    }

    private static void AddFrame(List<byte> frames, Random random, bool masked, byte opcode, byte[] payload, bool isFinal) =>
        frames.AddRange(RawFrame.Write(opcode, payload, isFinal, masked ? (uint)random.NextInt64(uint.MaxValue) : null));

    private static void AddRequest(StringBuilder requests, Random random)
    {
        switch (random.Next(6))
        {
            case 0:
                requests.Append(RawPeer.UpgradeRequest(fields: "Origin: http://test\r\n"));
                return;
            case 1:
                string body = new('b', random.Next(2000));
                requests.Append($"POST /length HTTP/1.1\r\nHost: test\r\nContent-Length: {body.Length}\r\n\r\n{body}");
                return;
            case 2:
                requests.Append("POST /chunks HTTP/1.1\r\nHost: test\r\nTransfer-Encoding: chunked\r\n\r\n");
                for (int i = random.Next(5); i > 0; i--) requests.Append($"{i:x};a=b\r\n{new string('c', i)}\r\n");
                requests.Append("0\r\nX-Trailer: t\r\n\r\n");
                return;
            case 3:
                requests.Append($"HEAD /%{random.Next(256):x2}/../.. HTTP/1.{random.Next(3)}\r\nHost: test\r\nConnection: {(random.Next(9) == 0 ? "close" : "keep-alive")}\r\n\r\n");
                return;
            default:
                requests.Append($"GET /{new string('p', random.Next(300))}?q HTTP/1.1\r\nHost: test\r\n");
                for (int i = random.Next(20); i > 0; i--) requests.Append($"X-{i}: {new string('v', random.Next(100))}\r\n");
                requests.Append("\r\n");
                return;
        }
    }

    private static byte[] RandomBytes(Random random, int most)
    {
        byte[] bytes = new byte[random.Next(most + 1)];
        random.NextBytes(bytes);
        return bytes;
    }

    private static byte[] RandomText(Random random)
    {
        StringBuilder text = new();
        for (int i = random.Next(100); i > 0; i--) text.Append((string[])["a", "é", "€", "😀", " "], random.Next(5));
        return Encoding.UTF8.GetBytes(text.ToString());
    }

    private static void Append(this StringBuilder text, string[] characters, int index) => text.Append(characters[index]);
}
