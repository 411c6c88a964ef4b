using System.Formats.Tar;
using System.Globalization;
using System.IO.Compression;
using System.Text;
using System.Text.Json;
using BinarySize.Artifacts;
using BinarySize.Formats.Archives;
using BinarySize.IO;
using BinarySize.Mapping;
using BinarySize.Reports;

namespace BinarySize.Tests.Archives;

public sealed class ImageReaderTests : IDisposable
{
    private readonly TemporaryFolder _folder = new();

    public void Dispose() => _folder.Dispose();

    /// <summary>Three layers: programs; one of them again; and a whiteout. Made by umoci, copied by skopeo.</summary>
    private void MakeLayout()
    {
        Directory.CreateDirectory(_folder["a/app"]);
        Directory.CreateDirectory(_folder["a/lib"]);
        Directory.CreateDirectory(_folder["b"]);
        File.Copy("/bin/ls", _folder["a/app/ls"]);
        File.Copy("/bin/cat", _folder["a/app/cat"]);
        File.Copy("/bin/true", _folder["a/lib/true"]);
        File.Copy("/bin/cp", _folder["b/ls"]);
        _folder.Run("umoci", "init", "--layout", "layout");
        _folder.Run("umoci", "new", "--image", "layout:t");
        _folder.Run("umoci", "insert", "--image", "layout:t", "a", "/");
        _folder.Run("umoci", "insert", "--image", "layout:t", "b", "/app");
        _folder.Run("umoci", "insert", "--image", "layout:t", "--whiteout", "/lib/true");
    }

    private string[] LayerPaths()
    {
        using JsonDocument index = JsonDocument.Parse(File.ReadAllBytes(_folder["layout/index.json"]));
        string Blob(JsonElement descriptor) => _folder["layout/blobs/" + descriptor.GetProperty("digest").GetString()!.Replace(':', '/')];
        using JsonDocument manifest = JsonDocument.Parse(File.ReadAllBytes(Blob(index.RootElement.GetProperty("manifests")[0])));
        return [.. manifest.RootElement.GetProperty("layers").EnumerateArray().Select(Blob)];
    }

    private static void AssertLayers(Mapped map, string[] layers, bool compressed)
    {
        Assert.Empty(map.Warnings);
        Assert.Empty(map.Named("gap"));
        for (int i = 0; i < layers.Length; i++)
        {
            int part = map.Part("layer " + (i + 1).ToString(CultureInfo.InvariantCulture));
            long packed = new FileInfo(layers[i]).Length;
            using var gzip = new GZipStream(File.OpenRead(layers[i]), CompressionMode.Decompress);
            var plain = new MemoryStream();
            gzip.CopyTo(plain);
            Assert.Equal(PartKind.Layer, map.Map.Parts[part].Kind);
            Assert.Equal(compressed ? packed : plain.Length, map.Size(part));
            Assert.Equal(compressed ? plain.Length : -1, map.Map.Parts[part].UnpackedSize);
            int waste = map.Below(part, PartKind.Folder).SingleOrDefault(-1);
            var files = map.Files(part).ToDictionary(f => f.Key, f => f.Value.Size);
            if (waste >= 0) foreach ((string name, (long size, _)) in map.Files(waste)) files.Add(name, size);
            foreach ((string name, long bytes) in TarReaderTests.List(layers[i], "-z"))
            {
                double expected = compressed ? (double)bytes * packed / plain.Length : bytes;
                Assert.InRange(files.GetValueOrDefault(name), expected - 1, expected + 1);
            }
        }
        int first = map.Part("layer 1"), hidden = Assert.Single(map.Below(first, PartKind.Folder));
        Assert.Equal(ImageReader.Waste, map.Name(hidden));
        Assert.Equal(["app/ls", "lib/true"], map.Files(hidden).Keys.Order(StringComparer.Ordinal));
        Assert.Equal(["app/cat"], map.Files(first).Keys);
        Assert.Empty(map.Below(map.Part("layer 2"), PartKind.Folder));
    }

    [Theory]
    [InlineData(false), InlineData(true)]
    public void An_oci_archive_has_its_layers_in_order(bool lookInside)
    {
        MakeLayout();
        _folder.Run("skopeo", "copy", "--insecure-policy", "oci:layout:t", "oci-archive:o.tar:t");
        using Mapped map = Mapped.File(_folder["o.tar"], lookInside);
        AssertLayers(map, LayerPaths(), compressed: true);
        Assert.True(map.Size("config") > 0);
        Assert.True(map.Size("manifest") > 0);
        // All that tar lists is there under one name or another.
        Assert.Equal(TarReaderTests.List(_folder["o.tar"]).Values.Sum(), map.Map.Size - map.Size("tar headers") - map.Size("tar padding") - map.Size("end of archive") + Inside(map));
    }

    // Headers and padding inside of layers have the same names as the archive's own.
    private static long Inside(Mapped map) => new[] { "tar headers", "tar padding", "end of archive" }
        .SelectMany(map.Named).Where(p => map.Map.Parts[p].Parent != 0).Sum(map.Size);

    [Fact]
    public void A_docker_archive_has_plain_layers()
    {
        MakeLayout();
        _folder.Run("skopeo", "copy", "--insecure-policy", "oci:layout:t", "docker-archive:d.tar:hello:1");
        using Mapped map = Mapped.File(_folder["d.tar"]);
        AssertLayers(map, LayerPaths(), compressed: false);
        Assert.True(map.Size("config") > 0);
        using FileView view = FileView.Open(_folder["d.tar"]);
        Assert.True(ImageArchive.TryParse(view.Bytes, out ImageArchive? image));
        Assert.Equal(ImageLayoutKind.DockerArchive, image.Kind);
        Assert.Contains("hello:1", Assert.Single(image.Images).Name, StringComparison.Ordinal);
    }

    [Fact]
    public void A_folder_with_a_layout_is_measured_by_layer()
    {
        MakeLayout();
        _folder.Run("skopeo", "copy", "--insecure-policy", "oci:layout:t", "oci-archive:o.tar:t");
        using Mapped tar = Mapped.File(_folder["o.tar"]);
        var warnings = new List<MapWarning>();
        List<FoundFile> files = FolderWalker.Walk(_folder["layout"], warnings);
        using MeasuredArtifact artifact = Measurer.Measure("layout", ArtifactKind.Folder, files, warnings, new MeasureOptions());
        Assert.Empty(artifact.Warnings);
        Assert.Equal(files.Sum(f => f.Size), artifact.Size);
        string[] layers = LayerPaths();
        for (int i = 0; i < layers.Length; i++)
        {
            MeasuredFile file = artifact.Files.Single(f => f.FullPath == layers[i]);
            string name = "layer " + (i + 1).ToString(CultureInfo.InvariantCulture);
            int part = Enumerable.Range(0, file.Map.Parts.Length).Single(p => file.Map.Parts[p].Kind == PartKind.Layer);
            Assert.Equal(name, file.Map.Names.Text(file.Map.Parts[part].Name));
            // The same layer in an archive has the same files, and the same of them hidden.
            Assert.Equal(Below(tar.Map, tar.Part(name)), Below(file.Map, part));
        }
        ReportNode tree = TreeBuilder.Build(artifact, [Level.File]);
        Assert.Equal(artifact.Size, tree.Size);

        static Dictionary<string, long> Below(SizeMap map, int layer)
        {
            var sizes = new Dictionary<string, long>();
            for (int i = 0; i < map.Slices.Length; i++)
            {
                string path = "";
                int p = map.Slices[i].Part;
                for (; p > 0 && p != layer; p = map.Parts[p].Parent) path = map.Names.Text(map.Parts[p].Name) + "/" + path;
                if (p == layer) sizes[path] = sizes.GetValueOrDefault(path) + map.LengthOf(i);
            }
            return sizes;
        }
    }

    [Fact]
    public void A_folder_is_an_image_too()
    {
        MakeLayout();
        Assert.True(ImageArchive.TryParseFolder(_folder["layout"], out ImageArchive? image));
        Assert.Empty(image.Problems);
        ImageDescription description = Assert.Single(image.Images);
        string[] expected = LayerPaths();
        Assert.Equal(expected, description.Layers.Select(l => _folder["layout/" + l.Path]));
        Assert.Equal(expected.Select(p => new FileInfo(p).Length), description.Layers.Select(l => l.Size));
        IReadOnlyList<SizeMap> maps = ImageReader.MapLayers([.. expected.Select(p => FileView.Open(p))], ["layer 1", "layer 2", "layer 3"]);
        for (int i = 0; i < maps.Count; i++)
        {
            using var map = new Mapped(maps[i]);
            Assert.Empty(map.Warnings);
            Assert.Equal(new FileInfo(expected[i]).Length, map.Size("layer " + (i + 1).ToString(CultureInfo.InvariantCulture)));
            if (i == 0) Assert.Equal(["app/ls", "lib/true"], map.Files(map.Part(ImageReader.Waste)).Keys.Order(StringComparer.Ordinal));
        }
        Assert.False(ImageArchive.TryParseFolder(_folder["a"], out _));
    }

    /// <summary>Layers by their files ("path" or "path=size"); all in one plain archive like docker's.</summary>
    private static byte[] Docker(params string[][] layers)
    {
        var stream = new MemoryStream();
        using var tar = new TarWriter(stream, TarEntryFormat.Ustar, leaveOpen: true);
        void Add(TarWriter to, string name, byte[] content) => to.WriteEntry(new UstarTarEntry(TarEntryType.RegularFile, name) { DataStream = new MemoryStream(content) });
        for (int i = 0; i < layers.Length; i++)
        {
            var layer = new MemoryStream();
            using (var writer = new TarWriter(layer, TarEntryFormat.Ustar, leaveOpen: true))
            {
                foreach (string file in layers[i])
                {
                    if (file.EndsWith('/')) writer.WriteEntry(new UstarTarEntry(TarEntryType.Directory, file));
                    else Add(writer, file, file.Contains(".wh.", StringComparison.Ordinal) ? [] : new byte[100]);
                }
            }
            Add(tar, $"{i}/layer.tar", layer.ToArray());
        }
        Add(tar, "c.json", "{}"u8.ToArray());
        Add(tar, "manifest.json", Encoding.UTF8.GetBytes($$"""[{"Config":"c.json","RepoTags":[],"Layers":[{{string.Join(',', layers.Select((_, i) => $"\"{i}/layer.tar\""))}}]}]"""));
        tar.Dispose();
        return stream.ToArray();
    }

    [Fact]
    public void What_a_later_layer_hides_is_waste()
    {
        using Mapped map = Mapped.Bytes(Docker(
            ["a/", "a/x", "a/y", "b/", "b/z", "c", "d/", "d/q", "e/f", "keep"],
            ["./a/.wh..wh..opq", "./a/y", "b", ".wh.d", "new/", "new/1"],
            ["c/", "c/below", "e/.wh.f", "new/.wh.none"]));
        Assert.Empty(map.Warnings);
        string[] Wasted(string layer) => map.Below(map.Part(layer), PartKind.Folder).SelectMany(w => map.Files(w).Keys).Order(StringComparer.Ordinal).ToArray();
        Assert.Equal(["a/x", "a/y", "b/z", "c", "d/q", "e/f"], Wasted("layer 1"));
        Assert.Empty(Wasted("layer 2"));
        Assert.Contains("keep", map.Files(map.Part("layer 1")).Keys);
        Assert.Equal(600, map.Size(ImageReader.Waste));
    }

    [Fact]
    public void An_archive_that_only_looks_like_an_image_is_a_tar_archive()
    {
        foreach (string content in (string[])["", "[", "{}", "[]", "[1]", "[{\"Layers\":3}]", "{\"manifests\":[{\"digest\":\"sha256:../../etc\"},5,null]}", "[[[[[[[[[[[["])
        {
            _folder.Write("manifest.json", content);
            _folder.Write("index.json", content);
            _folder.Run("tar", "-cf", "t.tar", "index.json", "manifest.json");
            using Mapped map = Mapped.File(_folder["t.tar"]);
            Assert.Equal(content.Length, map.Size("manifest.json"));
        }
    }

    [Fact]
    public void Zstandard_layers_are_measured_as_a_whole()
    {
        MakeLayout();
        _folder.Run("skopeo", "copy", "--insecure-policy", "--dest-compress-format", "zstd", "--dest-compress", "oci:layout:t", "dir:z");
        string layer = Directory.GetFiles(_folder["z"]).First(f => File.ReadAllBytes(f).AsSpan().StartsWith<byte>([0x28, 0xB5, 0x2F, 0xFD]));
        using var map = new Mapped(Assert.Single(ImageReader.MapLayers([FileView.Open(layer)], ["z"])));
        Assert.Contains(map.Warnings, w => w.StartsWith("BSZ4006", StringComparison.Ordinal) && w.Contains("Zstandard", StringComparison.Ordinal));
        Assert.Equal(map.Map.Size, map.Size("z"));
    }

    [Fact]
    public void Mutated_images_are_still_partitions()
    {
        MakeLayout();
        _folder.Run("skopeo", "copy", "--insecure-policy", "oci:layout:t", "oci-archive:o.tar:t");
        Hostile.Mutate(File.ReadAllBytes(_folder["o.tar"]), 7, 60);
        Hostile.Mutate(Docker(["a/", "a/x"], ["./a/.wh..wh..opq", "b"]), 8, 200);
    }
}
