namespace BinarySize.EndToEnd;

/// <summary>PublishContainer into an archive: the image, its layers, and their files.</summary>
public class ContainerTests
{
    [Fact]
    public void An_image_has_the_layers_and_files_that_tar_lists()
    {
        using TestProject app = PublishChecks.App("<RuntimeIdentifier>linux-x64</RuntimeIdentifier><SelfContained>false</SelfContained><ContainerRepository>app</ContainerRepository>");
        app.Write("base/etc/motd", "Hello\n");
        app.Write("base/usr/share/words.txt", string.Join('\n', Enumerable.Range(0, 2000)));
        using var registry = new Registry(app.PathOf("base"));
        string archive = app.PathOf("image/app.tar");
        string[] command = ["publish", "-t:PublishContainer", $"-p:ContainerBaseImage={registry.Image}", $"-p:ContainerArchiveOutputPath={archive}"];
        var variables = new Dictionary<string, string> { ["DOTNET_CONTAINER_INSECURE_REGISTRIES"] = registry.Address };
        Outcome published = app.DotnetWith(variables, command);
        Assert.True(published.Code == 0, published.ToString());

        ReportDocument report = app.Report("bin/Release/net10.0/linux-x64/binarysize/container");
        Assert.Equal(("Container", "image", 1), (report.Stage, report.Main.Kind, report.Main.Files));
        Assert.Equal(Oracle.Size(archive), report.Main.Size);
        TestProject.Arrow(published, archive);

        // The archive holds blobs; those that are layers are compressed tar archives themselves.
        string unpacked = Directory.CreateDirectory(app.PathOf("unpacked")).FullName;
        Tool.Run("tar", "-xf", archive, "-C", unpacked);
        var layers = new List<SortedDictionary<string, long>>();
        var packed = new List<long>();
        foreach ((string blob, long size) in Oracle.Files(unpacked))
        {
            string path = Path.Combine(unpacked, blob);
            if (Tool.Try("gzip", ["-t", path]).Code != 0) continue;
            layers.Add(Oracle.Tar(path));
            packed.Add(size);
        }
        Assert.Equal(2, layers.Count);
        List<Node> found = [.. report.Main.Tree.All().Where(n => n.Kind == "layer")];
        Assert.Equal(packed.Order(), found.Select(l => l.Size).Order());
        // Which layer is which does not matter here: their files, as they are unpacked.
        Assert.Equal(layers.Select(l => Files(l.Select(f => (f.Key, f.Value)))).Order(StringComparer.Ordinal),
            found.Select(l => Files(l.All().Where(n => n.Kind == "file").Select(n => (n.Name, n.Unpacked ?? n.Size)))).Order(StringComparer.Ordinal));

        // Again the same; and a budget on the image fails the command.
        Outcome again = app.DotnetWith(variables, [.. command, "-p:BinarySizeBudget=1 kB"]);
        Assert.Equal(1, again.Code);
        Assert.Contains(TestProject.Diagnostics(again), d => d.Code == "BSZ2001" && d.File == app.ProjectFile);
    }

    // An archive may begin its names with "./".
    private static string Files(IEnumerable<(string Name, long Size)> files) =>
        string.Join('\n', files.Select(f => $"{(f.Name.StartsWith("./", StringComparison.Ordinal) ? f.Name[2..] : f.Name)} {f.Size}").Order(StringComparer.Ordinal));
}
