using System.Runtime.InteropServices;

namespace TestServer.Site;

/// <summary>Where a path leads, all links followed, by <c>realpath(3)</c>: .NET follows only a link that is the last part of it.</summary>
internal static partial class RealPath
{
    /// <summary>The path without links and dots; null when there is nothing at it.</summary>
    public static string? Of(string path)
    {
        nint real = ResolvePath(path, 0);
        try
        {
            return Marshal.PtrToStringUTF8(real);
        }
        finally
        {
            FreeText(real);
        }
    }

    [LibraryImport("libc", EntryPoint = "realpath", StringMarshalling = StringMarshalling.Utf8)]
    private static partial nint ResolvePath(string path, nint buffer);

    [LibraryImport("libc", EntryPoint = "free")]
    private static partial void FreeText(nint text);
}
