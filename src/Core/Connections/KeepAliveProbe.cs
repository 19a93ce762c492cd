namespace EventLoops;

/// <summary>What is known of a peer that has to give signs of life: by which rules, and since when one is awaited. A connection without keep-alive has none.</summary>
internal sealed class KeepAliveProbe(WebSocketKeepAlive rules)
{
    public WebSocketKeepAlive Rules => rules;

    /// <summary>When it was asked, or has shown by taking bytes that it is there; by the loop's clock.</summary>
    public long AskedAt { get; set; }

    /// <summary>How many bytes waited for the kernel at that moment.</summary>
    public int UnsentWhenAsked { get; set; }

    /// <summary>Whether the ping that asks still waits for the kernel.</summary>
    public bool IsPingOwed { get; set; }
}
