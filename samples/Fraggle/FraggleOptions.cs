using System.Net;

namespace Fraggle;

/// <summary>What the command line asked for.</summary>
/// <param name="Server">Whom to connect to; null to be the server.</param>
/// <param name="EndPoint">Where the server listens.</param>
/// <param name="Count">How many messages the client exchanges each way; 0 for no end.</param>
/// <param name="MostFragments">The most fragments of a message.</param>
/// <param name="LongestFragment">The most bytes of a fragment.</param>
/// <param name="Seed">What the random numbers begin with, so that a run can be repeated.</param>
internal sealed record FraggleOptions(Uri? Server, IPEndPoint EndPoint, long Count, int MostFragments, int LongestFragment, int Seed);
