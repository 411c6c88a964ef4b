using System.Globalization;
using System.Text.RegularExpressions;
using BinarySize.Mapping;
using BinarySize.Tests.Symbols;

namespace BinarySize.Tests.Wasm;

public partial class WasmReaderTests
{
    private static string ClangObject => NativeSamples.Compile("wasm-object", "parts.c", "clang", "--target=wasm32", "-O1", "-c", "-ffunction-sections");

    private static string Linked(params string[] flags) =>
        Path.Combine(Samples.Make("wasm-linked", [ClangObject], flags, folder => Tool.Run("wasm-ld", [.. flags, "--no-entry", ClangObject, "-o", Path.Combine(folder, "out")])), "out");

    private static string File(string name) => name switch
    {
        "go" => NativeSamples.Go("hello.go", "js", "wasm"),
        "go-stripped" => NativeSamples.Go("hello.go", "js", "wasm", "-ldflags=-s -w"),
        "object" => ClangObject,
        "linked" => Linked("--export=first", "--export=second"),
        _ => Linked("--export=first", "--export=second", "-s"),
    };

    public static TheoryData<string> Files => ["go", "go-stripped", "object", "linked", "linked-stripped"];

    [Theory, MemberData(nameof(Files))]
    public void Sections_are_those_that_wasm_objdump_lists(string name)
    {
        using SizeMap map = MapChecks.Map(File(name));
        MapChecks.IsPartition(map);
        Assert.Empty(map.Warnings);
        var expected = new Dictionary<string, long>();
        foreach (Match m in HeaderLine().Matches(Tool.Run("wasm-objdump", "-h", File(name))))
        {
            string section = m.Groups[1].Value switch
            {
                "Custom" => m.Groups[3].Value,
                "Elem" => "element",
                var other => other.ToLowerInvariant(),
            };
            expected[section] = expected.GetValueOrDefault(section) + long.Parse(m.Groups[2].Value, NumberStyles.HexNumber, CultureInfo.InvariantCulture);
        }
        Assert.True(expected.Count > 3);
        Assert.Equal(expected.OrderBy(p => p.Key, StringComparer.Ordinal), MapChecks.Parts(map, PartKind.Section).OrderBy(p => p.Key, StringComparer.Ordinal));
        Assert.Empty(MapChecks.Parts(map, PartKind.Gap));
        Assert.Empty(MapChecks.Parts(map, PartKind.Padding));
    }

    [Theory, MemberData(nameof(Files))]
    public void Functions_are_those_that_wasm_objdump_lists(string name)
    {
        using SizeMap map = MapChecks.Map(File(name));
        var expected = new Dictionary<string, long>();
        var sizes = new List<long>();
        string dump = Tool.Run("wasm-objdump", "-x", File(name));
        foreach (Match m in CodeLine().Matches(dump[dump.IndexOf("\nCode[", StringComparison.Ordinal)..]))
        {
            long size = long.Parse(m.Groups[2].Value, CultureInfo.InvariantCulture);
            string function = m.Groups[3].Success ? m.Groups[3].Value : $"func[{m.Groups[1].Value}]";
            // The code section stores each body's size before it.
            sizes.Add(size + Leb128Length(size));
            expected[function] = expected.GetValueOrDefault(function) + sizes[^1];
        }
        Assert.NotEmpty(expected);
        if (name.EndsWith("-stripped", StringComparison.Ordinal) && name != "go-stripped") Assert.Contains("second", expected.Keys);
        if (name.StartsWith("go", StringComparison.Ordinal))
        {
            // Go's function table names them better than the name section, where "/" is "_"; a function is a slice.
            var own = new List<long>();
            for (int i = 0; i < map.Slices.Length; i++)
            {
                if (map.Slices[i].Content == ContentKind.Code && map.Slices[i].Owner != 0) own.Add(map.LengthOf(i));
            }
            Assert.Equal(sizes.Order(), own.Order());
            return;
        }
        Dictionary<string, long> actual = MapChecks.Owners(map, ContentKind.Code);
        Assert.Equal(expected.OrderBy(p => p.Key, StringComparer.Ordinal), actual.OrderBy(p => p.Key, StringComparer.Ordinal));
    }

    [Fact]
    public void Data_symbols_of_an_object_own_their_bytes()
    {
        using SizeMap map = MapChecks.Map(File("object"));
        Dictionary<string, long> data = MapChecks.Owners(map, ContentKind.Data);
        Assert.Equal(4, data["counter"]);
        Assert.Equal(4000, data["zeros"]);
        Dictionary<string, long> blocks = MapChecks.Parts(map, PartKind.Block);
        Assert.Equal(256, blocks[".rodata.table"]);
        Assert.Equal(21, blocks[".rodata.words"]);
        Assert.Equal(21, MapChecks.Owners(map, ContentKind.ReadOnlyData)["words"]);
    }

    [Fact]
    public void A_component_is_measured_as_a_whole()
    {
        using SizeMap map = MapChecks.Map([0, .. "asm"u8, 0x0D, 0, 1, 0, 1, 2, 3]);
        Assert.Equal(MapWarningCodes.Unknown, Assert.Single(map.Warnings).Code);
        MapChecks.IsPartition(map);
    }

    [Fact]
    public void An_unknown_section_ends_what_is_read_but_keeps_what_was()
    {
        // A type section of one byte, then id 200.
        using SizeMap map = MapChecks.Map([0, .. "asm"u8, 1, 0, 0, 0, 1, 1, 0, 200, 1, 0]);
        Assert.Equal(1, MapChecks.Parts(map, PartKind.Section)["type"]);
        Assert.Equal(3, MapChecks.Parts(map, PartKind.Unreadable).Values.Single());
        Assert.All(map.Warnings, w => Assert.Equal(MapWarningCodes.Damaged, w.Code));
    }

    [Theory, InlineData("object", 1), InlineData("linked", 2), InlineData("object", 3)]
    public void Damage_never_ends_the_run(string name, int seed) => MapChecks.Survives(System.IO.File.ReadAllBytes(File(name)), seed, 1500);

    [Fact]
    public void Damage_to_a_large_module_never_ends_the_run() => MapChecks.Survives(System.IO.File.ReadAllBytes(File("go")), 4, 60);

    private static int Leb128Length(long value)
    {
        int n = 1;
        while ((value >>= 7) != 0) n++;
        return n;
    }

    [GeneratedRegex("""^ *(\w+) start=.*\(size=0x([0-9a-f]+)\)(?: "([^"]*)")?""", RegexOptions.Multiline)]
    private static partial Regex HeaderLine();

    [GeneratedRegex("""^ - func\[(\d+)\] size=(\d+)(?: <(.*)>)?\r?$""", RegexOptions.Multiline)]
    private static partial Regex CodeLine();
}
