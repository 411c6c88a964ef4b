using BinarySize.IO;

namespace BinarySize.Tests.IO;

public sealed class FileViewTests
{
    [Theory]
    [InlineData(FileAccessMode.Copy, 1)]
    [InlineData(FileAccessMode.Map, 1)]
    [InlineData(FileAccessMode.MapAndKeep, 1)]
    [InlineData(FileAccessMode.MapAndKeep, 64 * 1024)]
    [InlineData(FileAccessMode.MapAndKeep, 64 * 1024 + 1)]
    [InlineData(FileAccessMode.Copy, 300_000)]
    [InlineData(FileAccessMode.Map, 300_000)]
    [InlineData(FileAccessMode.MapAndKeep, 300_000)]
    public void A_view_has_the_bytes_of_its_file(FileAccessMode mode, int length)
    {
        byte[] bytes = new byte[length];
        new Random(length).NextBytes(bytes);
        // A name that is not ASCII goes to the system as UTF-8.
        string path = Path.Combine(Directory.CreateTempSubdirectory("view").FullName, "Größe 大小.bin");
        File.WriteAllBytes(path, bytes);

        using FileView view = FileView.Open(path, mode);

        Assert.Equal(length, view.Length);
        Assert.Equal(path, view.Path);
        Assert.True(view.Bytes.Span(0, length).SequenceEqual(bytes));
    }

    [Theory]
    [InlineData(FileAccessMode.Copy)]
    [InlineData(FileAccessMode.Map)]
    [InlineData(FileAccessMode.MapAndKeep)]
    public void What_is_no_file_is_refused_in_the_same_way_however_it_is_opened(FileAccessMode mode)
    {
        string folder = Directory.CreateTempSubdirectory("view").FullName, empty = Path.Combine(folder, "empty");
        File.WriteAllBytes(empty, []);

        Assert.Throws<FileNotFoundException>(() => FileView.Open(Path.Combine(folder, "missing"), mode));
        Assert.Throws<UnauthorizedAccessException>(() => FileView.Open(folder, mode));
        using (FileView nothing = FileView.Open(empty, mode)) Assert.Equal(0, nothing.Length);

        string locked = Path.Combine(folder, "locked");
        using var writing = new FileStream(locked, FileMode.CreateNew, FileAccess.ReadWrite, FileShare.None);
        writing.Write(new byte[100_000]);
        writing.Flush();
        Assert.Throws<IOException>(() => FileView.Open(locked, mode));
    }
}
