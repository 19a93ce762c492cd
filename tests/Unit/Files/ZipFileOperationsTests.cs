using System.IO.Compression;
using Xunit;

namespace EventLoops.Tests.Files;

/// <summary>The inside of a zip archive as file operations.</summary>
public sealed class ZipFileOperationsTests : IDisposable
{
    private readonly SiteFolder _folder = new();
    private readonly byte[] _large = new byte[2_000_000];

    public ZipFileOperationsTests()
    {
        new Random(1).NextBytes(_large);
        using ZipArchive zip = ZipFile.Open(_folder["site.zip"], ZipArchiveMode.Create);
        Add(zip, "index.html", "page"u8, CompressionLevel.Optimal);
        Add(zip, "public/inner/stored.txt", "stored"u8, CompressionLevel.NoCompression);
        Add(zip, "large.bin", _large, CompressionLevel.Fastest);
        Add(zip, "numbers.txt", System.Text.Encoding.ASCII.GetBytes(string.Join(' ', Enumerable.Range(0, 100_000))), CompressionLevel.Optimal);
        Add(zip, "../outside.txt", "outside"u8, CompressionLevel.Optimal);
        zip.CreateEntry("empty/");
    }

    [Theory]
    [InlineData("", "index.html", Errno.None)]
    [InlineData("/", "index.html", Errno.None)]
    [InlineData("public", "inner/stored.txt", Errno.None)]
    [InlineData("/public/inner/", "stored.txt", Errno.None)]
    [InlineData("", "public", Errno.EISDIR)]
    [InlineData("", "public/inner", Errno.EISDIR)]
    [InlineData("", "empty", Errno.EISDIR)]
    [InlineData("", "", Errno.EISDIR)]
    [InlineData("public", "", Errno.EISDIR)]
    [InlineData("", "INDEX.HTML", Errno.ENOENT)]
    [InlineData("", "none", Errno.ENOENT)]
    [InlineData("", "index.html/", Errno.ENOENT)]
    [InlineData("public", "../index.html", Errno.ENOENT)]
    [InlineData("", "outside.txt", Errno.ENOENT)]
    public void A_name_is_found_in_its_folder_or_is_not_there(string folder, string path, Errno expected)
    {
        using ZipFileOperations zip = new(_folder["site.zip"]);
        Errno found = zip.Open(folder, path, FileUse.Read, out OpenFile? file);
        file?.Dispose();

        Assert.Equal((expected, expected == Errno.None), (found, file is not null));
    }

    [Fact]
    public void Several_files_are_read_at_once_and_each_from_where_it_is_wanted()
    {
        using ZipFileOperations zip = new(_folder["site.zip"]);
        _ = zip.Open("", "large.bin", FileUse.Read, out OpenFile? first);
        _ = zip.Open("", "large.bin", FileUse.Read, out OpenFile? second);
        using OpenFile? one = first;
        using OpenFile? two = second;

        Assert.Equal(_large[..1000], ReadAt(first!, 0, 1000));
        Assert.Equal(_large[1_900_000..1_901_000], ReadAt(second!, 1_900_000, 1000));
        Assert.Equal(_large[1000..2000], ReadAt(first!, 1000, 1000));
        Assert.Equal(_large[5..10], ReadAt(second!, 5, 5));
        Assert.Equal((2_000_000, -1), (first!.Length, first.Fd));
    }

    [Fact]
    public void What_takes_long_to_reach_is_reached_in_several_turns()
    {
        using ZipFileOperations zip = new(_folder["site.zip"]);
        _ = zip.Open("", "large.bin", FileUse.Read, out OpenFile? opened);
        using OpenFile? file = opened;
        file!.Seek(1_999_990);

        int turns = 0;
        byte[] buffer = new byte[100];
        IoResult read = file.Read(buffer);
        for (; read.WouldBlock; read = file.Read(buffer)) turns++;

        Assert.InRange(turns, 2, 10);
        Assert.Equal(_large[^10..], buffer[..read.Value]);
    }

    [Fact]
    public void An_archive_cannot_be_written_to()
    {
        using ZipFileOperations zip = new(_folder["site.zip"]);
        Assert.Equal(Errno.EROFS, zip.Open("", "index.html", FileUse.Create, out _));
        _ = zip.Open("", "index.html", FileUse.Read, out OpenFile? file);
        using (file) Assert.Equal(Errno.EROFS, file!.Write("x"u8).Errno);
    }

    [Fact]
    public void A_broken_entry_is_an_error_of_reading_and_not_an_exception()
    {
        byte[] archive = File.ReadAllBytes(_folder["site.zip"]);
        int at = archive.AsSpan().IndexOf("numbers.txt"u8);
        archive.AsSpan(at + 1000, 50_000).Fill(0xFF);
        File.WriteAllBytes(_folder["broken.zip"], archive);
        using ZipFileOperations zip = new(_folder["broken.zip"]);
        Errno opened = zip.Open("", "numbers.txt", FileUse.Read, out OpenFile? file);
        using (file)
        {
            byte[] buffer = new byte[64 * 1024];
            IoResult read = IoResult.Ok(1);
            while (file is not null && !read.IsError && read.Value > 0) read = file.Read(buffer);
            Assert.True(opened == Errno.EIO || read.Errno == Errno.EIO);
        }
    }

    [Fact]
    public void What_is_no_archive_says_so_at_construction()
    {
        Assert.Throws<InvalidDataException>(() => new ZipFileOperations(_folder.Write("text.zip", "text")));
        Assert.Throws<FileNotFoundException>(() => new ZipFileOperations(_folder["none.zip"]));
    }

    public void Dispose() => _folder.Dispose();

    private static void Add(ZipArchive zip, string name, ReadOnlySpan<byte> bytes, CompressionLevel level)
    {
        using Stream stream = zip.CreateEntry(name, level).Open();
        stream.Write(bytes);
    }

    private static byte[] ReadAt(OpenFile file, long position, int count)
    {
        file.Seek(position);
        byte[] bytes = new byte[count];
        for (int have = 0; have < count;)
        {
            IoResult read = file.Read(bytes.AsSpan(have));
            if (read.WouldBlock) continue;
            Assert.False(read.IsError || read.Value == 0);
            have += read.Value;
        }

        return bytes;
    }
}
