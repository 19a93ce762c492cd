namespace EventLoops.Tests;

/// <summary>A folder of its own for the files of a test, which is gone with it.</summary>
public sealed class SiteFolder : IDisposable
{
    private readonly DirectoryInfo _folder = Directory.CreateTempSubdirectory("eventloops-");

    /// <summary>Where it is.</summary>
    public string Path => _folder.FullName;

    /// <summary>Long ago, so that no clock of a test is behind it.</summary>
    public static DateTime Written { get; } = new(1999, 12, 31, 23, 59, 59, DateTimeKind.Utc);

    /// <summary>The full path of a name in it.</summary>
    public string this[string name] => System.IO.Path.Combine(Path, name);

    /// <summary>Writes a text, and the folders that it lies in.</summary>
    public string Write(string name, string text) => Write(name, System.Text.Encoding.UTF8.GetBytes(text));

    /// <summary>Writes bytes, and the folders that they lie in.</summary>
    public string Write(string name, ReadOnlySpan<byte> bytes)
    {
        string path = this[name];
        Directory.CreateDirectory(System.IO.Path.GetDirectoryName(path)!);
        File.WriteAllBytes(path, bytes);
        File.SetLastWriteTimeUtc(path, Written);
        return path;
    }

    /// <summary>Writes bytes that are the same for the same size.</summary>
    public byte[] WriteRandom(string name, int size)
    {
        byte[] bytes = new byte[size];
        new Random(size).NextBytes(bytes);
        Write(name, bytes);
        return bytes;
    }

    /// <summary>Writes a large file that is mostly a hole, so that it costs no disk. What lies in it tells one place from another.</summary>
    /// <param name="name">Its name.</param>
    /// <param name="size">Its size in bytes: a mebibyte or more.</param>
    /// <returns>Its SHA-256.</returns>
    public async Task<byte[]> WriteMostlyHoleAsync(string name, long size)
    {
        const int Blocks = 8;
        byte[] block = new byte[1024 * 1024];
        await using FileStream file = File.Create(this[name]);
        file.SetLength(size);
        for (int i = 0; i < Blocks; i++)
        {
            new Random(i).NextBytes(block);
            file.Position = (size - block.Length) / (Blocks - 1) * i;
            await file.WriteAsync(block);
        }

        file.Position = 0;
        return await System.Security.Cryptography.SHA256.HashDataAsync(file);
    }

    /// <summary>Writes a program for the shell that may be run.</summary>
    public string WriteScript(string name, string script)
    {
        string path = Write(name, "#!/bin/sh\n" + script.ReplaceLineEndings("\n"));

        // Everything here runs on Linux only, which the analyzer cannot know.
#pragma warning disable CA1416
        File.SetUnixFileMode(path, UnixFileMode.UserRead | UnixFileMode.UserWrite | UnixFileMode.UserExecute);
#pragma warning restore CA1416
        return path;
    }

    /// <inheritdoc/>
    public void Dispose() => _folder.Delete(recursive: true);
}
