using System.Diagnostics;
using BinarySize.Formats;
using BinarySize.IO;
using BinarySize.Mapping;

namespace BinarySize.Tests.Symbols;

/// <summary>Questions that tests of native readers ask of a size map.</summary>
internal static class MapChecks
{
    public static SizeMap Map(string path) => FormatReader.Map(FileView.Open(path), Path.GetFileName(path));

    public static SizeMap Map(byte[] content) => FormatReader.Map(FileView.FromBytes(content, "file"), "file");

    /// <summary>Slices stand in order, none is empty, and they add up to the file.</summary>
    public static void IsPartition(SizeMap map)
    {
        long sum = 0;
        for (int i = 0; i < map.Slices.Length; i++)
        {
            Assert.Equal(sum, map.Slices[i].Start);
            Assert.True(map.LengthOf(i) > 0);
            sum += map.LengthOf(i);
        }
        Assert.Equal(map.Size, sum);
    }

    /// <summary>Bytes by the name of each part of one kind, what lies below it included.</summary>
    public static Dictionary<string, long> Parts(SizeMap map, PartKind kind)
    {
        var sizes = new Dictionary<string, long>();
        for (int i = 0; i < map.Slices.Length; i++)
        {
            for (int p = map.Slices[i].Part; p >= 0; p = map.Parts[p].Parent)
            {
                if (map.Parts[p].Kind != kind) continue;
                string name = map.Names.Text(map.Parts[p].Name);
                sizes[name] = sizes.GetValueOrDefault(name) + map.LengthOf(i);
            }
        }
        return sizes;
    }

    /// <summary>Bytes by the name of each leaf owner, of the given content or of any.</summary>
    public static Dictionary<string, long> Owners(SizeMap map, ContentKind? content = null)
    {
        var byId = new long[map.Owners.Length];
        for (int i = 0; i < map.Slices.Length; i++)
        {
            if (content is null || map.Slices[i].Content == content) byId[map.Slices[i].Owner] += map.LengthOf(i);
        }
        var sizes = new Dictionary<string, long>();
        for (int i = 1; i < byId.Length; i++)
        {
            if (byId[i] == 0) continue;
            string name = map.Names.Text(map.Owners[i].Name);
            sizes[name] = sizes.GetValueOrDefault(name) + byId[i];
        }
        return sizes;
    }

    public static long Unowned(SizeMap map, ContentKind content)
    {
        long sum = 0;
        for (int i = 0; i < map.Slices.Length; i++)
        {
            if (map.Slices[i].Content == content && map.Slices[i].Owner == 0) sum += map.LengthOf(i);
        }
        return sum;
    }

    /// <summary>
    /// Damages a good file in many ways; whatever comes of it must be a partition, in time. <paramref name="apply"/> maps
    /// the bytes (default: the format's reader).
    /// </summary>
    public static void Survives(byte[] good, int seed, int rounds, Func<byte[], SizeMap>? apply = null)
    {
        apply ??= Map;
        var random = new Random(seed);
        var slowest = TimeSpan.Zero;
        for (int round = 0; round < rounds; round++)
        {
            byte[] bad = good.AsSpan().ToArray();
            switch (round % 4)
            {
                case 0:
                    bad = bad[..random.Next(bad.Length)];
                    break;
                case 1:
                    // The format's own tables stand mostly at the start; half of the flips go there.
                    for (int n = random.Next(1, 20); n > 0; n--) bad[random.Next(random.Next(2) == 0 ? Math.Min(bad.Length, 2048) : bad.Length)] ^= (byte)(1 << random.Next(8));
                    break;
                case 2:
                    for (int n = random.Next(1, 6); n > 0; n--)
                    {
                        int at = random.Next(random.Next(3) > 0 ? Math.Min(bad.Length, 4096) : bad.Length), length = Math.Min(random.Next(1, 9), bad.Length - at);
                        bad.AsSpan(at, length).Fill(random.Next(3) switch { 0 => 0xFF, 1 => 0x7F, _ => 0x80 });
                    }
                    break;
                default:
                    int from = random.Next(bad.Length), to = random.Next(bad.Length), size = random.Next(1, Math.Max(2, Math.Min(4096, bad.Length - Math.Max(from, to))));
                    good.AsSpan(from, Math.Min(size, bad.Length - from)).CopyTo(bad.AsSpan(to, Math.Min(size, bad.Length - to)).Length < Math.Min(size, bad.Length - from) ? new byte[size] : bad.AsSpan(to));
                    break;
            }
            long start = Stopwatch.GetTimestamp();
            try
            {
                using SizeMap map = apply(bad);
                IsPartition(map);
            }
            catch (Exception e) when (e is not Xunit.Sdk.XunitException)
            {
                Assert.Fail($"seed {seed}, round {round}: {e}");
            }
            TimeSpan took = Stopwatch.GetElapsedTime(start);
            if (took > slowest) slowest = took;
        }
        // Generous: the machine is shared, and a hang takes far longer.
        Assert.True(slowest < TimeSpan.FromSeconds(5), $"the slowest of {rounds} damaged files took {slowest}");
    }
}
