using System.Buffers.Binary;
using System.Diagnostics;
using System.IO.Compression;
using System.Text;

namespace BinarySize.Tests.Archives;

/// <summary>Tests that measure the process run when no other does.</summary>
[CollectionDefinition("Alone", DisableParallelization = true)]
public class AloneDefinition;

/// <summary>Archives that are made to take time or memory: at most 2 s and 256 MiB each, looked into as far as it goes.</summary>
[Collection("Alone")]
public class BombTests
{
    private static string[] Map(byte[] bytes)
    {
        using Process process = Process.GetCurrentProcess();
        TimeSpan time = process.TotalProcessorTime;
        long memory = process.PrivateMemorySize64;
        using Mapped map = Mapped.Bytes(bytes, lookInside: true);
        process.Refresh();
        time = process.TotalProcessorTime - time;
        memory = process.PrivateMemorySize64 - memory;
        Assert.True(time < TimeSpan.FromSeconds(2), $"took {time}");
        Assert.True(memory < 256L << 20, $"took {memory} bytes");
        return map.Warnings;
    }

    private static byte[] Archive(params (string Name, byte[] Content)[] entries)
    {
        var stream = new MemoryStream();
        using (var zip = new ZipArchive(stream, ZipArchiveMode.Create, leaveOpen: true))
        {
            foreach ((string name, byte[] content) in entries)
            {
                using Stream entry = zip.CreateEntry(name).Open();
                entry.Write(content);
            }
        }
        return stream.ToArray();
    }

    private static byte[] Zeros(int megabytes)
    {
        // Begins like an archive, so that looking inside is worth it.
        byte[] zeros = new byte[megabytes << 20];
        Zip.Make(("x"u8.ToArray(), 1)).AsSpan(0, 32).CopyTo(zeros);
        return zeros;
    }

    [Fact]
    public void A_thousandfold_entry_is_not_unpacked()
    {
        byte[] bomb = Archive(("bomb", Zeros(200)));
        Assert.Contains(Map(bomb), w => w.StartsWith("BSZ4007", StringComparison.Ordinal));
    }

    [Fact]
    public void Archives_in_archives_share_one_limit()
    {
        byte[] inner = Archive(("a", Zeros(15)));
        for (int depth = 0; depth < 3; depth++)
        {
            byte[] copy = inner;
            inner = Archive([.. Enumerable.Range(0, 16).Select(i => ($"{depth}-{i}", copy))]);
        }
        Assert.Contains(Map(inner), w => w.StartsWith("BSZ4007", StringComparison.Ordinal));
    }

    [Fact]
    public void Archives_that_are_stored_in_each_other_end_at_the_depth_limit()
    {
        byte[] inner = Zip.Make(("x"u8.ToArray(), 10));
        for (int depth = 0; depth < 30; depth++)
        {
            var stream = new MemoryStream();
            using (var zip = new ZipArchive(stream, ZipArchiveMode.Create, leaveOpen: true))
            {
                using Stream entry = zip.CreateEntry("inner.zip", CompressionLevel.NoCompression).Open();
                entry.Write(inner);
            }
            inner = stream.ToArray();
        }
        Assert.Contains(Map(inner), w => w.StartsWith("BSZ4007", StringComparison.Ordinal));
    }

    /// <summary>Every entry is the same bytes: what is small for one is large for all.</summary>
    [Theory]
    [InlineData(20), InlineData(15_000)]
    public void Entries_that_share_their_bytes_are_told_and_not_unpacked(int count)
    {
        Zip.Offsets at = default;
        byte[] zip = Zip.Make(ref at, [.. Enumerable.Range(0, count).Select(i => (Encoding.ASCII.GetBytes($"{i:D5}"), 1))]);
        foreach (int entry in at.Directory)
        {
            // All at the first local header, and each as long as all of them.
            BinaryPrimitives.WriteInt32LittleEndian(zip.AsSpan(entry + 42), 0);
            BinaryPrimitives.WriteInt32LittleEndian(zip.AsSpan(entry + 20), at.Directory[0] - 100);
            BinaryPrimitives.WriteInt32LittleEndian(zip.AsSpan(entry + 24), at.Directory[0] - 100);
        }
        string[] warnings = Map(zip);
        // The first hundred are told.
        Assert.Contains(warnings, w => w.Contains(count > 100 ? "by its local header" : "overlaps", StringComparison.Ordinal));
    }

    [Fact]
    public void A_zip64_directory_that_points_at_itself_ends()
    {
        byte[] zip = Zip.Make(("one"u8.ToArray(), 100));
        byte[] end = new byte[56 + 20];
        BinaryPrimitives.WriteUInt32LittleEndian(end, 0x06064B50);
        BinaryPrimitives.WriteInt64LittleEndian(end.AsSpan(4), -1);
        BinaryPrimitives.WriteInt64LittleEndian(end.AsSpan(32), -1);
        BinaryPrimitives.WriteInt64LittleEndian(end.AsSpan(40), -1);
        BinaryPrimitives.WriteInt64LittleEndian(end.AsSpan(48), zip.Length - 22);
        BinaryPrimitives.WriteUInt32LittleEndian(end.AsSpan(56), 0x07064B50);
        BinaryPrimitives.WriteInt64LittleEndian(end.AsSpan(64), zip.Length - 22);
        byte[] all = [.. zip[..^22], .. end, .. zip[^22..]];
        all.AsSpan(all.Length - 22 + 8, 12).Fill(0xFF);
        Map(all);
    }

    [Fact]
    public void A_gzip_bomb_is_measured_as_a_whole()
    {
        var stream = new MemoryStream();
        using (var gzip = new GZipStream(stream, CompressionLevel.SmallestSize, leaveOpen: true)) gzip.Write(Zeros(200));
        Assert.Contains(Map(stream.ToArray()), w => w.StartsWith("BSZ4007", StringComparison.Ordinal));
        // The trailer says that it is small.
        byte[] lie = stream.ToArray();
        BinaryPrimitives.WriteInt32LittleEndian(lie.AsSpan(lie.Length - 4), 1000);
        Assert.Contains(Map(lie), w => w.StartsWith("BSZ4007", StringComparison.Ordinal) || w.StartsWith("BSZ4003", StringComparison.Ordinal));
    }

    /// <summary>A docker archive of one or two layers of <paramref name="megabytes"/> MiB, all headers of empty files.</summary>
    private static byte[] Image(string name, string prefix, int megabytes)
    {
        byte[] header = new byte[512];
        Encoding.ASCII.GetBytes(name).CopyTo(header, 0);
        Encoding.ASCII.GetBytes("0000644\00000000\00000000\000000000000\000000000000\0        0").CopyTo(header, 100);
        Encoding.ASCII.GetBytes("ustar\000").CopyTo(header, 257);
        Encoding.ASCII.GetBytes(prefix).CopyTo(header, 345);
        Encoding.ASCII.GetBytes(Convert.ToString(header.Sum(b => b), 8).PadLeft(6, '0') + "\0 ").CopyTo(header, 148);
        var layer = new MemoryStream();
        using (var gzip = new GZipStream(layer, CompressionLevel.Optimal, leaveOpen: true))
        {
            for (int i = 0; i < megabytes * 2048; i++) gzip.Write(header);
        }
        var stream = new MemoryStream();
        using (var tar = new System.Formats.Tar.TarWriter(stream, leaveOpen: true))
        {
            void Add(string path, byte[] content) => tar.WriteEntry(new System.Formats.Tar.UstarTarEntry(System.Formats.Tar.TarEntryType.RegularFile, path) { DataStream = new MemoryStream(content) });
            Add("1", layer.ToArray());
            Add("2", [.. layer.ToArray(), 0]);
            Add("manifest.json", """[{"Layers":["1","2"]}]"""u8.ToArray());
        }
        return stream.ToArray();
    }

    [Fact]
    public void A_layer_of_nothing_but_headers_is_bounded()
    {
        Map(Image("name", "", 30));
        Assert.Contains(Map(Image("name", "", 200)), w => w.StartsWith("BSZ4007", StringComparison.Ordinal));
    }

    [Fact]
    public void Paths_that_are_deep_without_end_are_bounded()
    {
        string deep = string.Concat(Enumerable.Repeat("a/", 49)) + "a";
        Assert.Contains(Map(Image(deep, string.Concat(Enumerable.Repeat("b/", 76)) + "b", 60)), w => w.StartsWith("BSZ4007", StringComparison.Ordinal));
    }

    [Fact]
    public void A_directory_of_a_million_bytes_is_read_in_time()
    {
        Map(Zip.Make([.. Enumerable.Range(0, 12_000).Select(i => (Encoding.ASCII.GetBytes("x"), 1))]));
        Map(Zip.Make([.. Enumerable.Range(0, 12_000).Select(i => (Encoding.ASCII.GetBytes($"{i:D5}"), 0))]));
    }
}
