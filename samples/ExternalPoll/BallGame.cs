using EventLoops;

namespace ExternalPoll;

/// <summary>The game, and what its players are told: where the ball is, as text, as often as their connections take it.</summary>
internal sealed class BallGame() : Protocol<NoSession>("game")
{
    private const int Width = 600;

    private int _position;
    private int _step = 1;

    /// <summary>The work of one frame.</summary>
    public void Advance()
    {
        _position = Math.Clamp(_position + _step, 0, Width);
        if (_position is 0 or Width)
            TurnRound();
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
        Span<byte> digits = stackalloc byte[11];
        _position.TryFormat(digits, out int length);
        connection.Write(digits[..length], MessageKind.Text);
        return CallbackResult.Continue;
    }
}
