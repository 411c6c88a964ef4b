using System.Globalization;
using BinarySize.Mapping;
using BinarySize.Tests.Pe;

namespace BinarySize.Tests.Managed;

/// <summary>What the compiler itself says in its map file, for each architecture.</summary>
public class CrossgenTests
{
    private readonly record struct Node(uint Rva, long Length, string Symbol, string Kind);

    private static List<Node> ReadMap(string path)
    {
        var nodes = new List<Node>();
        foreach (string line in File.ReadLines(path).Skip(1))
        {
            // Symbols may have commas in them; the other columns have none.
            string[] words = line.Split(',');
            // Symbols of other nodes' insides have no length.
            if (words[1].Length == 0) continue;
            nodes.Add(new Node(Convert.ToUInt32(words[0], 16), long.Parse(words[1], CultureInfo.InvariantCulture), string.Join(',', words[4..^1]), words[^1]));
        }
        return nodes;
    }

    [Theory]
    [InlineData("x64")]
    [InlineData("arm64")]
    [InlineData("arm")]
    [InlineData("x86")]
    public void Code_belongs_to_the_methods_that_the_compiler_names(string arch)
    {
        string path = Path.Combine(CrossgenSamples.Compiled, arch + ".dll");
        List<Node> nodes = ReadMap(Path.Combine(CrossgenSamples.Compiled, arch + ".map.csv"));
        using SizeMap map = PeSamples.Map(path);
        Assert.Empty(map.Warnings);
        using var file = BinarySize.IO.FileView.Open(path);
        Formats.Pe.PeFile pe = Formats.Pe.PeFile.Parse(file.Bytes);
        long[] starts = map.Slices.ToArray().Select(s => s.Start).ToArray();
        long code = 0;
        int named = 0;
        List<Node> methods = [.. nodes.Where(n => n.Kind == "MethodWithGCInfo")];
        foreach (Node method in methods)
        {
            code += method.Length;
            Assert.True(pe.TryMap(method.Rva, out long offset, out _));
            int at = Array.BinarySearch(starts, offset);
            // Overloads are one member: without filling between them they are one slice.
            if (at < 0) at = ~at - 1;
            Assert.Equal("native code", map.Names.Text(map.Parts[map.Slices[at].Part].Name));
            string owner = ManagedReaderTests.FullName(map, map.Slices[at].Owner);
            if (owner.Contains("/generic instantiations", StringComparison.Ordinal)) continue;
            // The compiler's symbol is assembly, namespace, type and member with all but letters and digits made underscores.
            string member = Sanitize(owner[(owner.LastIndexOf('/') + 1)..]), type = Sanitize(owner.Split('/')[^2]);
            Assert.True(method.Symbol.Contains(member, StringComparison.Ordinal) && method.Symbol.Contains(type, StringComparison.Ordinal), $"{method.Symbol} is not {owner}");
            named++;
        }
        Assert.True(named > 3000 && named > methods.Count * 0.9, $"{named} of {methods.Count}");

        Dictionary<string, long> owned = ManagedReaderTests.OwnersIn(map, "native code");
        owned.Remove("Newtonsoft.Json");
        Assert.Equal(code, owned.Values.Sum());
        Assert.InRange(Sum(nodes, "RuntimeFunctionsGCInfoNode") - PeSamples.PartSize(map, "unwind and GC information"), -4, 0);
        Assert.Equal(Sum(nodes, "EHInfoNode"), PeSamples.PartSize(map, "exception clauses"));
        Assert.Equal(Sum(nodes, "DebugInfoTableNode"), PeSamples.PartSize(map, "debug information"));
        Assert.Equal(Sum(nodes, "ImportSectionNode+ImportTable"), PeSamples.PartSize(map, "import slots") + PeSamples.PartSize(map, "import slots (strings)") + PeSamples.PartSize(map, "import slots (stub dispatch)"));
        long signatures = nodes.Where(n => n.Kind.EndsWith("Signature", StringComparison.Ordinal)).Sum(n => n.Length);
        Assert.InRange(PeSamples.PartSize(map, "import signatures") - signatures, 0, 8);
    }

    private static long Sum(List<Node> nodes, string kind) => nodes.Where(n => n.Kind == kind).Sum(n => n.Length);

    private static string Sanitize(string name) => new([.. name.Select(c => char.IsAsciiLetterOrDigit(c) ? c : '_')]);

    [Fact]
    public void Code_of_a_composite_image_belongs_to_its_component()
    {
        using SizeMap map = PeSamples.Map(Path.Combine(CrossgenSamples.Compiled, "composite", "app.r2r.dll"));
        Assert.Empty(map.Warnings);
        Dictionary<string, long> code = ManagedReaderTests.OwnersIn(map, "native code");
        var expected = ReadMap(Path.Combine(CrossgenSamples.Compiled, "composite", "app.r2r.map.csv")).Where(n => n.Kind == "MethodWithGCInfo").ToList();
        long json = expected.Where(n => n.Symbol.StartsWith("Newtonsoft_Json_", StringComparison.Ordinal)).Sum(n => n.Length);
        long commandLine = expected.Where(n => n.Symbol.StartsWith("System_CommandLine_", StringComparison.Ordinal)).Sum(n => n.Length);
        // Instantiations of generic methods are no component's alone.
        Assert.InRange(code["Newtonsoft.Json"], json * 0.85, json);
        Assert.InRange(code["System.CommandLine"], commandLine * 0.85, commandLine);
        Assert.True(PeSamples.PartSize(map, "ReadyToRun component header") == 160);
    }
}
