using System.Buffers.Binary;
using System.IO.Compression;
using System.Text;
using BinarySize.Mapping;

namespace BinarySize.Tests.Archives;

public sealed class ZipReaderTests : IDisposable
{
    private readonly TemporaryFolder _folder = new();

    public void Dispose() => _folder.Dispose();

    private static void AssertLikeUnzip(string path, Mapped map, int archive = 0)
    {
        Dictionary<string, (long, long)> expected = Unzip.List(path);
        Assert.NotEmpty(expected);
        Assert.Equal(expected.OrderBy(e => e.Key, StringComparer.Ordinal), map.Files(archive).OrderBy(e => e.Key, StringComparer.Ordinal));
    }

    /// <summary>Local headers with descriptors: from what zipinfo -v says of the lengths of names and extra fields in the directory, the rest is theirs.</summary>
    private static long DirectorySize(string path) =>
        long.Parse(Tool.Run("zipinfo", "-v", path).Split('\n').First(l => l.Contains("size of the central directory", StringComparison.Ordinal) || l.Contains("central directory is", StringComparison.Ordinal)).Split("directory is ")[1].Split(' ')[0], System.Globalization.CultureInfo.InvariantCulture);

    private string Sources()
    {
        _folder.Write("in/a/readme.txt", string.Concat(Enumerable.Repeat("the same words again and again\n", 500)));
        _folder.Write("in/b.bin", RandomBytes(5000, 1));
        _folder.Write("in/empty", "");
        _folder.Write("in/ünïcödé ✓.txt", "name");
        File.Copy("/bin/true", _folder["in/true"]);
        return _folder["in"];
    }

    private static byte[] RandomBytes(int count, int seed)
    {
        byte[] bytes = new byte[count];
        new Random(seed).NextBytes(bytes);
        return bytes;
    }

    [Theory]
    [InlineData("-r"), InlineData("-r0"), InlineData("-rX9"), InlineData("-rfz"), InlineData("-rfd"), InlineData("-rD")]
    public void Entries_are_what_unzip_says_whatever_zip_was_told(string options)
    {
        Sources();
        _folder.Run("sh", "-c", $"cd in && zip -q {options} ../t.zip .");
        using Mapped map = Mapped.File(_folder["t.zip"]);
        AssertLikeUnzip(_folder["t.zip"], map);
        Assert.Empty(map.Warnings);
        Assert.Equal(DirectorySize(_folder["t.zip"]), map.Size("central directory"));
        Assert.Equal(options == "-rfz" ? 22 + 56 + 20 : 22, map.Size("end of central directory"));
        Assert.Equal(map.Map.Size, map.Files().Values.Sum(f => f.Size) + map.Size("local headers") + map.Size("central directory") + map.Size("end of central directory"));
    }

    [Fact]
    public void A_streamed_archive_has_data_descriptors()
    {
        Sources();
        _folder.Run("sh", "-c", "cd in && zip -qr - . | cat > ../t.zip");
        using Mapped map = Mapped.File(_folder["t.zip"]);
        AssertLikeUnzip(_folder["t.zip"], map);
        Assert.Empty(map.Warnings);
        Assert.Empty(map.Named("gap"));
    }

    [Theory]
    [InlineData(true), InlineData(false)]
    public void Archives_of_dotnet_are_read(bool seekable)
    {
        using (FileStream file = File.Create(_folder["t.zip"]))
        using (Stream target = seekable ? file : new OneWay(file))
        using (var zip = new ZipArchive(target, ZipArchiveMode.Create))
        {
            foreach (CompressionLevel level in Enum.GetValues<CompressionLevel>())
            {
                using Stream entry = zip.CreateEntry($"folder/{level}.txt", level).Open();
                entry.Write(Encoding.UTF8.GetBytes(string.Concat(Enumerable.Repeat($"{level} ", 1000))));
            }
        }
        using Mapped map = Mapped.File(_folder["t.zip"]);
        AssertLikeUnzip(_folder["t.zip"], map);
        Assert.Empty(map.Warnings);
    }

    private sealed class OneWay(Stream inner) : Stream
    {
        public override bool CanRead => false;
        public override bool CanSeek => false;
        public override bool CanWrite => true;
        public override long Length => throw new NotSupportedException();
        public override long Position { get => throw new NotSupportedException(); set => throw new NotSupportedException(); }
        public override void Flush() => inner.Flush();
        public override int Read(byte[] buffer, int offset, int count) => throw new NotSupportedException();
        public override long Seek(long offset, SeekOrigin origin) => throw new NotSupportedException();
        public override void SetLength(long value) => throw new NotSupportedException();
        public override void Write(byte[] buffer, int offset, int count) => inner.Write(buffer, offset, count);
    }

    [Fact]
    public void Real_packages_are_read_to_the_last_byte()
    {
        string packages = Environment.GetEnvironmentVariable("NUGET_PACKAGES") ?? Path.Combine(Environment.GetFolderPath(Environment.SpecialFolder.UserProfile), ".nuget", "packages");
        string[] files = [.. Directory.EnumerateFiles(packages, "*.nupkg", SearchOption.AllDirectories).Order(StringComparer.Ordinal)];
        Assert.NotEmpty(files);
        int signed = 0;
        foreach (string path in files)
        {
            using Mapped map = Mapped.File(path);
            Assert.Empty(map.Warnings);
            AssertLikeUnzip(path, map);
            Assert.Empty(map.Named("gap"));
            Assert.Empty(map.Named("padding"));
            signed += map.Named(".signature.p7s").Count(p => map.Map.Parts[p].Content == ContentKind.Signature);
        }
        Assert.True(signed > 0);
    }

    [Fact]
    public void A_comment_and_bytes_in_front_and_behind_are_named()
    {
        Sources();
        _folder.Run("sh", "-c", "cd in && zip -qr ../t.zip . && printf 'a comment of zip' | zip -qz ../t.zip");
        byte[] zip = File.ReadAllBytes(_folder["t.zip"]);
        byte[] stub = Encoding.UTF8.GetBytes("#!/bin/sh\nexec unzip -p \"$0\"\n");
        _folder.Write("front.zip", [.. stub, .. zip]);
        using (Mapped map = Mapped.File(_folder["t.zip"]))
        {
            using ZipArchive known = ZipFile.OpenRead(_folder["t.zip"]);
            Assert.Equal("a comment of zip", known.Comment);
            Assert.Equal(known.Comment.Length, map.Size("archive comment"));
            AssertLikeUnzip(_folder["t.zip"], map);
        }
        // A comment hides the end from a file that does not begin like an archive; without one it is found.
        _folder.Run("sh", "-c", "cd in && rm ../t.zip && zip -qr ../t.zip .");
        zip = File.ReadAllBytes(_folder["t.zip"]);
        _folder.Write("front.zip", [.. stub, .. zip]);
        using (Mapped map = Mapped.File(_folder["front.zip"]))
        {
            Assert.Empty(map.Warnings);
            AssertLikeUnzip(_folder["front.zip"], map);
            Assert.Equal(stub.Length, map.Size("data before the archive"));
        }
        _folder.Write("back.zip", [.. zip, 1, 2, 3]);
        using (Mapped map = Mapped.File(_folder["back.zip"]))
        {
            AssertLikeUnzip(_folder["back.zip"], map);
            Assert.Equal(3, map.Size("data after the archive"));
        }
    }

    [Theory]
    [InlineData(false), InlineData(true)]
    public void An_archive_behind_an_executable_stands_beside_its_sections(bool adjusted)
    {
        Sources();
        _folder.Run("sh", "-c", "cd in && zip -qr ../t.zip . && cat /bin/ls ../t.zip > ../sfx" + (adjusted ? " && zip -qA ../sfx" : ""));
        using Mapped map = Mapped.File(_folder["sfx"]);
        int archive = map.Part("zip archive");
        AssertLikeUnzip(_folder["sfx"], map, archive);
        Assert.Equal(PartKind.Overlay, map.Map.Parts[archive].Kind);
        Assert.Equal(new FileInfo(_folder["t.zip"]).Length, map.Size(archive));
    }

    [Fact]
    public void An_apk_signing_block_is_named()
    {
        Sources();
        _folder.Run("sh", "-c", "cd in && zip -qr ../t.zip .");
        byte[] zip = File.ReadAllBytes(_folder["t.zip"]);
        int end = zip.Length - 22, directory = BinaryPrimitives.ReadInt32LittleEndian(zip.AsSpan(end + 16));
        byte[] block = new byte[8 + 100 + 8 + 16];
        BinaryPrimitives.WriteInt64LittleEndian(block, block.Length - 8);
        RandomBytes(100, 3).CopyTo(block, 8);
        BinaryPrimitives.WriteInt64LittleEndian(block.AsSpan(108), block.Length - 8);
        "APK Sig Block 42"u8.CopyTo(block.AsSpan(116));
        byte[] apk = [.. zip[..directory], .. block, .. zip[directory..]];
        BinaryPrimitives.WriteInt32LittleEndian(apk.AsSpan(end + block.Length + 16), directory + block.Length);
        _folder.Write("t.apk", apk);
        using Mapped map = Mapped.File(_folder["t.apk"]);
        Assert.Empty(map.Warnings);
        AssertLikeUnzip(_folder["t.apk"], map);
        Assert.Equal(block.Length, map.Size("APK signing block"));
    }

    [Fact]
    public void Names_are_data()
    {
        using (FileStream file = File.Create(_folder["t.zip"]))
        using (var zip = new ZipArchive(file, ZipArchiveMode.Create, leaveOpen: false, Encoding.UTF8))
        {
            foreach (string name in (string[])["../../etc/passwd", "twice", "twice", "twice (2)", "bell\a", "<b>&amp;", "é"])
            {
                using Stream entry = zip.CreateEntry(name, CompressionLevel.NoCompression).Open();
                entry.Write(new byte[10]);
            }
        }
        using Mapped map = Mapped.File(_folder["t.zip"]);
        Assert.Equal(["../../etc/passwd", "<b>&amp;", "bell\a", "twice", "twice (2)", "twice (2) (2)", "é"], map.Files().Keys.Order(StringComparer.Ordinal));
        Assert.All(map.Files().Values, f => Assert.Equal(10, f.Size));
    }

    [Fact]
    public void A_name_without_a_flag_is_in_code_page_437()
    {
        byte[] zip = Zip.Make(([], 10), ([0x81, (byte)'x', 0xE1], 10));
        using Mapped map = Mapped.Bytes(zip);
        Assert.Equal(["(unnamed)", "üxß"], map.Files().Keys.Order(StringComparer.Ordinal));
    }

    [Fact]
    public void A_lying_directory_costs_only_the_entry_that_lies()
    {
        Zip.Offsets at = default;
        byte[] zip = Zip.Make(ref at, ("one"u8.ToArray(), 100), ("two"u8.ToArray(), 200), ("three"u8.ToArray(), 300));
        // "two" says that it is longer than it is, and reaches into "three".
        byte[] longer = [.. zip];
        BinaryPrimitives.WriteInt32LittleEndian(longer.AsSpan(at.Directory[1] + 20), 350);
        using (Mapped map = Mapped.Bytes(longer))
        {
            Assert.Contains(map.Warnings, w => w.StartsWith("BSZ4003 'two' has 350 bytes", StringComparison.Ordinal));
            Assert.Contains(map.Warnings, w => w.Contains("'two'", StringComparison.Ordinal) && w.Contains("overlaps 'three'", StringComparison.Ordinal));
            Assert.Equal((100, 200, 300), (map.Size("one"), map.Size("two"), map.Size("three")));
        }
        // "two" lies past the end.
        byte[] past = [.. zip];
        BinaryPrimitives.WriteInt32LittleEndian(past.AsSpan(at.Directory[1] + 42), 0x70000000);
        using (Mapped map = Mapped.Bytes(past))
        {
            Assert.Contains(map.Warnings, w => w.StartsWith("BSZ4003 'two' has no local header", StringComparison.Ordinal));
            Assert.Equal((100, 0, 300), (map.Size("one"), map.Size("two"), map.Size("three")));
            Assert.Equal(200 + 33, map.Size("gap"));
        }
    }

    [Fact]
    public void An_archive_that_is_cut_off_keeps_the_entries_before_the_cut()
    {
        byte[] zip = Zip.Make(("one"u8.ToArray(), 100), ("two"u8.ToArray(), 200), ("three"u8.ToArray(), 300));
        using Mapped map = Mapped.Bytes(zip.AsSpan(0, 400));
        Assert.Equal((100, 200), (map.Size("one"), map.Size("two")));
        Assert.Contains(map.Warnings, w => w.Contains("no central directory", StringComparison.Ordinal));
    }

    [Fact]
    public void An_empty_archive_is_its_end_record()
    {
        using Mapped map = Mapped.Bytes([.. "PK\u0005\u0006"u8, .. new byte[18]]);
        Assert.Equal(22, map.Size("end of central directory"));
        Assert.Empty(map.Warnings);
    }

    [Theory]
    [InlineData(1), InlineData(2), InlineData(3)]
    public void Mutated_archives_are_still_partitions(int seed)
    {
        Sources();
        _folder.Run("sh", "-c", seed switch { 1 => "cd in && zip -qr - . | cat > ../t.zip", 2 => "cd in && zip -qrfz ../t.zip .", _ => "cd in && zip -qr0 ../i.zip . && cp ../i.zip . && zip -qr ../t.zip ." });
        Hostile.Mutate(File.ReadAllBytes(_folder["t.zip"]), seed, 150);
    }
}

/// <summary>Stored zip archives byte by byte, so that any field can lie.</summary>
internal static class Zip
{
    public struct Offsets
    {
        public int[] Local, Directory;
        public int End;
    }

    public static byte[] Make(params (byte[] Name, int Size)[] entries)
    {
        Offsets at = default;
        return Make(ref at, entries);
    }

    public static byte[] Make(ref Offsets at, params (byte[] Name, int Size)[] entries)
    {
        var stream = new MemoryStream();
        using var w = new BinaryWriter(stream);
        at.Local = new int[entries.Length];
        at.Directory = new int[entries.Length];
        for (int i = 0; i < entries.Length; i++)
        {
            at.Local[i] = (int)stream.Position;
            w.Write(0x04034B50);
            WriteCommon(w, entries[i]);
            w.Write(entries[i].Name);
            w.Write(Enumerable.Repeat((byte)'x', entries[i].Size).ToArray());
        }
        int directory = (int)stream.Position;
        for (int i = 0; i < entries.Length; i++)
        {
            at.Directory[i] = (int)stream.Position;
            w.Write(0x02014B50);
            w.Write((short)20);
            WriteCommon(w, entries[i]);
            w.Write(new byte[10]);
            w.Write(at.Local[i]);
            w.Write(entries[i].Name);
        }
        at.End = (int)stream.Position;
        w.Write(0x06054B50);
        w.Write(0);
        w.Write((short)entries.Length);
        w.Write((short)entries.Length);
        w.Write(at.End - directory);
        w.Write(directory);
        w.Write((short)0);
        return stream.ToArray();
    }

    private static void WriteCommon(BinaryWriter w, (byte[] Name, int Size) entry)
    {
        w.Write((short)20);
        w.Write(0);
        w.Write(0);
        w.Write(0);
        w.Write(entry.Size);
        w.Write(entry.Size);
        w.Write((short)entry.Name.Length);
        w.Write((short)0);
    }
}
