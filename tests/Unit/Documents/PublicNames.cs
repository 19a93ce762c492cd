using System.Reflection;
using System.Text.RegularExpressions;

namespace EventLoops.Tests.Documents;

/// <summary>What the libraries offer, by name: <c>Type</c>, <c>Member</c> and <c>Type.Member</c>, without type parameters.</summary>
internal sealed partial class PublicNames
{
    private readonly HashSet<string> _names = new(StringComparer.Ordinal);

    public PublicNames(IEnumerable<string> publicApiLines)
    {
        foreach (string line in publicApiLines.Where(line => line.Length > 0 && !line.StartsWith('#'))) Add(line);
    }

    /// <summary>The names that the repository's own lists of its public surface hold.</summary>
    public static PublicNames OfRepository()
    {
        PublicNames names = new(RepositoryFiles.Under("src", ".txt")
            .Where(path => Path.GetFileName(path).StartsWith("PublicAPI.", StringComparison.Ordinal))
            .SelectMany(path => RepositoryFiles.Read(path).Split('\n')));

        // Only our own classes derive from Protocol, so the list leaves its overridable members out; users override them further down.
        foreach (MethodInfo method in typeof(Protocol).GetMethods(BindingFlags.Instance | BindingFlags.NonPublic))
        {
            if (method.IsFamily) names._names.Add(method.Name);
        }

        return names;
    }

    /// <summary>Whether there is what is written as <c>Connection.Close(code, reason)</c> or <c>Protocol&lt;TSession&gt;</c>.</summary>
    public bool Contains(string code) => _names.Contains(Plain(code));

    private static string Plain(string code) => TypeParameters().Replace(code.Split('(', '[')[0], "").Trim();

    private void Add(string line)
    {
        string name = Plain(Value().Replace(line, "")).Split(' ')[^1];
        string[] parts = [.. name.Split('.').Where(part => part is not ("get" or "set" or "init"))];
        _names.Add(parts[^1]);
        if (parts.Length > 1) _names.Add($"{parts[^2]}.{parts[^1]}");
    }

    /// <summary>What follows a name in a line of the list: the value of a constant, and the type.</summary>
    [GeneratedRegex(@"( = \S+)? -> .*$")]
    private static partial Regex Value();

    [GeneratedRegex("<[^>]*>")]
    private static partial Regex TypeParameters();
}
