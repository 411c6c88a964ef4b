using System.Text.Json;
using BinarySize.Artifacts;
using BinarySize.Budgets;
using BinarySize.Gate;
using BinarySize.Mapping;

namespace BinarySize.Tests.Gate;

/// <summary>What a task hands to the process that measures.</summary>
public sealed class GateRequestTests : IDisposable
{
    private readonly string _folder = Directory.CreateTempSubdirectory("binarysize-gate-").FullName;

    private string Path => System.IO.Path.Combine(_folder, "Publish.request");

    public void Dispose() => Directory.Delete(_folder, recursive: true);

    [Fact]
    public void Everything_in_it_arrives()
    {
        GateRequest full = Full();
        // A property that somebody adds later has a value here, or the comparison says nothing of it.
        foreach (var property in typeof(GateRequest).GetProperties())
        {
            object? value = property.GetValue(full);
            Assert.True(value is not null and not "" and not System.Collections.ICollection { Count: 0 } and not false, property.Name);
        }
        full.Write(Path);
        Assert.Equal(JsonSerializer.Serialize(full), JsonSerializer.Serialize(GateRequest.TryRead(Path)));
        // Names of metadata are compared as MSBuild does.
        Assert.Equal("1 B", GateRequest.TryRead(Path)!.Budgets[0].Metadata["mAX"]);
    }

    [Fact]
    public void What_is_not_there_stays_away()
    {
        var bare = new GateRequest
        {
            ToolBuild = Guid.NewGuid(),
            Stage = Stage.Build,
            Places = [],
            ProjectFile = "/p",
            ReportDirectory = "/r",
            StateDirectory = "/s",
            Baseline = new BaselineInputs("", "", "", "", null, new Dictionary<string, string>(), false, ""),
        };
        bare.Write(Path);
        Assert.Equal(JsonSerializer.Serialize(bare), JsonSerializer.Serialize(GateRequest.TryRead(Path)));
    }

    [Fact]
    public void A_damaged_one_is_none()
    {
        Full().Write(Path);
        byte[] bytes = File.ReadAllBytes(Path);
        Assert.All(Enumerable.Range(0, bytes.Length), length =>
        {
            File.WriteAllBytes(Path, bytes[..length]);
            Assert.Null(GateRequest.TryRead(Path));
        });
        Assert.Null(GateRequest.TryRead(System.IO.Path.Combine(_folder, "none")));
        Assert.Equal(2, GateProcess.Serve([Path, Path]));
        Assert.Equal(2, GateProcess.Serve([]));
    }

    internal static GateRequest Full() => new()
    {
        ToolBuild = Guid.NewGuid(),
        Stage = Stage.Publish,
        IsBeforePublish = true,
        Places = [new StagePlace("/a/bin", ArtifactKind.Folder, "Build ä \u2028") { Only = ["/a/bin/x/y"] }, new StagePlace("/a/x.tar", ArtifactKind.Image, "BinarySizeArtifact:")],
        ProjectFile = "/a/App.csproj",
        ReportDirectory = "/a/reports",
        StateDirectory = "/a/obj",
        ReportFormats = "json;md",
        TargetFramework = "net9.0",
        RuntimeIdentifier = "linux-x64",
        Configuration = "Release",
        SdkVersion = "10.0.100",
        ToolVersion = "0.1.0",
        Budget = "5 MiB",
        Budgets = [new BudgetItem("app", new Dictionary<string, string>(StringComparer.OrdinalIgnoreCase) { ["Max"] = "1 B" }, "/a/App.csproj")],
        Ci = "auto",
        Baseline = new BaselineInputs("/a/b.json", "key", "10.0.100", "0123456789ab", "main", new Dictionary<string, string> { ["CI"] = "true" }, true, "dotnet publish"),
        Packages = new Dictionary<string, PackageIdentity> { ["x/y"] = new("P", "1.0.0") },
        EntryPackages = new Dictionary<string, PackageIdentity> { ["in"] = new("Q", "") },
        CompiledPackages = new Dictionary<string, PackageIdentity> { ["A"] = new("R", "2.0.0") },
        Mstat = "/a/App.mstat",
        NativeSymbols = "/a/App.dbg",
        Ledger = "/a/ledger.json",
        Look = new LookRequest("App", true, "linux-x64"),
        Unpacked = new Dictionary<string, string> { ["App"] = "/a/obj/App" },
        AssetsFile = "/a/project.assets.json",
        CanAskWhy = true,
        References = ["/r/One.dll"],
    };
}
