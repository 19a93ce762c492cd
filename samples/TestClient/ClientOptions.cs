namespace TestClient;

/// <summary>What the command line asked for.</summary>
/// <param name="Uri">Where to connect to.</param>
/// <param name="Protocol">The protocol to ask for; null to ask for none.</param>
/// <param name="Count">After how many messages it is over; 0 for never, null for what suits the protocol.</param>
/// <param name="Size">How many bytes each message has.</param>
/// <param name="Rate">How many messages are sent in a second; 0 for as many as the connection takes.</param>
/// <param name="OffersDeflate">Whether to offer permessage-deflate.</param>
internal sealed record ClientOptions(Uri Uri, string? Protocol, long? Count, int Size, double Rate, bool OffersDeflate);
