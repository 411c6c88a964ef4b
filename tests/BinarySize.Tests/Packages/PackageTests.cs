using System.Text.Json;
using BinarySize.Attribution.Packages;

namespace BinarySize.Tests.Packages;

public class PackageTests
{
    private static string Sample() => Path.Combine(Samples.Publish("sqlcli", "--self-contained"), "..");

    [Fact]
    public void The_package_graph_says_who_brought_a_package()
    {
        PackageGraph graph = PackageGraph.TryRead(Path.Combine(Sample(), "obj", "project.assets.json"), "net9.0")!;
        Assert.Equal(["Newtonsoft.Json", "SQLitePCLRaw.bundle_e_sqlite3", "System.CommandLine"], graph.DirectReferences.Order(StringComparer.Ordinal));
        Assert.Equal(["System.CommandLine"], graph.PathTo("system.commandline"));
        IReadOnlyList<string> path = graph.PathTo("SQLitePCLRaw.core");
        Assert.Equal("SQLitePCLRaw.bundle_e_sqlite3", path[0]);
        Assert.Equal("SQLitePCLRaw.core", path[^1], ignoreCase: true);
        Assert.InRange(path.Count, 2, 3);
        Assert.Empty(graph.PathTo("No.Such.Package"));
    }

    [Fact]
    public void The_package_graph_of_a_missing_or_damaged_file_is_none()
    {
        string file = Path.GetTempFileName();
        try
        {
            foreach (string text in (string[])["", "{", "[]", "{\"targets\":[]}", "{\"targets\":{\"net9.0\":3}}", "{\"projectFileDependencyGroups\":{\"net9.0\":[1]}}"])
            {
                File.WriteAllText(file, text);
                PackageGraph? graph = PackageGraph.TryRead(file, "net9.0");
                Assert.True(graph is null || graph.DirectReferences.Count == 0, text);
            }
        }
        finally
        {
            File.Delete(file);
        }
        Assert.Null(PackageGraph.TryRead(file));
    }

    /// <summary>The SDK wrote the manifest for the host; every file it names must be there, and have the package it says.</summary>
    [Fact]
    public void The_dependency_manifest_names_the_package_of_each_file()
    {
        string publish = Path.Combine(Sample(), "publish");
        IReadOnlyDictionary<string, (string Id, string Version)> files = DependencyManifest.Read(Path.Combine(publish, "sqlcli.deps.json"));
        Assert.Equal("Newtonsoft.Json", files["Newtonsoft.Json.dll"].Id);
        Assert.Equal("13.0.4", files["Newtonsoft.Json.dll"].Version);
        Assert.Equal("Microsoft.NETCore.App.Runtime.linux-x64", files["System.Private.CoreLib.dll"].Id);
        Assert.False(files.ContainsKey("sqlcli.dll"));
        foreach (string file in files.Keys) Assert.True(File.Exists(Path.Combine(publish, file)), file);
        Assert.Empty(DependencyManifest.Read(Path.Combine(publish, "missing.deps.json")));
        using JsonDocument manifest = JsonDocument.Parse(File.ReadAllBytes(Path.Combine(publish, "sqlcli.deps.json")));
        Assert.True(manifest.RootElement.GetProperty("libraries").TryGetProperty("Newtonsoft.Json/13.0.4", out _));
    }
}
