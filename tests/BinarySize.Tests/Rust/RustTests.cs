using System.Text;
using BinarySize.Attribution.Symbols;
using BinarySize.Formats;
using BinarySize.Mapping;
using BinarySize.Tests.Symbols;

namespace BinarySize.Tests.Rust;

public class RustTests
{
    private static string Program(string mangling) => NativeSamples.Compile("rust-" + mangling, "sample.rs",
        "rustup", "run", "nightly", "rustc", "-Zunstable-options", "-O", "-C", "symbol-mangling-version=" + mangling);

    private static (string Mangled, string Readable)[] Symbols(string path)
    {
        // Both lists come in the order of the file.
        static string[] Names(string output) => [.. output.Split('\n', StringSplitOptions.RemoveEmptyEntries).Select(l => l[(l.IndexOf(' ', 17) + 1)..])];
        string[] mangled = Names(Tool.Run("nm", "-p", path)), readable = Names(Tool.Run("nm", "-pC", path));
        Assert.Equal(mangled.Length, readable.Length);
        return [.. mangled.Zip(readable)];
    }

    [Theory, InlineData("legacy"), InlineData("v0")]
    public void Names_read_as_nm_reads_them(string mangling)
    {
        int rust = 0;
        var wrong = new List<string>();
        foreach ((string mangled, string readable) in Symbols(Program(mangling)))
        {
            // binutils 2.40 leaves letters outside of ASCII escaped in legacy names.
            if (mangled == readable || mangled.Contains("$uf6$", StringComparison.Ordinal)) continue;
            rust++;
            if (!Demangler.TryDemangle(Encoding.UTF8.GetBytes(mangled), out string text) || text != readable) wrong.Add($"{mangled}: {text}, not {readable}");
        }
        Assert.True(rust > 300, $"{rust} names are mangled");
        Assert.Empty(wrong);
    }

    [Theory, InlineData("legacy"), InlineData("v0")]
    public void Functions_of_the_program_belong_to_its_crate(string mangling)
    {
        var path = new SymbolPath();
        var found = new HashSet<string>();
        foreach ((string mangled, _) in Symbols(Program(mangling)))
        {
            if (!path.TryParse(Encoding.UTF8.GetBytes(mangled)) || path.KindOf(0) != OwnerKind.Package) continue;
            found.Add(string.Join(" / ", Enumerable.Range(0, path.Count).Select(i => $"{path.KindOf(i).ToString()[..2].ToLowerInvariant()} {Encoding.UTF8.GetString(path.NameOf(i))}")));
        }
        string[] expected =
        [
            "pa sample / me main",
            "pa sample / me größe",
            "pa sample / me apply",
            "pa sample / na shapes / ty Square / me Shape::area",
            "pa sample / na shapes / ty Grid / me total",
            "pa sample / na shapes / ty Shape / me twice",
        ];
        foreach (string function in expected) Assert.Contains(function, found);
        // Legacy names do not say where an impl of one's own trait for a foreign type stands: it is found by the orphan rule.
        Assert.Contains(mangling == "v0" ? "pa sample / na shapes / ty Vec / me Shape::area" : "pa sample / na shapes / ty Shape / me area", found);
        Assert.Contains(mangling == "v0" ? "pa sample / ty Square / me Display::fmt" : "pa sample / ty Square / me Display::fmt", found);
        Assert.Contains(found, f => f.StartsWith("pa std / ", StringComparison.Ordinal));
        Assert.Contains(found, f => f.StartsWith("pa core / ", StringComparison.Ordinal));
        Assert.Contains(found, f => f.StartsWith("pa alloc / ", StringComparison.Ordinal));
    }

    [Fact]
    public void Every_name_of_the_compiler_has_a_crate()
    {
        string root = Tool.Run("rustc", "--print", "sysroot").Trim();
        string file = Directory.GetFiles(Path.Combine(root, "lib"), "librustc_driver-*.so").First();
        (string[] mangled, string[] readable) = DemanglerOracleTests.Oracle("rustc_driver", file);
        var path = new SymbolPath();
        int names = 0, missing = 0;
        var crates = new HashSet<string>();
        for (int i = 0; i < mangled.Length; i++)
        {
            if (!mangled[i].StartsWith("_R", StringComparison.Ordinal)) continue;
            names++;
            if (!path.TryParse(Encoding.UTF8.GetBytes(mangled[i])) || path.KindOf(0) != OwnerKind.Package || path.Count < 2) missing++;
            else crates.Add(Encoding.UTF8.GetString(path.NameOf(0)));
        }
        Assert.True(names > 100_000);
        Assert.True(missing <= names / 1000, $"{missing} of {names} names have no crate and function");
        Assert.Contains("rustc_middle", crates);
        Assert.Contains("hashbrown", crates);
        Assert.Contains("core", crates);
        Assert.InRange(crates.Count, 100, 1000);
        Assert.True(readable.Length == mangled.Length);
    }

    [Fact]
    public void A_program_is_charged_to_crates()
    {
        using SizeMap map = MapChecks.Map(Program("v0"));
        SymbolAttribution.Apply(map);
        MapChecks.IsPartition(map);
        var crates = new Dictionary<string, long>();
        long code = 0, owned = 0;
        for (int i = 0; i < map.Slices.Length; i++)
        {
            if (map.Slices[i].Content != ContentKind.Code) continue;
            code += map.LengthOf(i);
            for (int o = map.Slices[i].Owner; o != 0; o = map.Owners[o].Parent)
            {
                if (map.Owners[o].Kind != OwnerKind.Package) continue;
                string name = map.Names.Text(map.Owners[o].Name);
                crates[name] = crates.GetValueOrDefault(name) + map.LengthOf(i);
                owned += map.LengthOf(i);
            }
        }
        Assert.True(crates["std"] > 50_000);
        Assert.InRange(crates["sample"], 1_000, 20_000);
        // The rest is C's start-up code and the unwinder.
        Assert.True(owned > code * 9 / 10, $"{owned} of {code} bytes of code have a crate");
    }
}
