using System.Globalization;
using System.Text.Json;
using BinarySize.Artifacts;
using BinarySize.Mapping;
using BinarySize.Rendering;
using BinarySize.Retention;

namespace BinarySize.Tests.Retention;

/// <summary>Graphs of the real compiler and the real trimmer, held against an oracle that shares no code with ours (oracle.py).</summary>
public class RealGraphTests
{
    [Theory]
    [InlineData(true)]
    [InlineData(false)]
    public void Levels_are_the_oracles_and_every_step_is_an_edge(bool isAot)
    {
        string file = isAot ? GraphSamples.Full.Graph : GraphSamples.Trimmed.Graph;
        using DependencyGraph graph = GraphSamples.Read(file);
        Reachability reach = Reachability.Of(graph);
        int[] expected = [.. GraphSamples.Oracle("levels", file).Select(l => int.Parse(l, CultureInfo.InvariantCulture))];
        Assert.Equal(expected, reach.Level);
        for (int i = 0; i < graph.NodeCount; i++)
        {
            if (reach.Parent[i] < 0) continue;
            Assert.Equal(reach.Level[i] - 1, reach.Level[reach.Parent[i]]);
            Assert.Contains(i, graph.OutTarget[graph.OutStart[reach.Parent[i]]..graph.OutStart[reach.Parent[i] + 1]]);
        }
        // Nothing is written down that is not needed; but the trimmer writes down attributes without saying of what.
        if (isAot) Assert.Equal(graph.NodeCount, reach.Count);
    }

    [Fact]
    public void What_dominators_say_goes_does_go()
    {
        using DependencyGraph graph = GraphSamples.Read(GraphSamples.Full.Graph);
        Reachability reach = Reachability.Of(graph);
        Dominators tree = Dominators.Of(graph, reach);
        var below = new int[graph.NodeCount];
        for (int i = tree.Count - 1; i >= 0; i--)
        {
            int node = tree.Order[i];
            below[node]++;
            if (tree.Immediate[node] >= 0) below[tree.Immediate[node]] += below[node];
        }
        int[] asked = [.. Enumerable.Range(0, below.Length).OrderByDescending(i => below[i]).ThenBy(i => i).Where((_, rank) => rank % 40 == 0).Take(30)];
        string[] answers = GraphSamples.Oracle("lost", GraphSamples.Full.Graph, string.Join('\n', asked));
        Assert.Equal(asked.Length, answers.Length);
        int exact = 0;
        for (int i = 0; i < asked.Length; i++)
        {
            int lost = int.Parse(answers[i], CultureInfo.InvariantCulture);
            var without = new bool[graph.NodeCount];
            without[asked[i]] = true;
            Assert.Equal(lost, reach.Count - Reachability.Of(graph, without).Count);
            // The tree is a lower bound: a conditional node hangs on two.
            Assert.InRange(below[asked[i]], 1, lost);
            if (below[asked[i]] == lost) exact++;
        }
        Assert.True(exact >= asked.Length / 6, $"the tree was exact for {exact} of {asked.Length}");
    }

    [Fact]
    public void A_members_chain_begins_in_the_apps_own_code_and_sizes_add_up()
    {
        (string file, string publish) = GraphSamples.Full;
        using MeasuredArtifact hello = Measure(Path.Combine(publish, "hello"), GraphLocator.Statistics(file));
        using RetentionAnalysis analysis = Open(file, [.. hello.Files.Select(f => f.Map)]);
        WhyAnswer console = analysis.Explain("System.Console")!;
        Assert.Equal((OwnerKind.Assembly, "System.Console"), (console.Kind, console.Name));
        Assert.Equal(["Program.Main", "Console.WriteLine"], console.Entries[0].Chain.TakeLast(2).Select(s => s.Name));
        Assert.Equal("calls", console.Entries[0].Chain[^1].How);
        Assert.Equal("entry point", console.Entries[0].Chain[0].How);
        Assert.Equal("hello", console.Entries[0].Chain[^2].Assembly);
        // Of the executable's bytes those that the size map gives to the assembly.
        Assert.Equal(SizeOf(hello, "System.Console"), console.Size);
        Assert.InRange(console.Retained!.Value, console.Size, analysis.Total);
        Assert.InRange(analysis.Total, hello.Size / 3, hello.Size);

        Assert.Equal((OwnerKind.Member, "System.Console.WriteLine"), (analysis.Explain("Console.WriteLine")!.Kind, analysis.Explain("Console.WriteLine")!.Name));
        Assert.Equal(OwnerKind.Namespace, analysis.Explain("System.Text")!.Kind);
        Assert.Equal(OwnerKind.Type, analysis.Explain("System.Text.Encoding")!.Kind);
        Assert.Equal("System.Text.Encoding", analysis.Explain("system.text.ENCODING")!.Name);
        Assert.Null(analysis.Explain("System.Linq.Expressions"));
        Assert.Equal("Program.Main calls Console.WriteLine", analysis.InOneLine("System.Console"));
    }

    [Fact]
    public void Taking_away_what_keeps_most_loses_as_much_as_was_said()
    {
        (string file, string publish) = GraphSamples.Full;
        using MeasuredArtifact hello = Measure(Path.Combine(publish, "hello"), GraphLocator.Statistics(file));
        using RetentionAnalysis analysis = Open(file, [.. hello.Files.Select(f => f.Map)]);
        IReadOnlyList<Keeper> keepers = analysis.LargestKeepers(OwnerKind.Member, 15);
        Assert.Equal(15, keepers.Count);
        Assert.Equal(keepers.OrderByDescending(k => k.Retained).Select(k => k.Retained), keepers.Select(k => k.Retained));
        Assert.All(keepers, k => Assert.InRange(k.Retained, Math.Min(k.Own, 1), analysis.Total));
        Keeper write = keepers.Single(k => k.Name == "Console.WriteLine");
        Assert.Equal("Program.Main", keepers[write.Within].Name);
        Assert.Equal(["Program.Main"], write.KeptBy);
        // Asked for by itself, the same member gives the same answer.
        Assert.Equal(analysis.Explain("System.Console.WriteLine")!.Retained, write.Retained);
        Assert.All(analysis.LargestKeepers(OwnerKind.Type, 5, "System.Console"), k => Assert.Equal("System.Console", k.Assembly));

        string text = WhyText.Render(keepers, analysis.Total) + WhyText.Render(analysis.Explain("System.Text")!, hasGraph: true);
        Assert.All(text.Split('\n'), line => Assert.InRange(line.Length, 0, 79));
        Assert.Contains("Console.WriteLine\n", text, StringComparison.Ordinal);
        using JsonDocument json = JsonDocument.Parse(WhyText.Json(keepers, analysis.Total));
        Assert.Equal(write.Retained, json.RootElement.GetProperty("dominators").EnumerateArray().Single(e => e.GetProperty("name").GetString() == "Console.WriteLine").GetProperty("retained").GetInt64());
    }

    [Fact]
    public void A_trimmed_app_is_explained_from_the_trimmers_dump()
    {
        (string file, string publish) = GraphSamples.Trimmed;
        Assert.Equal(file, GraphLocator.Find(publish));
        using MeasuredArtifact core = Measure(Path.Combine(publish, "System.Console.dll"), null);
        using RetentionAnalysis analysis = Open(file, [.. core.Files.Select(f => f.Map)]);
        WhyAnswer console = analysis.Explain("System.Console")!;
        Assert.Equal(["Program.Main", "Console.WriteLine"], console.Entries[0].Chain.TakeLast(2).Select(s => s.Name));
        Assert.Equal(("root assembly", "calls"), (console.Entries[0].Chain[0].How, console.Entries[0].Chain[^1].How));
        Assert.InRange(console.Size, core.Size / 2, core.Size);
        using JsonDocument json = JsonDocument.Parse(WhyText.Json(console));
        Assert.Equal("Console.WriteLine", json.RootElement.GetProperty("entries")[0].GetProperty("chain").EnumerateArray().Last().GetProperty("name").GetString());
    }

    [Fact]
    public void Without_statistics_names_stay_the_linkers()
    {
        var warnings = new List<MapWarning>();
        using RetentionAnalysis analysis = RetentionAnalysis.Open(new RetentionInputs { Graph = GraphSamples.Full.Graph }, warnings);
        Assert.Equal(GraphReader.NotUsable, Assert.Single(warnings).Code);
        WhyAnswer answer = analysis.Explain("System_Console_System_Console__WriteLine_12")!;
        Assert.Equal(OwnerKind.Symbol, answer.Kind);
        Assert.Equal("System_Console_System_Console__WriteLine_12", answer.Entries[0].Chain[^1].Name);
    }

    private static RetentionAnalysis Open(string graph, IReadOnlyList<SizeMap> maps)
    {
        var warnings = new List<MapWarning>();
        RetentionAnalysis analysis = RetentionAnalysis.Open(new RetentionInputs { Graph = graph, Mstat = GraphLocator.Statistics(graph), Maps = maps, Project = "hello" }, warnings);
        Assert.Empty(warnings);
        Assert.True(analysis.IsFull);
        return analysis;
    }

    private static MeasuredArtifact Measure(string file, string? mstat) =>
        Measurer.Measure(file, ArtifactKind.File, [FolderWalker.Find(file, Path.GetFileName(file))!], [], new MeasureOptions { InputsOf = _ => new BinaryInputs { Mstat = mstat } });

    private static long SizeOf(MeasuredArtifact artifact, string assembly)
    {
        long size = 0;
        foreach (MeasuredFile file in artifact.Files)
        {
            SizeMap map = file.Map;
            for (int i = 0; i < map.Slices.Length; i++)
            {
                int owner = map.Slices[i].Owner;
                while (owner != 0 && map.Owners[owner].Kind != OwnerKind.Assembly) owner = map.Owners[owner].Parent;
                if (owner != 0 && map.Names.Text(map.Owners[owner].Name) == assembly) size += map.LengthOf(i);
            }
        }
        return size;
    }
}
