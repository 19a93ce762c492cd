using EventLoops.Protocols.WebSocket;

namespace EventLoops;

/// <summary>Why a connection was closed as soon as it was accepted.</summary>
internal enum TurnAwayReason : byte
{
    AddressLimit,
    ConnectionLimit,
    Filter,
    NoDescriptor,
    UntrustedProxy,
}

/// <summary>
/// What happens on one service thread, as plain numbers, for <see cref="ContextStatistics"/> and <see cref="LoopMetrics"/>: its thread counts, without a lock and without an interlocked step, and whoever looks on reads each of
/// them by itself. A number that is read while it grows is the old one or the new one, since all are of one machine word.
/// </summary>
internal sealed class ThreadCounters
{
    public const int Received = 0;
    public const int Sent = 1;
    public const int FirstCode = 1000;
    public const int CodeCount = 17;

    public static readonly int StateCount = Enum.GetValues<ConnectionState>().Length;
    public static readonly int OriginCount = Enum.GetValues<CloseOrigin>().Length;
    public static readonly int TurnAwayReasonCount = Enum.GetValues<TurnAwayReason>().Length;

    // A frame's opcode has four bits (RFC 6455 5.2).
    private const int Opcodes = 16;
    private const int OtherCode = CodeCount - 1;
    private const int Roles = 2;
    private const int Directions = 2;

    // ProtocolFault has its numbers below 700, and a status lies below 600.
    private const int Faults = 700;
    private const int Statuses = 600;

    private readonly long[] _connections = new long[Roles * StateCount];
    private readonly long[] _turnedAway = new long[TurnAwayReasonCount];
    private readonly long[] _faults = new long[Faults];
    private readonly long[] _statuses = new long[Statuses];
    private readonly long[] _frames = new long[Directions * Opcodes];
    private readonly long[] _frameBytes = new long[Directions * Opcodes];
    private readonly long[] _bytes = new long[Directions];
    private readonly long[] _closes = new long[CodeCount * OriginCount];
    private readonly long[] _handshakes = new long[2];
    private long _accepted;
    private long _resetEarly;
    private long _refused;
    private long _requests;
    private long _stalls;
    private long _turns;
    private long _turnTime;
    private long _longestTurn;

    public long Accepted => Volatile.Read(ref _accepted);

    public long TurnedAway => _turnedAway.Sum();

    public long ResetEarly => Volatile.Read(ref _resetEarly);

    public long Refused => Volatile.Read(ref _refused);

    public long Requests => Volatile.Read(ref _requests);

    public long Stalls => Volatile.Read(ref _stalls);

    public long Turns => Volatile.Read(ref _turns);

    /// <summary>Milliseconds between the wait's end and the end of the turn, all together; counted while somebody looks.</summary>
    public long TurnTime => Volatile.Read(ref _turnTime);

    public long ConnectionsIn(bool isServer, ConnectionState state) => Volatile.Read(ref _connections[Place(isServer, state)]);

    public long TurnedAwayBy(TurnAwayReason reason) => Volatile.Read(ref _turnedAway[(int)reason]);

    public long RefusalsBy(ProtocolFault fault) => Volatile.Read(ref _faults[(int)fault]);

    public long RefusalsWith(int status) => Volatile.Read(ref _statuses[status]);

    public long Frames(int direction, byte opcode) => Volatile.Read(ref _frames[(direction * Opcodes) + opcode]);

    public long FrameBytes(int direction, byte opcode) => Volatile.Read(ref _frameBytes[(direction * Opcodes) + opcode]);

    public long Bytes(int direction) => Volatile.Read(ref _bytes[direction]);

    public long Closes(int code, CloseOrigin origin) => Volatile.Read(ref _closes[(code * OriginCount) + (int)origin]);

    public long Handshakes(bool succeeded) => Volatile.Read(ref _handshakes[succeeded ? 1 : 0]);

    /// <summary>The longest turn since the last look, in milliseconds.</summary>
    public long TakeLongestTurn() => Interlocked.Exchange(ref _longestTurn, 0);

    public void Begin(bool isServer, ConnectionState state) => _connections[Place(isServer, state)]++;

    public void Move(bool isServer, ConnectionState from, ConnectionState to)
    {
        _connections[Place(isServer, from)]--;
        _connections[Place(isServer, to)]++;
    }

    public void Forget(bool isServer, ConnectionState state) => _connections[Place(isServer, state)]--;

    public void CountAccepted() => _accepted++;

    public void CountTurnedAway(TurnAwayReason reason) => _turnedAway[(int)reason]++;

    public void CountResetEarly() => _resetEarly++;

    public void CountRequest() => _requests++;

    public void CountRefused(ProtocolFault fault, int status)
    {
        _refused++;
        if (fault != ProtocolFault.None)
            _faults[Math.Min((int)fault, Faults - 1)]++;
        else
            _statuses[Math.Clamp(status, 0, Statuses - 1)]++;
    }

    public void CountBytes(int direction, int count) => _bytes[direction] += count;

    public void CountSent(byte opcode, int payload)
    {
        int place = (Sent * Opcodes) + (opcode & 0xF);
        _frames[place]++;
        _frameBytes[place] += payload;
    }

    public void CountReceived(byte opcode, int payload)
    {
        _frames[(Received * Opcodes) + opcode]++;
        _frameBytes[(Received * Opcodes) + opcode] += payload;
    }

    /// <summary>Part of a data frame. Its frame is counted with its last part, under the kind that its own header has.</summary>
    public void CountReceivedPart(in MessageInfo info, int payload)
    {
        byte opcode = !info.IsFirstFragment ? Opcode.Continuation : (byte)info.Kind;
        _frameBytes[(Received * Opcodes) + opcode] += payload;
        if (info.RemainingPayload == 0)
            _frames[(Received * Opcodes) + opcode]++;
    }

    public void CountClose(in CloseInfo close)
    {
        int code = (int)close.Code - FirstCode;
        _closes[((code is < 0 or >= OtherCode ? OtherCode : code) * OriginCount) + (int)close.Origin]++;
    }

    public void CountHandshake(bool succeeded) => _handshakes[succeeded ? 1 : 0]++;

    public void CountStall() => _stalls++;

    public void CountTurn(long milliseconds)
    {
        _turns++;
        _turnTime += milliseconds;
        if (milliseconds > Volatile.Read(ref _longestTurn))
            Volatile.Write(ref _longestTurn, milliseconds);
    }

    /// <summary>Takes over the sums of a thread that has gone, so that no sum ever becomes smaller. What it had at its end is nothing.</summary>
    public void TakeOver(ThreadCounters gone)
    {
        Add(_turnedAway, gone._turnedAway);
        Add(_faults, gone._faults);
        Add(_statuses, gone._statuses);
        Add(_frames, gone._frames);
        Add(_frameBytes, gone._frameBytes);
        Add(_bytes, gone._bytes);
        Add(_closes, gone._closes);
        Add(_handshakes, gone._handshakes);
        _accepted += gone._accepted;
        _resetEarly += gone._resetEarly;
        _refused += gone._refused;
        _requests += gone._requests;
        _stalls += gone._stalls;
        _turns += gone._turns;
        _turnTime += gone._turnTime;
    }

    private static void Add(long[] sums, long[] more)
    {
        for (int i = 0; i < sums.Length; i++)
            sums[i] += more[i];
    }

    private static int Place(bool isServer, ConnectionState state) => ((isServer ? 1 : 0) * StateCount) + (int)state;
}
