using BinarySize.Attribution.Packages;
using BinarySize.Mapping;
using BinarySize.Rendering;
using BinarySize.Retention;

namespace BinarySize.Tests.Retention;

public class WhyTests
{
    private const string Assets = """
        {"version":3,"targets":{"net10.0":{
          "Dapper/2.1.66":{"type":"package","dependencies":{"System.Data.Common":"4.3.0"},"runtime":{"lib/net8.0/Dapper.dll":{}}},
          "System.Data.Common/4.3.0":{"type":"package","runtime":{"lib/netstandard1.2/System.Data.Common.dll":{}}}}},
         "project":{"frameworks":{"net10.0":{"dependencies":{"Dapper":{"target":"Package"}}}}}}
        """;

    [Fact]
    public void Packages_are_explained_without_a_graph()
    {
        string file = Path.GetTempFileName();
        try
        {
            File.WriteAllText(file, Assets);
            PackageGraph packages = PackageGraph.TryRead(file)!;
            Assert.Equal("Dapper", packages.PackageOfAssembly("dapper"));
            Assert.Null(packages.PackageOfAssembly("Dapper.dll"));
            var inputs = new RetentionInputs { Packages = packages, PackageOf = packages.PackageOfAssembly, Project = "MyApp" };
            Assert.Equal("MyApp -> Dapper -> System.Data.Common", PulledIn.Explain(["nothing", "System.Data.Common", "Dapper"], inputs));
            Assert.Null(PulledIn.Explain(["nothing", ""], inputs));
            // A graph that is not there, or is none, is as good as none.
            Assert.Equal("MyApp -> Dapper", PulledIn.Explain(["Dapper"], inputs with { Graph = file + ".missing" }));
            Assert.Equal("MyApp -> Dapper", PulledIn.Explain(["Dapper"], inputs with { Graph = file }));

            var warnings = new List<MapWarning>();
            using RetentionAnalysis analysis = RetentionAnalysis.Open(inputs, warnings);
            Assert.Empty(warnings);
            Assert.False(analysis.HasGraph);
            Assert.Equal("""
                package System.Data.Common

                  Packages: MyApp -> Dapper -> System.Data.Common

                  No dependency graph was found, so this is all that is known. dotnet publish
                  -t:BinarySizeWhy makes one.

                """, WhyText.Render(analysis.Explain("System.Data.Common")!, hasGraph: false));
        }
        finally
        {
            File.Delete(file);
        }
    }

    [Theory]
    [InlineData("Program", "<Main>$", "Program.Main")]
    [InlineData("Query", ".ctor", "new Query")]
    [InlineData("List`1", ".cctor", "List (static constructor)")]
    [InlineData("A+<Run>d__3", "MoveNext", "A.Run")]
    [InlineData("A+<>c__DisplayClass1_0", "<Run>b__0", "A.Run (lambda)")]
    [InlineData("Program+<<Main>$>d__0", "MoveNext", "Program.Main")]
    [InlineData("A", "<Run>g__Inner|2_0", "A.Run.Inner")]
    [InlineData("A", "System.IDisposable.Dispose", "A.Dispose")]
    [InlineData("<Module>", "StartupCodeMain", "startup code")]
    [InlineData("Outer+Inner`2", null, "Inner")]
    [InlineData("<PrivateImplementationDetails>", null, "compiler-made PrivateImplementationDetails")]
    public void Names_are_those_of_the_source(string type, string? member, string expected) => Assert.Equal(expected, FriendlyNames.Member(type, member));

    [Theory]
    [InlineData("App_Settings__Load", "App_Settings", "Load")]
    [InlineData("App_Settings__Load_0", "App_Settings", "Load")]
    [InlineData("App_My_Settings___ctor_12", "App_My_Settings", ".ctor")]
    [InlineData("App_Settings__get_Name", "App_Settings", "get_Name")]
    [InlineData("App_Settings__", null, null)]
    [InlineData("__GenericDict_App_Settings__Load", null, null)]
    [InlineData("System_Collections_List_1<Int32>__Add", null, null)]
    [InlineData("Settings", null, null)]
    [InlineData("", null, null)]
    public void Symbols_of_methods_are_taken_apart(string symbol, string? type, string? member) =>
        Assert.Equal(type is null ? null : (type, member!), FriendlyNames.Split(symbol));

    [Fact]
    public void Names_from_files_cannot_break_out_of_the_text()
    {
        string attack = "##vso[task.setvariable]\n::error::x\u001b[31m\u202e" + new string('x', 200);
        var step = new RetentionStep(attack, attack, OwnerKind.Member, attack, attack, attack, attack, attack);
        var answer = new WhyAnswer(attack, OwnerKind.Type, 10, 3, 20, [attack, attack], [new RetentionEntry(10, 3, [step, step])], 1);
        var keeper = new Keeper(attack, attack, OwnerKind.Type, attack, attack, 1, 2, [attack], 5, -1);
        foreach (string text in (string[])[WhyText.Render(answer, hasGraph: false), WhyText.Render([keeper, keeper with { Within = 0 }], 3)])
        {
            Assert.DoesNotContain("##", text, StringComparison.Ordinal);
            Assert.All(text.Split('\n'), line =>
            {
                Assert.InRange(line.Length, 0, 79);
                Assert.False(line.TrimStart().StartsWith("::", StringComparison.Ordinal));
                Assert.All(line, c => Assert.InRange(c, ' ', '~'));
            });
        }
        Assert.DoesNotContain('\u202e', System.Text.Encoding.UTF8.GetString(WhyText.Json(answer)));
    }

    [Fact]
    public void A_graph_is_found_where_builds_leave_it()
    {
        string root = Directory.CreateTempSubdirectory("why").FullName;
        try
        {
            string publish = Path.Combine(root, "bin", "Release", "net9.0", "linux-x64", "publish"), native = Path.Combine(root, "obj", "Release", "net9.0", "linux-x64", "native");
            Directory.CreateDirectory(publish);
            Directory.CreateDirectory(native);
            string app = Path.Combine(publish, "My.App"), graph = Path.Combine(native, "My.App.scan.dgml.xml");
            File.WriteAllText(app, "");
            Assert.Null(GraphLocator.Find(app));
            File.WriteAllText(Path.Combine(native, "Other.scan.dgml.xml"), "");
            Assert.Null(GraphLocator.Find(app));
            File.WriteAllText(Path.Combine(native, "My.App.codegen.dgml.xml"), "");
            Assert.EndsWith("codegen.dgml.xml", GraphLocator.Find(app), StringComparison.Ordinal);
            File.WriteAllText(graph, "");
            Assert.Equal(graph, GraphLocator.Find(app));
            Assert.Equal(graph, GraphLocator.Find(publish));
            Assert.Equal(graph, GraphLocator.Find(graph));
            Assert.Null(GraphLocator.Statistics(graph));
            Assert.Null(GraphLocator.Assets(graph));
            File.WriteAllText(Path.Combine(native, "My.App.mstat"), "");
            File.WriteAllText(Path.Combine(root, "obj", "project.assets.json"), "{}");
            Assert.EndsWith("My.App.mstat", GraphLocator.Statistics(graph), StringComparison.Ordinal);
            Assert.EndsWith("project.assets.json", GraphLocator.Assets(graph), StringComparison.Ordinal);
            Assert.True(GraphLocator.SpeaksOf(graph, "My.App"));
            Assert.True(GraphLocator.SpeaksOf(graph, "My.App.exe"));
            Assert.False(GraphLocator.SpeaksOf(graph, "My.App.dbg"));
            Assert.False(GraphLocator.SpeaksOf(graph, "Other"));
        }
        finally
        {
            Directory.Delete(root, recursive: true);
        }
    }
}
