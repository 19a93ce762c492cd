using System.Reflection.Metadata;
using System.Reflection.PortableExecutable;
using System.Xml.Linq;

namespace EventLoops.Tests.Architecture;

/// <summary>Reads who uses whom from project files and from compiled assemblies, without loading either.</summary>
internal static class AssemblyFiles
{
    /// <summary>The arrows that a project file draws: its project references, by the name of the project that each points to.</summary>
    /// <param name="name">The project's own name, which is also its assembly's.</param>
    /// <param name="xml">The text of the project file.</param>
    public static IEnumerable<Arrow> ArrowsOfProject(string name, string xml) =>
        XDocument.Parse(xml).Descendants()
            .Where(element => element.Name.LocalName is "ProjectReference" or "PackageReference" or "Reference")
            .Select(element => element.Attribute("Include")?.Value)
            .OfType<string>()
            .Select(include => new Arrow(name, NameOf(include)));

    /// <summary>The arrows that the compiler kept: the assemblies whose types are really used.</summary>
    public static IReadOnlyList<Arrow> ArrowsOfAssembly(string path)
    {
        using FileStream file = File.OpenRead(path);
        using PEReader image = new(file);
        MetadataReader metadata = image.GetMetadataReader();
        string name = metadata.GetString(metadata.GetAssemblyDefinition().Name);
        return [.. metadata.AssemblyReferences
            .Select(handle => metadata.GetString(metadata.GetAssemblyReference(handle).Name))
            .Select(reference => new Arrow(name, reference))];
    }

    private static string NameOf(string include)
    {
        string file = include.Replace('\\', '/').Split('/')[^1];
        return file.EndsWith(".csproj", StringComparison.Ordinal) ? file[..^".csproj".Length] : file;
    }
}
