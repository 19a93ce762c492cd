namespace EventLoops.Tests;

/// <summary>The files of the repository that the running tests were built from.</summary>
public static class RepositoryFiles
{
    private static readonly string[] FoldersOfOthers = ["bin", "obj", "node_modules", "TestResults"];

    /// <summary>The folder that holds <c>EventLoops.sln</c>, found upwards from where the test runs.</summary>
    public static string Root { get; } = FindRoot(AppContext.BaseDirectory);

    /// <summary>Every file below <paramref name="folder"/> that we wrote: build output and installed packages are left out.</summary>
    /// <param name="folder">Relative to <see cref="Root"/>. A folder that does not exist has no files.</param>
    /// <param name="extensions">What the names end with, each with its dot; none means every file.</param>
    /// <returns>Paths relative to <see cref="Root"/>, with forward slashes, in ordinal order.</returns>
    public static IReadOnlyList<string> Under(string folder, params string[] extensions)
    {
        DirectoryInfo start = new(Path.Combine(Root, folder));
        if (!start.Exists) return [];
        return [.. Walk(start)
            .Where(file => extensions.Length == 0 || extensions.Contains(file.Extension, StringComparer.Ordinal))
            .Select(file => Path.GetRelativePath(Root, file.FullName))
            .Order(StringComparer.Ordinal)];
    }

    /// <summary>The text of a file.</summary>
    /// <param name="relativePath">Relative to <see cref="Root"/>.</param>
    public static string Read(string relativePath) => File.ReadAllText(Path.Combine(Root, relativePath));

    private static IEnumerable<FileInfo> Walk(DirectoryInfo folder)
    {
        foreach (FileInfo file in folder.EnumerateFiles()) yield return file;
        foreach (DirectoryInfo inner in folder.EnumerateDirectories())
        {
            if (FoldersOfOthers.Contains(inner.Name, StringComparer.Ordinal)) continue;
            foreach (FileInfo file in Walk(inner)) yield return file;
        }
    }

    private static string FindRoot(string from)
    {
        for (DirectoryInfo? folder = new(from); folder is not null; folder = folder.Parent)
        {
            if (File.Exists(Path.Combine(folder.FullName, "EventLoops.sln"))) return folder.FullName;
        }

        throw new DirectoryNotFoundException($"No folder above {from} holds EventLoops.sln.");
    }
}
