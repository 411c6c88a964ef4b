using BinarySize.Artifacts;
using BinarySize.Reports;

namespace BinarySize.Tests.Reports;

/// <summary>The promise of the project: at whatever level, the parts add up to the file.</summary>
public class SumTests
{
    private static readonly Level[][] s_groupings =
    [
        .. Enum.GetValues<Level>().Select(l => new[] { l }),
        [Level.File, Level.Section], [Level.Section, Level.Symbol], [Level.Package, Level.Assembly, Level.Namespace, Level.Type, Level.Member],
        [Level.Type, Level.Kind], [Level.Kind, Level.File, Level.Package], [Level.Symbol, Level.File], [Level.Member, Level.Assembly],
    ];

    private static IEnumerable<string> Files()
    {
        yield return "/bin/ls";
        yield return "/usr/share/dotnet/dotnet";
        yield return Path.Combine(Path.GetDirectoryName(typeof(object).Assembly.Location)!, "System.Text.Json.dll");
        yield return typeof(SumTests).Assembly.Location;
        yield return Path.ChangeExtension(typeof(SumTests).Assembly.Location, ".pdb");
        yield return Path.Combine(Samples.Publish("hello", "-p:PublishAot=true", "-p:IlcGenerateMstatFile=true", "-p:IlcGenerateMetadataLog=true", "-p:IlcGenerateMapFile=true"), "hello");
        yield return Directory.EnumerateFiles(Path.Combine(Environment.GetFolderPath(Environment.SpecialFolder.UserProfile), ".nuget", "packages", "newtonsoft.json"), "*.nupkg", SearchOption.AllDirectories).First();
        foreach (string fixture in Directory.EnumerateFiles(Path.Combine(Samples.Root, "tests", "BinarySize.Tests", "Fixtures"), "*.o", SearchOption.AllDirectories).Take(4)) yield return fixture;
    }

    [Fact]
    public void At_every_level_children_add_up_to_their_parent_and_the_root_to_the_file_on_disk()
    {
        foreach (string path in Files())
        {
            using MeasuredArtifact artifact = Measurer.Measure(path, ArtifactKind.File, [FolderWalker.Find(path, Path.GetFileName(path))!], [], new MeasureOptions { LookInside = true, SplitSymbolNames = true });
            long onDisk = long.Parse(Tool.Run("stat", "-L", "-c", "%s", path).Trim());
            foreach (Level[] levels in s_groupings)
            {
                ReportNode tree = TreeBuilder.Build(artifact, levels);
                Assert.True(tree.Size == onDisk, $"{path} by {string.Join(',', levels)}: {tree.Size} of {onDisk}");
                Check(tree, $"{path} by {string.Join(',', levels)}");
            }
        }
    }

    [Fact]
    public void A_folder_adds_up_to_what_du_counts()
    {
        string folder = Samples.Publish("sqlcli", "--self-contained");
        using MeasuredArtifact artifact = Measurer.Measure(folder, ArtifactKind.Folder, FolderWalker.Walk(folder, []), [], new MeasureOptions());
        long files = Tool.Run("find", folder, "-type", "f", "-printf", "%s\n").Split('\n', StringSplitOptions.RemoveEmptyEntries).Sum(long.Parse);
        foreach (Level[] levels in s_groupings)
        {
            ReportNode tree = TreeBuilder.Build(artifact, levels);
            Assert.Equal(files, tree.Size);
            Check(tree, string.Join(',', levels));
        }
    }

    [Fact]
    public void Types_of_one_name_in_two_namespaces_are_two()
    {
        string path = typeof(SumTests).Assembly.Location;
        using MeasuredArtifact artifact = Measurer.Measure(path, ArtifactKind.File, [FolderWalker.Find(path, "tests.dll")!], [], new MeasureOptions());
        ReportNode alone = TreeBuilder.Build(artifact, [Level.Type]), below = TreeBuilder.Build(artifact, [Level.Namespace, Level.Type]);
        Assert.Contains(alone.Children, n => n.Name == "BinarySize.Tests.Reports.SumTests");
        Assert.Contains(below.Children.Single(n => n.Name == "BinarySize.Tests.Reports").Children, n => n.Name == "SumTests");
    }

    // The order of levels decides on how nodes stand in each other, not on what is in them.
    [Fact]
    public void Members_by_type_are_types_by_member()
    {
        string path = Path.Combine(Samples.Publish("hello", "-p:PublishAot=true", "-p:IlcGenerateMstatFile=true", "-p:IlcGenerateMetadataLog=true", "-p:IlcGenerateMapFile=true"), "hello");
        using MeasuredArtifact artifact = Measurer.Measure(path, ArtifactKind.File, [FolderWalker.Find(path, "hello")!], [], new MeasureOptions());
        long[] Sizes(Level outer, Level inner) =>
        [
            .. TreeBuilder.Build(artifact, [outer, inner]).Children.Where(n => n.Kind == Levels.NameOf(outer))
                .SelectMany(n => n.Children).Where(n => n.Kind == Levels.NameOf(inner)).Select(n => n.Size).Order(),
        ];
        foreach ((Level outer, Level inner) in ((Level, Level)[])[(Level.Type, Level.Member), (Level.Assembly, Level.Type), (Level.Assembly, Level.Member), (Level.Namespace, Level.Type)])
        {
            long[] sizes = Sizes(outer, inner);
            Assert.True(sizes.Length > 20, $"{outer}: {sizes.Length}");
            Assert.Equal(sizes, Sizes(inner, outer));
        }
    }

    private static void Check(ReportNode node, string where)
    {
        if (node.Children.Count == 0) return;
        long sum = 0;
        foreach (ReportNode child in node.Children)
        {
            Check(child, where);
            sum += child.Size;
        }
        Assert.True(sum == node.Size, $"{where}: '{node.Name}' has {node.Size}, its children {sum}");
    }
}
