using EventLoops;

namespace ExternalPoll;

/// <summary>The game, and what its players are told: where the ball is, as text, as often as their connections take it.</summary>
internal sealed class BallGame() : Protocol<NoSession>("game")
{
    private const int Width = 600;

    private PreparedMessage _news = NewsOf(0);
    private int _position;
    private int _step = 1;

    /// <summary>The work of one frame.</summary>
    public void Advance()
    {
        _position = Math.Clamp(_position + _step, 0, Width);
        if (_position is 0 or Width)
            TurnRound();
        _news = NewsOf(_position);
    }

    public void TurnRound() => _step = -_step;

    protected override CallbackResult OnReceive(Connection connection, ref NoSession session, ReadOnlySpan<byte> part, in MessageInfo info)
    {
        if (info.IsFinalFragment)
            TurnRound();
        return CallbackResult.Continue;
    }

    protected override CallbackResult OnWritable(Connection connection, ref NoSession session)
    {
        // A player that was too slow for some frames gets the newest position and never a queue of old ones.
        connection.Write(_news);
        return CallbackResult.Continue;
    }

    /// <summary>What all players are told of a frame is made once.</summary>
    private static PreparedMessage NewsOf(int position)
    {
        Span<byte> digits = stackalloc byte[11];
        position.TryFormat(digits, out int length);
        return new PreparedMessage(digits[..length], MessageKind.Text);
    }
}
