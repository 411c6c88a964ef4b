using System.Diagnostics;
using System.Globalization;
using System.Text;
using BinarySize.Formats;
using BinarySize.IO;
using BinarySize.Mapping;

namespace BinarySize.Tests.Archives;

/// <summary>A size map as tests look at it: parts by name with the bytes below them. It checks the partition itself.</summary>
internal sealed class Mapped : IDisposable
{
    private readonly long[] _sizes;

    public Mapped(SizeMap map)
    {
        Map = map;
        _sizes = new long[map.Parts.Length];
        long position = 0;
        for (int i = 0; i < map.Slices.Length; i++)
        {
            Assert.Equal(position, map.Slices[i].Start);
            Assert.True(map.LengthOf(i) > 0);
            position += map.LengthOf(i);
            for (int part = map.Slices[i].Part; part >= 0; part = map.Parts[part].Parent) _sizes[part] += map.LengthOf(i);
        }
        Assert.Equal(map.Size, position);
    }

    public SizeMap Map { get; }

    public static Mapped File(string path, bool lookInside = false) => new(FormatReader.Map(FileView.Open(path), Path.GetFileName(path), lookInside));

    public static Mapped Bytes(ReadOnlySpan<byte> bytes, bool lookInside = false) => new(FormatReader.Map(FileView.FromBytes(bytes, "test"), "test", lookInside));

    public string Name(int part) => Map.Names.Text(Map.Parts[part].Name);

    /// <summary>Bytes of a part with all below it.</summary>
    public long Size(int part) => _sizes[part];

    /// <summary>Bytes of all parts of this name.</summary>
    public long Size(string name) => Named(name).Sum(Size);

    public IEnumerable<int> Named(string name) => Enumerable.Range(0, _sizes.Length).Where(i => Name(i) == name);

    public int Part(string name) => Assert.Single(Named(name));

    public IEnumerable<int> Below(int parent, PartKind kind) =>
        Enumerable.Range(1, _sizes.Length - 1).Where(i => Map.Parts[i].Kind == kind && Map.Parts[i].Parent == parent);

    /// <summary>Entries by name: bytes they take, bytes they unpack to (the same where they are not compressed).</summary>
    public Dictionary<string, (long Size, long Unpacked)> Files(int parent = 0) => Below(parent, PartKind.File)
        .ToDictionary(Name, i => (Size(i), Map.Parts[i].UnpackedSize < 0 ? Size(i) : Map.Parts[i].UnpackedSize));

    public string[] Warnings => [.. Map.Warnings.Select(w => $"{w.Code} {w.Message}")];

    public void Dispose() => Map.Dispose();
}

/// <summary>Checks that hold for any bytes at all.</summary>
internal static class Hostile
{
    /// <summary>Maps bytes entries only and looking inside; no exception, a partition, bounded time.</summary>
    public static void Check(byte[] bytes, string what)
    {
        foreach (bool lookInside in (bool[])[false, true])
        {
            var watch = Stopwatch.StartNew();
            using Mapped map = Mapped.Bytes(bytes, lookInside);
            Assert.True(watch.Elapsed < TimeSpan.FromSeconds(2 + bytes.Length / 500_000.0), $"{what} took {watch.Elapsed}");
        }
    }

    /// <summary>Cuts, flips and overwrites <paramref name="original"/>, seeded.</summary>
    public static void Mutate(byte[] original, int seed, int rounds)
    {
        var random = new Random(seed);
        byte[][] words = [[0, 0, 0, 0], [255, 255, 255, 255], [0, 0, 0, 128], [255, 255, 255, 127], [255, 255, 255, 255, 255, 255, 255, 127], [0, 0, 0, 0, 0, 0, 0, 128], [1, 0, 0, 0]];
        for (int round = 0; round < rounds; round++)
        {
            byte[] bytes = [.. original];
            if (random.Next(4) == 0) bytes = bytes[..random.Next(bytes.Length)];
            for (int i = random.Next(1, 6); i > 0 && bytes.Length > 16; i--)
            {
                // Tables stand at the ends of these formats: half of the hits go there.
                int at = random.Next(2) == 0 ? random.Next(bytes.Length) : random.Next(2) == 0 ? random.Next(Math.Min(bytes.Length, 600)) : bytes.Length - 1 - random.Next(Math.Min(bytes.Length, 600));
                switch (random.Next(3))
                {
                    case 0:
                        bytes[at] ^= (byte)(1 << random.Next(8));
                        break;
                    case 1:
                        bytes[at] = (byte)random.Next(256);
                        break;
                    default:
                        byte[] word = words[random.Next(words.Length)];
                        for (int k = 0; k < word.Length && at + k < bytes.Length; k++) bytes[at + k] = word[k];
                        break;
                }
            }
            Check(bytes, string.Create(CultureInfo.InvariantCulture, $"seed {seed} round {round}"));
        }
    }
}

/// <summary>What `unzip -lv` says of an archive.</summary>
internal static class Unzip
{
    public static Dictionary<string, (long Size, long Unpacked)> List(string path)
    {
        var entries = new Dictionary<string, (long, long)>(StringComparer.Ordinal);
        // 0 and, where there are extra bytes, 1: warnings.
        (int code, string output, string error) = Tool.Try("unzip", "-lv", path);
        Assert.True(code is 0 or 1, error);
        foreach (string line in output.Split('\n').SkipWhile(l => !l.StartsWith("--------", StringComparison.Ordinal)).Skip(1).TakeWhile(l => !l.StartsWith("--------", StringComparison.Ordinal)))
        {
            string[] words = line.Split(' ', 8, StringSplitOptions.RemoveEmptyEntries);
            string name = words[7].TrimStart();
            if (!name.EndsWith('/')) entries.Add(name, (long.Parse(words[2], CultureInfo.InvariantCulture), long.Parse(words[0], CultureInfo.InvariantCulture)));
        }
        return entries;
    }
}

/// <summary>A folder that goes away with the test.</summary>
internal sealed class TemporaryFolder : IDisposable
{
    public string Path { get; } = Directory.CreateTempSubdirectory("binarysize-archives-").FullName;

    public string this[string name] => System.IO.Path.Combine(Path, name);

    public string Write(string name, string text) => Write(name, Encoding.UTF8.GetBytes(text));

    public string Write(string name, byte[] bytes)
    {
        string path = this[name];
        Directory.CreateDirectory(System.IO.Path.GetDirectoryName(path)!);
        File.WriteAllBytes(path, bytes);
        return path;
    }

    public string Run(string command, params string[] arguments)
    {
        (int code, string output, string error) = Tool.TryIn(Path, command, arguments);
        Assert.True(code == 0, $"{command} {string.Join(' ', arguments)} ended with {code}: {error}{output}");
        return output;
    }

    public void Dispose() => Directory.Delete(Path, recursive: true);
}
