using BinarySize.Mapping;

namespace BinarySize.Tests.Elf;

/// <summary>ELF files to read, and sums over the maps of them.</summary>
internal static class ElfSamples
{
    public static string[] SystemFiles { get; } = ["/bin/ls", "/bin/bash", "/lib/x86_64-linux-gnu/libc.so.6", "/lib/x86_64-linux-gnu/libstdc++.so.6", "/usr/lib/x86_64-linux-gnu/crt1.o"];

    /// <summary>99 MB, 107,000 symbols.</summary>
    public static string Node { get; } = Path.GetFullPath(File.ResolveLinkTarget("/usr/bin/node", returnFinalTarget: true)?.FullName ?? "/usr/bin/node");

    /// <summary>Object files for other machines, made by Fixtures/elf/make.sh.</summary>
    public static string[] ObjectFixtures { get; } = [.. Directory.GetFiles(Path.Combine(Samples.Root, "tests", "BinarySize.Tests", "Fixtures", "elf"), "*.o").Order(StringComparer.Ordinal)];

    public static Dictionary<string, long> BytesByPart(SizeMap map, PartKind kind)
    {
        var sums = new Dictionary<string, long>();
        for (int i = 0; i < map.Slices.Length; i++)
        {
            // A piece inside a section counts for the section.
            Part part = map.Parts[map.Slices[i].Part];
            while (part.Kind != kind && part.Parent >= 0) part = map.Parts[part.Parent];
            if (part.Kind != kind) continue;
            string name = map.Names.Text(part.Name);
            sums[name] = sums.GetValueOrDefault(name) + map.LengthOf(i);
        }
        return sums;
    }

    public static void CheckSum(SizeMap map)
    {
        long sum = 0;
        for (int i = 0; i < map.Slices.Length; i++)
        {
            // An assertion for each of a million slices would take longer than making them.
            if (map.LengthOf(i) <= 0 || map.Slices[i].Start != sum) Assert.Fail($"slice {i} starts at {map.Slices[i].Start} instead of {sum} and has {map.LengthOf(i)} bytes");
            sum += map.LengthOf(i);
        }
        Assert.Equal(map.Size, sum);
    }
}
