using System.Globalization;
using System.Net.WebSockets;
using Xunit;

namespace EventLoops.Tests.Interop;

/// <summary>What one side wants of permessage-deflate, written as the parameters of RFC 7692 7.1, and told to each library in its own words.</summary>
internal sealed record DeflateWishes(bool ServerForgets, bool ClientForgets, int ServerBits, int ClientBits)
{
    private const int LargestBits = 15;

    private static readonly string[] s_takeovers =
        ["", "server_no_context_takeover", "client_no_context_takeover", "server_no_context_takeover; client_no_context_takeover"];

    private static readonly string[] s_windows = ["", "server_max_window_bits=9; client_max_window_bits=9", "server_max_window_bits=12", "client_max_window_bits=10"];

    /// <summary>Everything that a side may want of context takeover, with some windows.</summary>
    public static string[] All { get; } = [.. s_windows.SelectMany(window => s_takeovers, Join)];

    /// <summary>The same with every window that zlib can compress with.</summary>
    public static TheoryData<string> WithEveryWindow() => [.. Enumerable.Range(9, 7)
        .Select(bits => $"server_max_window_bits={bits}; client_max_window_bits={bits}")
        .SelectMany(window => s_takeovers, Join)];

    /// <summary>All wishes with each library that can fulfil them: the framework's has one window.</summary>
    public static TheoryData<DeflateLibrary, string> WithEveryLibrary()
    {
        TheoryData<DeflateLibrary, string> data = [];
        foreach (DeflateLibrary library in Enum.GetValues<DeflateLibrary>())
        {
            foreach (string wishes in library == DeflateLibrary.Framework ? s_takeovers : All) data.Add(library, wishes);
        }

        return data;
    }

    public static DeflateWishes Parse(string text)
    {
        DeflateWishes wishes = new(false, false, LargestBits, LargestBits);
        foreach (string parameter in text.Split(';', StringSplitOptions.TrimEntries | StringSplitOptions.RemoveEmptyEntries))
        {
            string[] words = parameter.Split('=');
            wishes = words[0] switch
            {
                "server_no_context_takeover" => wishes with { ServerForgets = true },
                "client_no_context_takeover" => wishes with { ClientForgets = true },
                "server_max_window_bits" => wishes with { ServerBits = int.Parse(words[1], CultureInfo.InvariantCulture) },
                "client_max_window_bits" => wishes with { ClientBits = int.Parse(words[1], CultureInfo.InvariantCulture) },
                _ => throw new ArgumentException($"'{parameter}' is no parameter.", nameof(text)),
            };
        }

        return wishes;
    }

    /// <summary>For our server and our client. Every message is compressed, so that small ones are tested too.</summary>
    public PermessageDeflate ToExtension(DeflateLibrary library) => new()
    {
        ServerNoContextTakeover = ServerForgets,
        ClientNoContextTakeover = ClientForgets,
        ServerMaxWindowBits = ServerBits,
        ClientMaxWindowBits = ClientBits,
        MinMessageSize = 0,
        Library = library,
    };

    /// <summary>For the runtime's client.</summary>
    public WebSocketDeflateOptions ToClientOptions() => new()
    {
        ServerContextTakeover = !ServerForgets,
        ClientContextTakeover = !ClientForgets,
        ServerMaxWindowBits = ServerBits,
        ClientMaxWindowBits = ClientBits,
    };

    /// <summary>The parameters again.</summary>
    public override string ToString()
    {
        List<string> parts = [];
        if (ServerForgets) parts.Add("server_no_context_takeover");
        if (ClientForgets) parts.Add("client_no_context_takeover");
        if (ServerBits < LargestBits) parts.Add($"server_max_window_bits={ServerBits}");
        if (ClientBits < LargestBits) parts.Add($"client_max_window_bits={ClientBits}");
        return string.Join("; ", parts);
    }

    /// <summary>What both sides agree on has to say at least what one of them wanted.</summary>
    public void AssertAreIn(string agreed)
    {
        HashSet<string> parts = new(agreed.Split(';', StringSplitOptions.TrimEntries), StringComparer.Ordinal);
        Assert.Contains("permessage-deflate", parts);
        if (ServerForgets) Assert.Contains("server_no_context_takeover", parts);
        if (ClientForgets) Assert.Contains("client_no_context_takeover", parts);
        if (ServerBits < LargestBits) Assert.Contains($"server_max_window_bits={ServerBits}", parts);
        if (ClientBits < LargestBits) Assert.Contains($"client_max_window_bits={ClientBits}", parts);
    }

    private static string Join(string window, string takeover) => window.Length > 0 && takeover.Length > 0 ? $"{takeover}; {window}" : takeover + window;
}
