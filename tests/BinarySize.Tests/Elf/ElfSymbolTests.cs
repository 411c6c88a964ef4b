using System.Globalization;
using System.Text.RegularExpressions;
using BinarySize.Formats;
using BinarySize.Formats.Elf;
using BinarySize.IO;
using BinarySize.Mapping;

namespace BinarySize.Tests.Elf;

public class ElfSymbolTests
{
    /// <summary>Files with a symbol table, and one that has dynamic symbols only.</summary>
    public static TheoryData<string> Files => [.. ElfSamples.ObjectFixtures, "/usr/lib/x86_64-linux-gnu/crt1.o", "/lib/x86_64-linux-gnu/libc.so.6", "/lib/x86_64-linux-gnu/libstdc++.so.6", ElfSamples.Node];

    [Theory]
    [MemberData(nameof(Files))]
    public void Sized_symbols_own_as_many_bytes_as_nm_says(string path) => CompareWith("nm", path);

    [Theory]
    [MemberData(nameof(Files))]
    public void Sized_symbols_own_as_many_bytes_as_llvm_nm_says(string path) => CompareWith("llvm-nm", path);

    private static void CompareWith(string tool, string path)
    {
        using FileView view = FileView.Open(path);
        bool dynamic = ElfFile.Parse(view.Bytes).SymbolTable.Count == 0;
        using SizeMap map = FormatReader.Map(FileView.Open(path), "file");
        Assert.Empty(map.Warnings);
        ElfSamples.CheckSum(map);
        (int compared, int overlapping) = CompareWithNm(map, path, dynamic, name => name, tool);
        Assert.True(compared > 2, $"{compared} compared");
        Assert.True(overlapping * 50 <= compared, $"{overlapping} of {compared} overlap");
    }

    /// <summary>
    /// What nm lists with a size, against the code and data of owners of that name. Aliases share, so names that stand
    /// for the same bytes are compared by their sum; symbols that overlap each other in part are left out.
    /// </summary>
    internal static (int Compared, int Overlapping) CompareWithNm(SizeMap map, string symbolFile, bool dynamic, Func<string, string> rename, string tool = "nm")
    {
        string listing = Tool.Run(tool, [.. dynamic ? new[] { "-D" } : [], "--format=sysv", "--defined-only", symbolFile]);
        var symbols = new List<(string Section, ulong Start, ulong Size, string Name)>();
        foreach (string line in listing.Split('\n'))
        {
            string[] fields = line.Split('|');
            if (fields.Length != 7 || fields[4].Trim().Length == 0) continue;
            string section = fields[6].Trim();
            if (section.StartsWith('*') || section.Contains("bss", StringComparison.Ordinal) || section is ".hydrated" || section.StartsWith(".note", StringComparison.Ordinal)) continue;
            ulong size = Hex(fields[4]);
            if (size == 0) continue;
            ulong start = Hex(fields[1]);
            if (fields[3].Trim() is "TLS") section = "TLS" + section;
            string name = fields[0].Trim();
            int version = name.IndexOf('@', StringComparison.Ordinal);
            symbols.Add((section, start, size, rename(version > 0 ? name[..version] : name)));
        }
        symbols.Sort((a, b) => string.CompareOrdinal(a.Section, b.Section) is not 0 and int c ? c : a.Start != b.Start ? a.Start.CompareTo(b.Start) : b.Size.CompareTo(a.Size));

        var group = new Dictionary<string, string>();
        string Find(string name)
        {
            while (group.TryGetValue(name, out string? up) && up != name) name = up;
            return name;
        }
        var spoiled = new HashSet<string>();
        var expected = new List<(string Name, long Size)>();
        ulong reach = 0;
        for (int i = 0; i < symbols.Count; i++)
        {
            (string section, ulong start, ulong size, string name) = symbols[i];
            group.TryAdd(name, name);
            if (i > 0 && symbols[i - 1].Section == section)
            {
                if (symbols[i - 1].Start == start && symbols[i - 1].Size == size)
                {
                    group[Find(name)] = Find(symbols[i - 1].Name);
                    continue;
                }
                if (start < reach)
                {
                    spoiled.Add(name);
                    for (int j = i - 1; j >= 0 && symbols[j].Section == section && i - j < 100; j--)
                    {
                        if (symbols[j].Start + symbols[j].Size > start) spoiled.Add(symbols[j].Name);
                    }
                }
            }
            else reach = 0;
            reach = Math.Max(reach, start + size);
            expected.Add((name, (long)size));
        }

        var actual = new Dictionary<string, long>();
        var names = new Dictionary<int, string>();
        for (int i = 0; i < map.Slices.Length; i++)
        {
            Slice s = map.Slices[i];
            if (s.Owner == 0 || s.Content is not (ContentKind.Code or ContentKind.Data or ContentKind.ReadOnlyData)) continue;
            if (!names.TryGetValue(s.Owner, out string? name))
            {
                name = map.Names.Text(map.Owners[s.Owner].Name);
                int version = name.IndexOf('@', StringComparison.Ordinal);
                names[s.Owner] = name = version > 0 ? name[..version] : name;
            }
            if (!group.ContainsKey(name)) continue;
            actual[Find(name)] = actual.GetValueOrDefault(Find(name)) + map.LengthOf(i);
        }
        var sums = new Dictionary<string, long>();
        foreach ((string name, long size) in expected) sums[Find(name)] = sums.GetValueOrDefault(Find(name)) + size;
        var bad = spoiled.Select(Find).ToHashSet();
        foreach ((string name, long size) in sums)
        {
            if (bad.Contains(name)) continue;
            Assert.True(actual.GetValueOrDefault(name) == size, $"{name}: {actual.GetValueOrDefault(name)} bytes instead of {size}");
        }
        return (sums.Count - bad.Count, bad.Count);
    }

    private static ulong Hex(string text) => ulong.Parse(text.Trim(), NumberStyles.HexNumber, CultureInfo.InvariantCulture);

    [Theory]
    [MemberData(nameof(Files))]
    public void Frame_entries_are_those_of_readelf(string path)
    {
        string listing = Tool.Run("readelf", "--debug-dump=frames", "--debug-dump=no-follow-links", path);
        int frame = listing.IndexOf(".eh_frame section", StringComparison.Ordinal);
        if (frame < 0) listing = "";
        int count = Regex.Count(listing, " FDE ");
        using FileView view = FileView.Open(path);
        ElfFile elf = ElfFile.Parse(view.Bytes);
        using var frames = new NativeChunks<FrameEntry>();
        int index = elf.FindSection(".eh_frame"u8);
        long format = 0;
        if (index >= 0) EhFrame.Read(elf, index, frames, (_, length) => format += length);
        FrameEntry[] found = frames.ToArray();
        Assert.Equal(count, found.Length);
        if (index < 0) return;
        long sum = format;
        foreach (FrameEntry entry in found) sum += entry.Length;
        Assert.Equal(elf.Sections[index].Size, sum);
        if (elf.IsRelocatable)
        {
            Assert.DoesNotContain(found, f => f.Code < 0);
            return;
        }
        var ranges = new List<(long, long)>();
        foreach (Match m in Regex.Matches(listing, @" pc=([0-9a-f]+)\.\.([0-9a-f]+)"))
        {
            ulong from = Hex(m.Groups[1].Value), to = Hex(m.Groups[2].Value);
            Assert.True(elf.TryGetOffset(from, out long offset));
            ranges.Add((offset, (long)(to - from)));
        }
        Assert.Equal(ranges, found.Select(f => (f.Code, (long)f.CodeLength)));
    }
}
