using System.Security.Authentication;
using FsCheck;
using FsCheck.Xunit;
using Xunit;

namespace EventLoops.Tests.Tls;

/// <summary>What holds for the TLS engine whatever is said and wherever the wire cuts it. The other side is our own engine or the framework's SslStream.</summary>
public sealed class TlsEngineProperties
{
    /// <summary>Who sits at the other end of the wire.</summary>
    public enum Other
    {
        Engine,
        SslStreamAsClient,
        SslStreamAsServer,
    }

    public static TheoryData<Other, bool> Others =>
    [
        .. from other in Enum.GetValues<Other>() from isTls12 in new[] { false, true } select (other, isTls12),
    ];

    public static TheoryData<bool, bool> Directions => new() { { false, false }, { false, true }, { true, false }, { true, true } };

    [Property(MaxTest = 80)]
    public void What_is_said_arrives_whole_and_in_order_at_any_cut(Other other, bool isTls12, (bool FromClient, ushort Size)[] said, ushort[] cuts, byte plaintextRoom)
    {
        using TlsWire wire = New(other, isTls12, [.. cuts.Select(cut => cut % 700)], 1 + (plaintextRoom * 37)).Open();
        List<byte> fromClient = [];
        List<byte> fromServer = [];
        Random random = new(said.Length);
        foreach ((bool isFromClient, ushort size) in said)
        {
            byte[] bytes = new byte[size];
            random.NextBytes(bytes);
            (isFromClient ? wire.Client : wire.Server).Write(bytes);
            (isFromClient ? fromClient : fromServer).AddRange(bytes);
            if (size % 3 == 0) wire.Flow();
        }

        wire.Flow();

        Assert.Equal(fromClient, wire.Server.Received);
        Assert.Equal(fromServer, wire.Client.Received);
        Assert.False(wire.Client.IsEnded || wire.Server.IsEnded || wire.Client.IsBroken || wire.Server.IsBroken);
    }

    [Theory]
    [MemberData(nameof(Others))]
    public void Byte_by_byte_is_as_good_as_all_at_once(Other other, bool isTls12)
    {
        using TlsWire wire = New(other, isTls12, Enumerable.Repeat(1, 100_000), plaintextRoom: 1).Open();

        wire.Client.Write("from the client"u8);
        wire.Server.Write("from the server"u8);
        wire.Client.End();
        wire.Flow();

        Assert.Equal("from the client"u8, wire.Server.Received.ToArray());
        Assert.Equal("from the server"u8, wire.Client.Received.ToArray());
        Assert.True(wire.Server.IsEnded);
    }

    [Theory]
    [MemberData(nameof(Others))]
    public void Each_side_ends_its_own_half(Other other, bool isTls12)
    {
        using TlsWire wire = New(other, isTls12, [], 1024).Open();

        wire.Server.Write("the last"u8);
        wire.Server.End();
        wire.Flow();
        Assert.True(wire.Client.IsEnded);
        Assert.False(wire.Server.IsEnded);
        Assert.Equal("the last"u8, wire.Client.Received.ToArray());

        if (other == Other.Engine)
        {
            // RFC 8446 6.1: the other half goes on.
            wire.Client.Write("still here"u8);
            wire.Flow();
            Assert.Equal("still here"u8, wire.Server.Received.ToArray());
        }

        wire.Client.End();
        wire.Flow();
        Assert.True(wire.Server.IsEnded);
        Assert.False(wire.Client.IsBroken || wire.Server.IsBroken);
    }

    [Theory]
    [InlineData(false)]
    [InlineData(true)]
    public void Without_close_notify_no_cut_looks_like_an_end(bool isTls12)
    {
        using TlsWire whole = TlsWire.OfEngines(Version(isTls12)).Open();
        whole.Client.Write("0123456789"u8);
        whole.Client.End();
        byte[] ciphertext = whole.Client.Take(int.MaxValue);

        for (int cut = 0; cut < ciphertext.Length; cut++)
        {
            using TlsWire wire = TlsWire.OfEngines(Version(isTls12)).Open();
            wire.Client.Write("0123456789"u8);
            wire.Client.End();
            wire.Server.Feed(wire.Client.Take(cut));
            Assert.False(wire.Server.IsEnded || wire.Server.IsBroken);
            wire.Server.Feed(wire.Client.Take(int.MaxValue));
            Assert.True(wire.Server.IsEnded);
        }
    }

    [Theory]
    [MemberData(nameof(Directions))]
    public void A_damaged_byte_of_a_handshake_is_a_fault_and_nothing_worse(bool isTls12, bool isFromClient)
    {
        int length = LengthOfHandshake(isTls12, isFromClient);
        Assert.InRange(length, 100, 10_000);
        for (int place = 0; place < length; place++)
        {
            using TlsWire wire = TlsWire.OfEngines(Version(isTls12));
            int passed = 0;
            int damaged = place;
            wire.Tamper = (bytes, fromClient) =>
            {
                if (fromClient != isFromClient) return;
                if (damaged >= passed && damaged < passed + bytes.Length) bytes[damaged - passed] ^= 0x55;
                passed += bytes.Length;
            };
            wire.Server.Start();
            wire.Client.Start();
            wire.Flow();
            AssertBrokenOrUnharmed(wire);
        }
    }

    [Property(MaxTest = 300)]
    public void Random_bytes_are_a_fault_or_too_few_and_nothing_worse(byte[] bytes, bool isServer, bool looksLikeTls)
    {
        using EnginePeer peer = new(isServer ? TlsWire.NewServer() : TlsWire.NewClient());
        peer.Start();
        if (looksLikeTls) bytes = [0x16, 3, 1, (byte)(bytes.Length >> 8), (byte)bytes.Length, .. bytes];

        peer.Feed(bytes);
        peer.Feed(bytes);

        Assert.False(peer.IsReady);
        if (peer.IsBroken) Assert.NotEmpty(peer.Engine.FaultReason);
    }

    [Theory]
    [InlineData(false)]
    [InlineData(true)]
    public void A_damaged_record_is_a_fault_and_the_data_before_it_is_not_lost(bool isTls12)
    {
        for (int place = 0; place < 40; place++)
        {
            using TlsWire wire = TlsWire.OfEngines(Version(isTls12)).Open();
            EnginePeer server = (EnginePeer)wire.Server;
            wire.Client.Write("good"u8);
            int good = wire.Client.Outgoing.Count;
            wire.Client.Write("bad, and long enough to hold every place"u8);
            byte[] both = wire.Client.Take(int.MaxValue);
            both[good + place] ^= 0x40;

            server.Feed(both);

            Assert.Equal("good"u8, server.Received.ToArray());
            Assert.False(server.IsEnded);

            // A length that was made larger asks for bytes that do not come.
            if (place is 3 or 4) continue;
            Assert.True(server.IsBroken);
            Assert.Equal(ProtocolFault.TlsRecordInvalid, server.Engine.Fault);
            Assert.NotEmpty(server.Outgoing);
        }
    }

    private static TlsWire New(Other other, bool isTls12, IEnumerable<int> cuts, int plaintextRoom) => other switch
    {
        Other.SslStreamAsClient => new TlsWire(SslStreamPeer.Client(Version(isTls12)), new EnginePeer(TlsWire.NewServer(), plaintextRoom), cuts),
        Other.SslStreamAsServer => new TlsWire(new EnginePeer(TlsWire.NewClient(), plaintextRoom), SslStreamPeer.Server(Version(isTls12)), cuts),
        _ => new TlsWire(new EnginePeer(TlsWire.NewClient(), plaintextRoom, handshakeRoom: plaintextRoom), new EnginePeer(TlsWire.NewServer(Version(isTls12)), plaintextRoom, handshakeRoom: plaintextRoom), cuts),
    };

    private static SslProtocols Version(bool isTls12) => isTls12 ? SslProtocols.Tls12 : SslProtocols.Tls13;

    private static int LengthOfHandshake(bool isTls12, bool isFromClient)
    {
        using TlsWire wire = TlsWire.OfEngines(Version(isTls12));
        int length = 0;
        wire.Tamper = (bytes, fromClient) => length += fromClient == isFromClient ? bytes.Length : 0;
        wire.Open();
        return length;
    }

    /// <summary>Either somebody has noticed, or waits for bytes that do not come, or the byte did not matter, and then everything works.</summary>
    private static void AssertBrokenOrUnharmed(TlsWire wire)
    {
        EnginePeer[] both = [(EnginePeer)wire.Client, (EnginePeer)wire.Server];
        foreach (EnginePeer peer in both)
        {
            if (peer.IsBroken) Assert.NotEmpty(peer.Engine.FaultReason);
        }

        if (!Array.TrueForAll(both, peer => peer.IsReady && !peer.IsBroken)) return;

        wire.Client.Write("still fine"u8);
        wire.Flow();
        Assert.True(both[1].IsBroken || both[1].Received.Count is 0 or 10);
    }
}
