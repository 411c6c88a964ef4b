using System.Globalization;
using System.Text;
using BinarySize.Mapping;

namespace BinarySize.Tests.Archives;

public sealed class TarReaderTests : IDisposable
{
    private readonly TemporaryFolder _folder = new();

    public void Dispose() => _folder.Dispose();

    /// <summary>Sizes of files as `tar -tv` lists them.</summary>
    internal static Dictionary<string, long> List(string path, params string[] options)
    {
        var files = new Dictionary<string, long>(StringComparer.Ordinal);
        (int code, string output, string error) = Tool.Try("tar", [.. options, "--numeric-owner", "--quoting-style=literal", "-tvf", path]);
        // umoci leaves the last file unpadded, which tar lists and then complains of.
        Assert.True(code == 0 || error.Contains("Unexpected EOF", StringComparison.Ordinal), error);
        foreach (string line in output.Split('\n', StringSplitOptions.RemoveEmptyEntries))
        {
            if (line[0] != '-') continue;
            string[] words = line.Split(' ', 6, StringSplitOptions.RemoveEmptyEntries);
            files.Add(words[5], long.Parse(words[2], CultureInfo.InvariantCulture));
        }
        return files;
    }

    private void Sources()
    {
        _folder.Write("in/short", "some text");
        _folder.Write("in/block", new byte[512]);
        _folder.Write("in/empty", "");
        _folder.Write("in/ü ✓", "name");
        _folder.Write("in/" + new string('l', 120) + "/" + new string('n', 130), new string('x', 5000));
        File.Copy("/bin/true", _folder["in/true"]);
        File.CreateSymbolicLink(_folder["in/link"], "true");
        _folder.Run("ln", "in/true", "in/hard");
    }

    [Theory]
    [InlineData("gnu"), InlineData("oldgnu"), InlineData("posix"), InlineData("ustar"), InlineData("v7")]
    public void Files_are_what_tar_says_in_every_format(string format)
    {
        Sources();
        // ustar and v7 cannot hold the long name, and say so: the rest goes in.
        (int code, _, string error) = Tool.TryIn(_folder.Path, "tar", "--format=" + format, "-cf", "t.tar", "in");
        Assert.True(code == 0 || format is "ustar" or "v7", error);
        using Mapped map = Mapped.File(_folder["t.tar"]);
        if (format == "v7")
        {
            // It has no magic number: not told from any other file.
            Assert.Equal(1, map.Map.Parts.Length);
            return;
        }
        Dictionary<string, long> expected = List(_folder["t.tar"]);
        Assert.True(expected.Count >= 5);
        Assert.Equal(expected.OrderBy(e => e.Key, StringComparer.Ordinal), map.Files().Select(f => KeyValuePair.Create(f.Key, f.Value.Size)).OrderBy(e => e.Key, StringComparer.Ordinal));
        Assert.Empty(map.Warnings);
        Assert.Empty(map.Named("gap"));
        Assert.Empty(map.Named("padding"));
        Assert.Equal(expected.Values.Sum(v => (512 - v % 512) % 512), map.Size("tar padding"));
    }

    [Theory]
    [InlineData("gnu", ""), InlineData("posix", "--sparse-version=0.0"), InlineData("posix", "--sparse-version=0.1"), InlineData("posix", "--sparse-version=1.0")]
    public void A_sparse_file_takes_what_is_there_and_unpacks_to_what_it_is(string format, string version)
    {
        using (FileStream file = File.Create(_folder["sparse"]))
        {
            file.SetLength(10_000_000);
            for (int i = 0; i < 30; i++)
            {
                file.Position = i * 300_000;
                file.Write("data"u8);
            }
        }
        _folder.Run("sh", "-c", $"tar --format={format} -S {version} -cf t.tar sparse");
        using Mapped map = Mapped.File(_folder["t.tar"]);
        Assert.Empty(map.Warnings);
        Assert.Equal(10_000_000, List(_folder["t.tar"])["sparse"]);
        (long size, long unpacked) = map.Files()["sparse"];
        Assert.Equal(10_000_000, unpacked);
        Assert.InRange(size, 30 * 4, 400_000);
        Assert.Empty(map.Named("gap"));
    }

    [Fact]
    public void A_file_in_a_plain_archive_is_looked_into_where_it_lies()
    {
        Sources();
        _folder.Write("in/inner.zip", Zip.Make(("one"u8.ToArray(), 100)));
        _folder.Run("tar", "-cf", "t.tar", "in");
        using Mapped map = Mapped.File(_folder["t.tar"], lookInside: true);
        Assert.Equal(100, map.Size(map.Part("one")));
        Assert.Equal("in/inner.zip", map.Name(map.Map.Parts[map.Part("one")].Parent));
    }

    [Fact]
    public void A_compressed_archive_is_one_part_or_in_proportion()
    {
        Sources();
        _folder.Run("sh", "-c", "tar -cf t.tar in && gzip -kn t.tar && gzip -k < t.tar > n.tar.gz");
        long size = new FileInfo(_folder["t.tar.gz"]).Length, plain = new FileInfo(_folder["t.tar"]).Length;
        using (Mapped map = Mapped.File(_folder["t.tar.gz"]))
        {
            Assert.Equal((size - 18, plain), map.Files()["compressed data"]);
            Assert.Equal((10, 8), (map.Size("gzip header"), map.Size("gzip trailer")));
        }
        using (Mapped map = Mapped.File(_folder["t.tar.gz"], lookInside: true))
        {
            int data = map.Part("compressed data");
            Dictionary<string, (long Size, long)> files = map.Files(data);
            Assert.Equal(size - 18, map.Size(data));
            foreach ((string name, long bytes) in List(_folder["t.tar"]))
            {
                if (bytes > 0 && files.TryGetValue(name, out (long Size, long) file)) Assert.InRange(file.Size, (long)((double)bytes * (size - 18) / plain) - 1, (long)((double)bytes * (size - 18) / plain) + 1);
                else Assert.True(bytes * (size - 18) / plain == 0, name);
            }
            Assert.Contains(map.Map.Slices.ToArray(), s => s.Basis == Basis.Estimated);
        }
        _folder.Run("sh", "-c", "cp t.tar named.tar && gzip named.tar");
        using (Mapped map = Mapped.File(_folder["named.tar.gz"])) Assert.True(map.Files().ContainsKey("named.tar"));
    }

    [Theory]
    [InlineData("77777777777\0"), InlineData("-0000000001\0"), InlineData("\u0080\u007f"), InlineData("\u00ff\u00ff"), InlineData("\u0080 huge"), InlineData("zzz")]
    public void A_size_that_lies_is_told(string field)
    {
        Sources();
        _folder.Run("tar", "-cf", "t.tar", "in/short", "in/true");
        byte[] bytes = File.ReadAllBytes(_folder["t.tar"]);
        byte[] raw = Encoding.Latin1.GetBytes(field);
        if (field.StartsWith('\u0080')) raw = field.Length > 2 ? [0x80, 0, 0, 0, 0x7F, 255, 255, 255, 255, 255, 255, 255] : [0x80, 255, 255, 255, 255, 255, 255, 255, 255, 255, 255, 255];
        if (field.StartsWith('\u00ff')) raw = [255, 255, 255, 255, 255, 255, 255, 255, 255, 255, 255, 255];
        raw.CopyTo(bytes, 124);
        bytes.AsSpan(148, 8).Fill((byte)' ');
        int sum = bytes.AsSpan(0, 512).ToArray().Sum(b => b);
        Encoding.ASCII.GetBytes(Convert.ToString(sum, 8).PadLeft(6, '0') + "\0 ").CopyTo(bytes, 148);
        using Mapped map = Mapped.Bytes(bytes);
        Assert.Contains(map.Warnings, w => w.StartsWith("BSZ4003", StringComparison.Ordinal));
    }

    [Fact]
    public void An_archive_that_is_cut_off_keeps_what_is_there()
    {
        Sources();
        _folder.Run("tar", "-cf", "t.tar", "in/short", "in/true");
        byte[] bytes = File.ReadAllBytes(_folder["t.tar"]);
        using Mapped map = Mapped.Bytes(bytes.AsSpan(0, 5000));
        Assert.Equal(9, map.Size("in/short"));
        Assert.Equal(5000 - 1536, map.Size("in/true"));
        Assert.Contains(map.Warnings, w => w.Contains("cut off", StringComparison.Ordinal));
    }

    [Theory]
    [InlineData("gnu"), InlineData("posix")]
    public void Mutated_archives_are_still_partitions(string format)
    {
        Sources();
        File.Delete(_folder["in/true"]);
        _folder.Run("tar", "--format=" + format, "-cf", "t.tar", "in");
        Hostile.Mutate(File.ReadAllBytes(_folder["t.tar"]), format.Length, 150);
        _folder.Run("gzip", "t.tar");
        Hostile.Mutate(File.ReadAllBytes(_folder["t.tar.gz"]), format.Length, 150);
    }
}
