using System.Buffers.Binary;
using System.Globalization;
using System.Text;
using System.Text.RegularExpressions;
using BinarySize.Formats.MachO;
using BinarySize.IO;
using BinarySize.Mapping;
using BinarySize.Tests.Symbols;

namespace BinarySize.Tests.MachO;

public partial class MachOReaderTests
{
    private static string ArmObject => NativeSamples.Compile("macho-object", "parts.c", "clang", "--target=arm64-apple-macos11", "-g", "-O1", "-c");

    /// <summary>A dylib, its dSYM, and a stripped copy of it in a folder of the same names.</summary>
    private static string Linked => Samples.Make("macho-linked", [ArmObject], [], folder =>
    {
        string dylib = Path.Combine(folder, "libparts.dylib");
        Tool.Run("ld64.lld-14", "-arch", "arm64", "-platform_version", "macos", "11.0", "11.0", "-dylib", "-undefined", "dynamic_lookup", ArmObject, "-o", dylib);
        Tool.Run("dsymutil", dylib);
        Directory.CreateDirectory(Path.Combine(folder, "stripped"));
        Tool.Run("llvm-strip", "-x", dylib, "-o", Path.Combine(folder, "stripped", "libparts.dylib"));
    });

    private static string File(string name) => name switch
    {
        "go-arm64" => NativeSamples.Go("hello.go", "darwin", "arm64"),
        "go-amd64" => NativeSamples.Go("hello.go", "darwin", "amd64"),
        "sqlite-arm64" => NativeSamples.Package("SQLitePCLRaw.lib.e_sqlite3", "2.0.6", "runtimes/osx-arm64/native/libe_sqlite3.dylib"),
        "sqlite-x64" => NativeSamples.Package("SQLitePCLRaw.lib.e_sqlite3", "2.0.6", "runtimes/osx-x64/native/libe_sqlite3.dylib"),
        "object" => ArmObject,
        "object-i386" => NativeSamples.Compile("macho-object-386", "parts.c", "clang", "--target=i386-apple-macos10.10", "-O1", "-c"),
        "linked" => Path.Combine(Linked, "libparts.dylib"),
        "dsym" => Path.Combine(Linked, "libparts.dylib.dSYM/Contents/Resources/DWARF/libparts.dylib"),
        _ => Path.Combine(Samples.Make("macho-go-testdata", [], [], folder =>
        {
            // Go's own test files: old compilers' output, kept as base64.
            string root = Directory.GetDirectories("/usr/share", "go-*").Order(StringComparer.Ordinal).First();
            foreach (string file in Directory.GetFiles(Path.Combine(root, "src/debug/macho/testdata"), "*.base64"))
            {
                System.IO.File.WriteAllBytes(Path.Combine(folder, Path.GetFileNameWithoutExtension(file)), Convert.FromBase64String(System.IO.File.ReadAllText(file)));
            }
        }), name),
    };

    public static TheoryData<string> Files =>
    [
        "go-arm64", "go-amd64", "sqlite-arm64", "sqlite-x64", "object", "object-i386", "linked", "dsym",
        "clang-386-darwin-exec-with-rpath", "clang-386-darwin.obj", "clang-amd64-darwin-exec-with-rpath", "clang-amd64-darwin.obj",
        "gcc-386-darwin-exec", "gcc-amd64-darwin-exec", "gcc-amd64-darwin-exec-debug", "fat-gcc-386-amd64-darwin-exec",
    ];

    [Theory, MemberData(nameof(Files))]
    public void Sections_are_those_that_llvm_size_lists(string name)
    {
        using SizeMap map = MapChecks.Map(File(name));
        MapChecks.IsPartition(map);
        Assert.Empty(map.Warnings);
        // A dSYM repeats the sections of its binary, without their bytes.
        bool companion = name is "dsym" or "gcc-amd64-darwin-exec-debug";
        var expected = new Dictionary<string, long>();
        string segment = "";
        foreach (string line in Tool.Run("llvm-size", "-m", File(name)).Split('\n'))
        {
            if (SegmentLine().Match(line) is { Success: true } s) segment = s.Groups[1].Value;
            if (SectionLine().Match(line) is not { Success: true } m) continue;
            (string inSegment, string section) = m.Groups[1].Success ? (m.Groups[1].Value, m.Groups[2].Value) : (segment, m.Groups[2].Value);
            if (section is "__bss" or "__common" or "__noptrbss" || (companion && inSegment != "__DWARF")) continue;
            string key = $"{inSegment},{section}";
            expected[key] = expected.GetValueOrDefault(key) + long.Parse(m.Groups[3].Value, CultureInfo.InvariantCulture);
        }
        foreach (string empty in expected.Where(p => p.Value == 0).Select(p => p.Key).ToArray()) expected.Remove(empty);
        Assert.NotEmpty(expected);
        Dictionary<string, long> actual = MapChecks.Parts(map, PartKind.Section);
        Assert.Equal(expected.OrderBy(p => p.Key, StringComparer.Ordinal), actual.OrderBy(p => p.Key, StringComparer.Ordinal));
    }

    [Theory, MemberData(nameof(Files))]
    public void Only_padding_is_left_over(string name)
    {
        using SizeMap map = MapChecks.Map(File(name));
        long gap = MapChecks.Parts(map, PartKind.Gap).Values.Sum();
        // Old linkers left names in the string table's slack, and Go's leaves its debug sections' padding unzeroed.
        Assert.True(gap <= map.Size / 100, $"{gap} bytes are a gap");
    }

    [Theory]
    [InlineData("sqlite-arm64"), InlineData("sqlite-x64"), InlineData("linked"), InlineData("object"), InlineData("object-i386"), InlineData("gcc-amd64-darwin-exec")]
    public void Symbols_reach_to_the_next_symbol_or_function_start(string name)
    {
        string path = File(name);
        using SizeMap map = MapChecks.Map(path);
        using FileView view = FileView.Open(path);
        MachOFile file = MachOFile.Parse(view.Bytes);
        var symbols = new List<(ulong Address, string Section, string Name)>();
        foreach (Match m in NmLine().Matches(Tool.Run("llvm-nm", "--format=darwin", "-n", path)))
        {
            symbols.Add((ulong.Parse(m.Groups[1].Value, NumberStyles.HexNumber, CultureInfo.InvariantCulture), m.Groups[2].Value, m.Groups[3].Value));
        }
        ulong[] starts = [.. Tool.Run("llvm-objdump", "--macho", "--function-starts", path).Split('\n').Where(l => HexLine().IsMatch(l)).Select(l => ulong.Parse(l.Trim(), NumberStyles.HexNumber, CultureInfo.InvariantCulture))];
        var expected = new Dictionary<string, long>();
        foreach (IGrouping<string, (ulong Address, string Section, string Name)> group in symbols.GroupBy(s => s.Section))
        {
            MachOFile.Section section = file.Sections.Single(s => $"{s.SegmentName},{s.Name}" == group.Key);
            if (section.FileSize == 0) continue;
            IGrouping<ulong, (ulong Address, string Section, string Name)>[] at = [.. group.Where(s => s.Address >= section.Address && s.Address < section.Address + section.Size).GroupBy(s => s.Address).OrderBy(g => g.Key)];
            for (int i = 0; i < at.Length; i++)
            {
                ulong end = i + 1 < at.Length ? at[i + 1].Key : section.Address + section.Size;
                if (section.IsCode) end = starts.Where(s => s > at[i].Key).Append(end).Min(s => Math.Min(s, end));
                (ulong Address, string Section, string Name)[] aliases = [.. at[i]];
                if (aliases.Length > 1) aliases = [.. aliases.Where(a => !a.Name.StartsWith("ltmp", StringComparison.Ordinal))];
                // Aliases share: compared as one.
                string key = string.Join('|', aliases.Select(a => a.Name).Distinct().Order(StringComparer.Ordinal));
                expected[key] = expected.GetValueOrDefault(key) + (long)(end - at[i].Key);
            }
        }
        Assert.NotEmpty(expected);
        Dictionary<string, long> actual = MapChecks.Owners(map, ContentKind.Code);
        foreach (ContentKind kind in (ContentKind[])[ContentKind.Data, ContentKind.ReadOnlyData])
        {
            foreach ((string symbol, long size) in MapChecks.Owners(map, kind)) actual[symbol] = actual.GetValueOrDefault(symbol) + size;
        }
        long wrong = 0;
        HashSet<string> repeated = [.. expected.Keys.SelectMany(k => k.Split('|')).GroupBy(n => n).Where(g => g.Count() > 1).Select(g => g.Key)];
        foreach ((string key, long size) in expected)
        {
            string[] names = key.Split('|');
            // A name that stands at several places, alone and as an alias, cannot be told apart by name.
            if (repeated.Overlaps(names)) continue;
            if (names.Sum(n => actual.GetValueOrDefault(n)) != size) wrong++;
        }
        Assert.Equal(0, wrong);
        Assert.Equal(expected.Values.Sum(), actual.Values.Sum());
    }

    [Fact]
    public void Go_programs_have_the_sizes_that_go_tool_nm_says()
    {
        string path = File("go-amd64");
        // By the symbol table alone: Go's own function table has tests of its own.
        using FileView view = FileView.Open(path);
        var builder = new SizeMapBuilder(view.Bytes, view.Length, "out");
        MachOReader.ReadSymbols(new MapScope(builder, 0, 0, view.Bytes));
        using SizeMap map = builder.Build();
        Dictionary<string, long> actual = MapChecks.Owners(map, ContentKind.Code);
        Match[] text = [.. GoNmLine().Matches(Tool.Run("go", "tool", "nm", "-size", path)).Where(m => m.Groups[3].Value is "T" or "t")];
        Assert.True(text.Length > 1000);
        int wrong = 0;
        // It marks the end of the code, behind its last byte.
        string etext = text.Single(m => m.Groups[4].Value == "runtime.etext").Groups[1].Value;
        foreach (IGrouping<string, Match> at in text.GroupBy(m => m.Groups[1].Value))
        {
            // Aliases share what go tool nm says that each one has.
            long size = at.Max(m => long.Parse(m.Groups[2].Value, CultureInfo.InvariantCulture));
            if (at.Key == etext) continue;
            if (at.Sum(m => actual.GetValueOrDefault("_" + m.Groups[4].Value) + actual.GetValueOrDefault(m.Groups[4].Value)) != size) wrong++;
        }
        Assert.Equal(0, wrong);
    }

    [Fact]
    public void A_fat_file_is_split_by_architecture()
    {
        string path = File("fat-gcc-386-amd64-darwin-exec");
        using SizeMap map = MapChecks.Map(path);
        Dictionary<string, long> slices = MapChecks.Parts(map, PartKind.Slice);
        Assert.Equal(new FileInfo(path).Length, slices.Values.Sum() + MapChecks.Parts(map, PartKind.Header)["fat header"] + Rest(map));
        Assert.Equal(["i386", "x86_64"], slices.Keys.Order(StringComparer.Ordinal));
        Assert.Equal(12588, slices["i386"]);
        Assert.Equal(8512, slices["x86_64"]);
    }

    private static long Rest(SizeMap map)
    {
        long rest = 0;
        for (int i = 0; i < map.Slices.Length; i++)
        {
            Part part = map.Parts[map.Slices[i].Part];
            if (part.Parent == 0 && part.Kind is PartKind.Padding or PartKind.Gap && part.Parent == 0) rest += map.LengthOf(i);
        }
        return rest;
    }

    [Fact]
    public void A_dsym_is_found_by_its_uuid_and_names_what_was_stripped()
    {
        string stripped = Path.Combine(Linked, "stripped", "libparts.dylib");
        Assert.Null(DsymLocator.Find(stripped));
        string? dsym = DsymLocator.Find(Path.Combine(Linked, "libparts.dylib"));
        Assert.Equal(File("dsym"), dsym);

        FileView view = FileView.Open(stripped), debug = FileView.Open(dsym!);
        var builder = new SizeMapBuilder(view.Bytes, view.Length, "libparts.dylib");
        builder.Keep(view);
        builder.Keep(debug);
        var scope = new MapScope(builder, 0, 0, view.Bytes);
        MachOReader.Read(scope);
        Assert.True(MachOReader.ApplySymbols(scope, debug.Bytes));
        using SizeMap map = builder.Build();
        using SizeMap whole = MapChecks.Map(Path.Combine(Linked, "libparts.dylib"));
        Dictionary<string, long> expected = MapChecks.Owners(whole, ContentKind.Code), actual = MapChecks.Owners(map, ContentKind.Code);
        Assert.Contains("_helper", actual.Keys);
        Assert.Equal(expected.OrderBy(p => p.Key, StringComparer.Ordinal), actual.OrderBy(p => p.Key, StringComparer.Ordinal));

        // Another build's dSYM is said to be one, and is not used.
        string other = Directory.CreateTempSubdirectory().FullName;
        try
        {
            string binary = Path.Combine(other, "libparts.dylib");
            System.IO.File.Copy(File("sqlite-arm64"), binary);
            string wrong = Path.Combine(other, "libparts.dylib.dSYM", "Contents", "Resources", "DWARF");
            Directory.CreateDirectory(wrong);
            System.IO.File.Copy(dsym!, Path.Combine(wrong, "libparts.dylib"));
            Assert.Null(DsymLocator.Find(binary, out string? mismatched));
            Assert.Equal(Path.Combine(wrong, "libparts.dylib"), mismatched);
        }
        finally
        {
            Directory.Delete(other, recursive: true);
        }
    }

    [Fact]
    public void Big_endian_files_are_read()
    {
        byte[] content = new byte[0x200];
        void Put(int at, params uint[] words)
        {
            for (int i = 0; i < words.Length; i++) BinaryPrimitives.WriteUInt32BigEndian(content.AsSpan(at + 4 * i), words[i]);
        }
        Put(0, 0xFEEDFACE, 18, 0, 2, 2, 124 + 24, 0);
        Put(28, 1, 124);
        Encoding.ASCII.GetBytes("__TEXT").CopyTo(content, 36);
        Put(52, 0x1000, 0x1000, 0, 0x200, 7, 5, 1, 0);
        Encoding.ASCII.GetBytes("__text").CopyTo(content, 84);
        Encoding.ASCII.GetBytes("__TEXT").CopyTo(content, 100);
        Put(116, 0x1100, 0x40, 0x100, 2, 0, 0, 0x80000400, 0, 0);
        Put(152, 2, 24, 0x180, 1, 0x1A0, 8);
        Put(0x180, 1, 0x0F010000, 0x1110);
        Encoding.ASCII.GetBytes("\0_main").CopyTo(content, 0x1A0);
        using SizeMap map = MapChecks.Map(content);
        Assert.Empty(map.Warnings);
        Assert.Equal(0x40, MapChecks.Parts(map, PartKind.Section)["__TEXT,__text"]);
        Assert.Equal(0x30, MapChecks.Owners(map, ContentKind.Code)["_main"]);
        Assert.Equal(12 + 6, MapChecks.Owners(map, ContentKind.Symbols)["_main"]);
    }

    [Theory]
    [InlineData("object", 1), InlineData("linked", 2), InlineData("fat-gcc-386-amd64-darwin-exec", 3), InlineData("gcc-amd64-darwin-exec-with-bad-dysym", 4), InlineData("dsym", 5)]
    public void Damage_never_ends_the_run(string name, int seed) => MapChecks.Survives(System.IO.File.ReadAllBytes(File(name)), seed, 1000);

    [Fact]
    public void Damage_to_a_large_file_never_ends_the_run() => MapChecks.Survives(System.IO.File.ReadAllBytes(File("go-arm64")), 6, 80);

    [GeneratedRegex("""^Segment (\S*?):""")]
    private static partial Regex SegmentLine();

    [GeneratedRegex("""^\tSection (?:\((\S+), )?(\S+?)\)?: (\d+)""")]
    private static partial Regex SectionLine();

    [GeneratedRegex("""^([0-9a-f]+) \(([^ )]+,[^ )]+)\) .*?(?:external|non-external)(?: \([^)]*\))?(?: \[[^\]]*\])* (.+?)\r?$""", RegexOptions.Multiline)]
    private static partial Regex NmLine();

    [GeneratedRegex("^[0-9a-f]{8,16}$")]
    private static partial Regex HexLine();

    [GeneratedRegex("""^ *([0-9a-f]+) +(\d+) (\S) (.+?)\r?$""", RegexOptions.Multiline)]
    private static partial Regex GoNmLine();
}
