using EventLoops.Protocols.Http;

namespace EventLoops;

/// <summary>What a user decides about an upgrade inside of <c>OnUpgrading</c>, beyond yes and no.</summary>
internal sealed partial class HttpServerRole
{
    // What clients accept as a head: 16 KiB for Node.js, 32 KiB for us. Beside these fields a reply has a few hundred bytes.
    private const int MaxReplyFields = 15 * 1024;

    private UpgradeDecision? _decision;
    private bool _isUpgrading;

    /// <summary>Adds a field to the 101. See <see cref="Connection.AddReplyField"/>.</summary>
    public void AddReplyField(HttpField field)
    {
        CheckUpgrading(nameof(Connection.AddReplyField));
        UpgradeDecision decision = _decision ??= new UpgradeDecision();
        decision.Add(field, nameof(field));
    }

    /// <summary>Answers something else than 101, when the callback is over. See <see cref="Connection.RefuseUpgrade"/>.</summary>
    public void RefuseUpgrade(int status, ReadOnlySpan<HttpField> fields)
    {
        CheckUpgrading(nameof(Connection.RefuseUpgrade));
        if (status is < 300 or > 599)
            throw new ArgumentOutOfRangeException(nameof(status), status, "An upgrade is refused with a status from 300 to 599.");

        UpgradeDecision refusal = new() { Status = status };
        foreach (HttpField field in fields)
            refusal.Add(field, nameof(fields));
        _decision = refusal;
    }

    /// <summary>Asks the user, and takes down what it decided.</summary>
    private CallbackOutcome RaiseUpgrading()
    {
        _decision = null;
        _isUpgrading = true;
        CallbackOutcome outcome = Connection.Raise(CallbackReason.FilterProtocolConnection);
        _isUpgrading = false;
        return outcome;
    }

    /// <summary>The user did not want the upgrade: its own answer, or 403, or 500 when it threw.</summary>
    private void RefuseUpgradeAfter(CallbackOutcome outcome)
    {
        UpgradeDecision? decision = _decision;
        _decision = null;
        if (outcome == CallbackOutcome.Failed || decision is not { IsRefusal: true })
        {
            RefuseAfter(outcome);
            return;
        }

        CloseInfo close = new() { Code = WebSocketCloseCode.Abnormal, Origin = CloseOrigin.Local };
        Refuse(decision.Status, "the upgrade was refused", close, decision.Fields);
    }

    private bool IsRefusedAfter(CallbackOutcome outcome) => outcome != CallbackOutcome.Continue || _decision is { IsRefusal: true };

    private void WriteAddedFields(ref HeadWriter writer)
    {
        if (_decision is null)
            return;

        foreach (HttpField field in _decision.Fields)
            writer.Field(field.Name, field.Value);
        _decision = null;
    }

    private void CheckUpgrading(string member)
    {
        if (!_isUpgrading)
            throw new InvalidOperationException($"{nameof(Connection)}.{member} belongs into OnUpgrading.");
    }

    /// <summary>Fields for the reply, and the status if it is not to be 101.</summary>
    private sealed class UpgradeDecision
    {
        private readonly List<HttpField> _fields = [];
        private int _length;

        public int Status { get; init; }

        public bool IsRefusal => Status != 0;

        public ReadOnlySpan<HttpField> Fields => System.Runtime.InteropServices.CollectionsMarshal.AsSpan(_fields);

        public void Add(HttpField field, string parameter)
        {
            RequestHead.Check(field);
            if (ReservedReplyFields.Contains(field.Name))
                throw new ArgumentException($"The field {field.Name} is the library's own in a reply to an upgrade.", parameter);

            int length = field.Name.Length + field.Value.Length + ": \r\n".Length;
            if (_length + length > MaxReplyFields)
                throw new ArgumentException($"The fields of a reply have at most {MaxReplyFields} bytes together.", parameter);

            _length += length;
            _fields.Add(field);
        }
    }
}
