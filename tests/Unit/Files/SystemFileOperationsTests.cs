using Xunit;

namespace EventLoops.Tests.Files;

/// <summary>The file system as file operations: what users do with them beside what mounts do.</summary>
public sealed class SystemFileOperationsTests : IDisposable
{
    private readonly SiteFolder _folder = new();

    public static TheoryData<SystemFileOperations> Both => [SystemFileOperations.Instance, SystemFileOperations.NoLinks];

    [Theory]
    [MemberData(nameof(Both))]
    public void A_file_is_written_appended_to_read_and_read_again_from_any_place(SystemFileOperations operations)
    {
        Directory.CreateDirectory(_folder["inner"]);
        Write(operations, FileUse.Create, "first and much longer");
        Write(operations, FileUse.Create, "second");
        Write(operations, FileUse.Append, " line");

        Assert.Equal(Errno.None, operations.Open(_folder.Path, "inner/file.txt", FileUse.Read, out OpenFile? file));
        using (file)
        {
            byte[] buffer = new byte[100];
            Assert.Equal((11, 11), (file!.Length, file.Read(buffer).Value));
            Assert.Equal("second line"u8, buffer.AsSpan(0, 11));
            Assert.Equal((11, 0), (file.Position, file.Read(buffer).Value));
            Assert.Equal(Errno.None, file.Seek(7));
            Assert.Equal("line"u8, buffer.AsSpan(0, file.Read(buffer).Value));
            Assert.False(file.HasChanged);
            Assert.True(file.Write("x"u8).IsError);
        }
    }

    [Theory]
    [MemberData(nameof(Both))]
    public void What_cannot_be_opened_says_why(SystemFileOperations operations)
    {
        _folder.Write("inner/file.txt", "text");
        Assert.Equal(Errno.ENOENT, operations.Open(_folder.Path, "none", FileUse.Read, out _));
        Assert.Equal(Errno.ENOENT, operations.Open("/no/such/folder", "file", FileUse.Read, out _));
        Assert.Equal(Errno.EISDIR, operations.Open(_folder.Path, "inner", FileUse.Read, out _));
        Assert.Equal(Errno.EISDIR, operations.Open(_folder.Path, "", FileUse.Read, out _));
        Assert.Equal(Errno.ENOENT, operations.Open(_folder.Path, "inner/file.txt/x", FileUse.Read, out _));
        Assert.Equal(Errno.ENOENT, operations.Open(_folder["inner"], "../inner/file.txt", FileUse.Read, out _));
        Assert.Equal(Errno.ENOENT, operations.Open(_folder["inner"], "/etc/hostname", FileUse.Read, out _));
        Assert.Equal(Errno.ENOENT, operations.Open(_folder.Path, new string('x', 300), FileUse.Read, out _));
        Assert.Equal(Errno.ENOENT, operations.Open(_folder.Path, "a\0b", FileUse.Read, out _));
    }

    [Fact]
    public void A_file_that_was_written_to_has_changed_and_has_another_version()
    {
        _folder.Write("file.txt", "text");
        _ = SystemFileOperations.Instance.Open(_folder.Path, "file.txt", FileUse.Read, out OpenFile? before);
        using OpenFile? opened = before;
        File.AppendAllText(_folder["file.txt"], "more");
        _ = SystemFileOperations.Instance.Open(_folder.Path, "file.txt", FileUse.Read, out OpenFile? after);
        using OpenFile? reopened = after;

        Assert.True(before!.HasChanged);
        Assert.False(after!.HasChanged);
        Assert.NotEqual(before.Version, after.Version, StringComparer.Ordinal);
    }

    [Fact]
    public void Nothing_stays_open()
    {
        _folder.Write("a/b/c.txt", "text");
        for (int i = 0; i < 100; i++)
        {
            foreach (SystemFileOperations operations in new[] { SystemFileOperations.Instance, SystemFileOperations.NoLinks })
            {
                _ = operations.Open(_folder.Path, "a/b/c.txt", FileUse.Read, out OpenFile? file);
                file!.Dispose();
                file.Dispose();
                _ = operations.Open(_folder.Path, "a/b", FileUse.Read, out _);
                _ = operations.Open(_folder.Path, "a/b/none", FileUse.Read, out _);
            }
        }

        Assert.Empty(OpenIn(_folder.Path));
    }

    public void Dispose() => _folder.Dispose();

    /// <summary>What this process has open in a folder. Other tests open other things meanwhile.</summary>
    private static IEnumerable<string> OpenIn(string folder)
    {
        foreach (string path in Directory.GetFiles("/proc/self/fd"))
        {
            string? target = null;
            try
            {
                target = new FileInfo(path).LinkTarget;
            }
            catch (IOException)
            {
                // Closed by now.
            }

            if (target is not null && target.StartsWith(folder, StringComparison.Ordinal)) yield return target;
        }
    }

    private void Write(SystemFileOperations operations, FileUse use, string text)
    {
        Assert.Equal(Errno.None, operations.Open(_folder.Path, "inner/file.txt", use, out OpenFile? file));
        using (file) Assert.Equal(text.Length, file!.Write(System.Text.Encoding.ASCII.GetBytes(text)).Value);
    }
}
