using System.Buffers.Binary;
using BinarySize.Formats.Bundle;
using BinarySize.IO;
using BinarySize.Mapping;
using BinarySize.Tests.Archives;

namespace BinarySize.Tests.Bundle;

public class BundleReaderTests
{
    private static readonly string[] s_plain = ["-f", "net9.0", "--self-contained", "-p:PublishTrimmed=true"];
    private static readonly string[] s_single = [.. s_plain, "-p:PublishSingleFile=true"];
    private static readonly string[] s_compressed = [.. s_single, "-p:EnableCompressionInSingleFile=true"];

    private static readonly string[] s_full = ["-f", "net9.0", "--self-contained", "-p:PublishSingleFile=true"];

    private static string Single => Path.Combine(Samples.Publish("hello", s_single), "hello");

    private static string Compressed => Path.Combine(Samples.Publish("hello", s_compressed), "hello");

    private static BundleFile Parse(string path)
    {
        using FileView view = FileView.Open(path);
        Assert.True(BundleFile.TryParse(view.Bytes, out BundleFile? bundle));
        return bundle;
    }

    [Theory]
    [InlineData(false), InlineData(true)]
    public void Every_entry_has_the_size_of_the_file_that_is_published_without_a_bundle(bool compressed)
    {
        string folder = Samples.Publish("hello", s_plain);
        BundleFile bundle = Parse(compressed ? Compressed : Single);
        Assert.Null(bundle.Problem);
        Assert.Equal(6u, bundle.MajorVersion);
        Assert.True(bundle.Entries.Count > 10);
        int equal = 0;
        foreach (BundleEntry entry in bundle.Entries)
        {
            string file = Path.Combine(folder, entry.Path);
            Assert.True(File.Exists(file), entry.Path);
            // These two say how the app is published, and so differ.
            if (entry.Type is BundleEntryType.DepsJson or BundleEntryType.RuntimeConfigJson) continue;
            Assert.Equal(new FileInfo(file).Length, entry.Size);
            equal++;
        }
        Assert.True(equal > 10);
        Assert.Equal(compressed, bundle.Entries.Any(e => e.CompressedSize > 0));
    }

    [Theory]
    [InlineData(0), InlineData(1), InlineData(2)]
    public void A_bundle_is_its_host_and_its_entries(int which)
    {
        string path = which switch { 0 => Single, 1 => Compressed, _ => Path.Combine(Samples.Publish("hello", s_full), "hello") };
        BundleFile bundle = Parse(path);
        using Mapped map = Mapped.File(path);
        Assert.Empty(map.Warnings);
        int part = map.Part("bundle");
        Dictionary<string, (long Size, long Unpacked)> files = map.Files(part);
        Assert.Equal(bundle.Entries.Select(e => (e.Path, (e.StoredSize, e.Size))).Order(), files.Select(f => (f.Key, f.Value)).Order());
        Assert.Equal(bundle.HeaderLength, map.Size("bundle header"));
        Assert.Equal(map.Map.Size, bundle.HeaderOffset + bundle.HeaderLength);
        Assert.Equal(map.Map.Size - bundle.HostLength, map.Size(part));
        Assert.DoesNotContain(map.Below(part, PartKind.Gap), _ => true);
        // The host ends where readelf says that the section headers, its last table, end.
        string header = Tool.Run("readelf", "-hW", path);
        long Field(string name) => long.Parse(header.Split('\n').First(l => l.Contains(name, StringComparison.Ordinal)).Split(':')[1].Trim().Split(' ')[0], System.Globalization.CultureInfo.InvariantCulture);
        Assert.Equal(Field("Start of section headers") + Field("Size of section headers") * Field("Number of section headers"), bundle.HostLength);
    }

    [Fact]
    public void Looked_into_uncompressed_assemblies_lie_where_they_are()
    {
        using Mapped map = Mapped.File(Single, lookInside: true);
        foreach (BundleEntry entry in Parse(Single).Entries) Assert.Equal(entry.StoredSize, map.Size(map.Part(entry.Path)));
    }

    [Fact]
    public void Looked_into_compressed_assemblies_are_laid_over_their_bytes()
    {
        using Mapped map = Mapped.File(Compressed, lookInside: true);
        foreach (BundleEntry entry in Parse(Compressed).Entries) Assert.Equal(entry.StoredSize, map.Size(map.Part(entry.Path)));
        Assert.Empty(map.Warnings);
    }

    [Theory]
    [InlineData("/bin/ls"), InlineData("/usr/share/dotnet/dotnet"), InlineData("/usr/lib/dotnet/dotnet")]
    public void What_has_no_bundle_has_none(string path)
    {
        if (!File.Exists(path)) path = "/bin/sh";
        using FileView view = FileView.Open(path);
        Assert.False(BundleFile.TryParse(view.Bytes, out _));
    }

    [Fact]
    public void An_apphost_and_the_library_that_makes_bundles_are_none()
    {
        foreach (string path in Directory.GetFiles(Samples.Publish("hello", "-f", "net9.0"), "hello"))
        {
            using FileView view = FileView.Open(path);
            Assert.False(BundleFile.TryParse(view.Bytes, out _));
        }
        string sdk = Path.GetDirectoryName(Tool.Run("dotnet", "--list-sdks").Split('\n')[0].Split('[')[1].TrimEnd(']') + "/")!;
        string[] models = Directory.GetFiles(sdk, "Microsoft.NET.HostModel.dll", SearchOption.AllDirectories);
        Assert.NotEmpty(models);
        foreach (string path in models)
        {
            using FileView view = FileView.Open(path);
            Assert.False(BundleFile.TryParse(view.Bytes, out _));
        }
    }

    [Fact]
    public void The_signature_is_the_hash_of_a_line() =>
        Assert.Equal(System.Security.Cryptography.SHA256.HashData(".net core bundle\n"u8), BundleFile.Signature.ToArray());

    [Fact]
    public void An_unknown_version_is_measured_as_a_whole()
    {
        byte[] bytes = File.ReadAllBytes(Single);
        BundleFile bundle = Parse(Single);
        BinaryPrimitives.WriteInt32LittleEndian(bytes.AsSpan((int)bundle.HeaderOffset), 9);
        using Mapped map = Mapped.Bytes(bytes);
        Assert.Contains(map.Warnings, w => w.StartsWith("BSZ4006", StringComparison.Ordinal) && w.Contains("9.0", StringComparison.Ordinal));
        Assert.Equal(bytes.Length - bundle.HostLength, map.Size("bundle"));
    }

    [Fact]
    public void A_bundle_that_is_cut_off_is_told()
    {
        byte[] bytes = File.ReadAllBytes(Single);
        using Mapped map = Mapped.Bytes(bytes.AsSpan(0, bytes.Length - 100_000));
        Assert.Contains(map.Warnings, w => w.StartsWith("BSZ4003", StringComparison.Ordinal) && w.Contains("cut off", StringComparison.Ordinal));
    }

    [Fact]
    public void Bundles_of_older_versions_are_read()
    {
        foreach (int version in (int[])[1, 2, 6])
        {
            byte[] bytes = SmallBundle.Make(version);
            using FileView view = FileView.FromBytes(bytes, "bundle");
            Assert.True(BundleFile.TryParse(view.Bytes, out BundleFile? bundle));
            Assert.Null(bundle.Problem);
            Assert.Equal("abcdef", bundle.Id);
            Assert.Equal(["a.dll", "b/c.json"], bundle.Entries.Select(e => e.Path));
            using Mapped map = Mapped.Bytes(bytes);
            Assert.Empty(map.Warnings);
            Assert.Equal((100, 50), (map.Size("a.dll"), map.Size("b/c.json")));
            Assert.True(map.Size("alignment padding") > 0);
        }
    }

    [Fact]
    public void Lies_are_told_and_the_rest_is_measured()
    {
        byte[] bytes = SmallBundle.Make(6);
        using FileView view = FileView.FromBytes(bytes, "bundle");
        Assert.True(BundleFile.TryParse(view.Bytes, out BundleFile? bundle));
        byte[] many = [.. bytes];
        BinaryPrimitives.WriteInt32LittleEndian(many.AsSpan((int)bundle.HeaderOffset + 8), int.MaxValue);
        using (Mapped map = Mapped.Bytes(many)) Assert.Contains(map.Warnings, w => w.Contains("counts 2147483647 files", StringComparison.Ordinal));
        byte[] outside = [.. bytes];
        BinaryPrimitives.WriteInt64LittleEndian(outside.AsSpan((int)bundle.Entries[0].RecordOffset), long.MaxValue);
        using (Mapped map = Mapped.Bytes(outside))
        {
            Assert.Contains(map.Warnings, w => w.Contains("'a.dll'", StringComparison.Ordinal));
            Assert.Equal((0, 50), (map.Size("a.dll"), map.Size("b/c.json")));
        }
        byte[] path = [.. bytes];
        path.AsSpan((int)bundle.Entries[0].RecordOffset + 25, 5).Fill(0xFF);
        using (Mapped map = Mapped.Bytes(path)) Assert.NotEmpty(map.Warnings);
    }

    private static string Windows => Samples.Make("hello-win-single", [.. Directory.GetFiles(Path.Combine(Samples.Root, "tests", "apps", "hello"))], ["win-x64", "single"], static folder =>
    {
        string apps = Path.Combine(Samples.Root, "tests", "apps");
        foreach (string file in (string[])[.. Directory.GetFiles(apps), .. Directory.GetFiles(Path.Combine(apps, "hello"))]) File.Copy(file, Path.Combine(folder, Path.GetFileName(file)));
        Tool.Run("dotnet", "publish", Path.Combine(folder, "hello.csproj"), "-c", "Release", "-f", "net9.0", "-r", "win-x64", "--self-contained", "-p:PublishSingleFile=true", "-p:PublishTrimmed=true", "-o", Path.Combine(folder, "publish"), "--nologo");
    }) + "/publish/hello.exe";

    [Fact]
    public void A_windows_bundle_may_be_signed()
    {
        byte[] bytes = File.ReadAllBytes(Windows);
        using Mapped plain = Mapped.Bytes(bytes);
        Assert.Empty(plain.Warnings);
        BundleFile bundle = Parse(Windows);
        Assert.Null(bundle.Problem);
        Assert.Equal(bytes.Length - bundle.HostLength, plain.Size("bundle"));
        // The host ends where its last section does, by objdump.
        long end = Tool.Run("objdump", "-h", Windows).Split('\n').Select(l => l.Split(' ', StringSplitOptions.RemoveEmptyEntries))
            .Where(w => w.Length == 7 && int.TryParse(w[0], out _)).Max(w => Convert.ToInt64(w[2], 16) + Convert.ToInt64(w[5], 16));
        // Objdump says virtual sizes, which end in the padding of the last section.
        Assert.InRange(bundle.HostLength, end, end + 511);

        byte[] certificate = new byte[5000];
        BinaryPrimitives.WriteInt32LittleEndian(certificate, certificate.Length);
        BinaryPrimitives.WriteInt32LittleEndian(certificate.AsSpan(4), 0x0002_0200);
        certificate.AsSpan(8).Fill(0x30);
        int padding = (8 - bytes.Length % 8) % 8, directory = BinaryPrimitives.ReadInt32LittleEndian(bytes.AsSpan(0x3C)) + 24 + 112 + 32;
        byte[] signed = [.. bytes, .. new byte[padding], .. certificate];
        BinaryPrimitives.WriteInt32LittleEndian(signed.AsSpan(directory), bytes.Length + padding);
        BinaryPrimitives.WriteInt32LittleEndian(signed.AsSpan(directory + 4), certificate.Length);
        using Mapped map = Mapped.Bytes(signed);
        Assert.Empty(map.Warnings);
        Assert.Equal(plain.Size("bundle") + padding, map.Size("bundle"));
        Assert.Equal(certificate.Length, Enumerable.Range(0, map.Map.Slices.Length).Where(i => map.Map.Slices[i].Content == ContentKind.Signature).Sum(map.Map.LengthOf));
    }

    /// <summary>A Mach-O executable of Go's linker, with the host's marker among its data, bundled as the SDK does: the last segment stretched.</summary>
    [Theory]
    [InlineData("amd64", false), InlineData("amd64", true), InlineData("arm64", true)]
    public void A_macOS_bundle_lies_in_its_last_segment(string architecture, bool stretched)
    {
        string folder = Samples.Make("bundle-mac", [], ["1", architecture], folder =>
        {
            string marker = string.Join(", ", new byte[8].Concat(System.Security.Cryptography.SHA256.HashData(".net core bundle\n"u8)));
            File.WriteAllText(Path.Combine(folder, "main.go"), $"package main\n\nvar Marker = [40]byte{{{marker.Replace("0, 0, 0, 0, 0, 0, 0, 0", "1, 0, 0, 0, 0, 0, 0, 0", StringComparison.Ordinal)}}}\n\nfunc main() {{ println(Marker[8]); Marker[9]++ }}\n");
            Tool.Run("env", "CGO_ENABLED=0", "GOOS=darwin", "GOARCH=" + architecture, "GOFLAGS=-mod=mod", "GOCACHE=" + Path.Combine(folder, "cache"), "go", "build", "-o", Path.Combine(folder, "app"), Path.Combine(folder, "main.go"));
            Directory.Delete(Path.Combine(folder, "cache"), recursive: true);
        });
        byte[] host = File.ReadAllBytes(Path.Combine(folder, "app"));
        int marker = host.AsSpan().IndexOf(System.Security.Cryptography.SHA256.HashData(".net core bundle\n"u8)) - 8;
        Assert.True(marker > 0);
        byte[] small = SmallBundle.Make(6);
        using FileView view = FileView.FromBytes(small, "small");
        Assert.True(BundleFile.TryParse(view.Bytes, out BundleFile? model));
        int shift = host.Length - 256;
        byte[] all = [.. host, .. small[256..]];
        BinaryPrimitives.WriteInt64LittleEndian(all.AsSpan(marker), model.HeaderOffset + shift);
        foreach (BundleEntry e in model.Entries) BinaryPrimitives.WriteInt64LittleEndian(all.AsSpan((int)e.RecordOffset + shift), e.Offset + shift);
        if (stretched)
        {
            // LC_SEGMENT_64 __LINKEDIT: file size at 48.
            int link = all.AsSpan().IndexOf("__LINKEDIT"u8) - 8;
            long start = BinaryPrimitives.ReadInt64LittleEndian(all.AsSpan(link + 40));
            BinaryPrimitives.WriteInt64LittleEndian(all.AsSpan(link + 48), all.Length - start);
        }
        using Mapped map = Mapped.Bytes(all);
        Assert.Empty(map.Warnings);
        Assert.Equal((100, 50), (map.Size("a.dll"), map.Size("b/c.json")));
        Assert.Equal(small.Length - 256, map.Size("bundle"));
    }

    [Theory]
    [InlineData(1), InlineData(2), InlineData(6)]
    public void Mutated_bundles_are_still_partitions(int version) => Hostile.Mutate(SmallBundle.Make(version), version, 300);
}

/// <summary>A bundle around a host of our own: an ELF header, one writable segment with the marker, nothing else.</summary>
internal static class SmallBundle
{
    public static byte[] Make(int version)
    {
        var stream = new MemoryStream();
        using var w = new BinaryWriter(stream);
        const int host = 64 + 56 + 48;
        w.Write([0x7F, (byte)'E', (byte)'L', (byte)'F', 2, 1, 1, .. new byte[9]]);
        w.Write((short)2);
        w.Write((short)62);
        w.Write(1);
        w.Write(0L);
        w.Write(64L);
        w.Write(0L);
        w.Write(0);
        foreach (short s in (short[])[64, 56, 1, 64, 0, 0]) w.Write(s);
        w.Write(1);
        w.Write(6);
        w.Write((long)(64 + 56));
        w.Write(0L);
        w.Write(0L);
        w.Write(48L);
        w.Write(48L);
        w.Write(16L);
        long marker = stream.Position;
        w.Write(0L);
        w.Write(System.Security.Cryptography.SHA256.HashData(".net core bundle\n"u8));
        w.Write(0L);
        w.Write(new byte[256 - host]);
        w.Write(Enumerable.Repeat((byte)1, 100).ToArray());
        w.Write(new byte[28]);
        w.Write(Enumerable.Repeat((byte)2, 50).ToArray());
        long header = stream.Position;
        w.Write(version);
        w.Write(0);
        w.Write(2);
        w.Write("abcdef");
        if (version >= 2) w.Write(new byte[40]);
        foreach ((long offset, long size, byte type, string path) in ((long, long, byte, string)[])[(256, 100, 1, "a.dll"), (384, 50, 4, "b/c.json")])
        {
            w.Write(offset);
            w.Write(size);
            if (version >= 6) w.Write(0L);
            w.Write(type);
            w.Write(path);
        }
        byte[] bytes = stream.ToArray();
        BinaryPrimitives.WriteInt64LittleEndian(bytes.AsSpan((int)marker), header);
        return bytes;
    }
}
