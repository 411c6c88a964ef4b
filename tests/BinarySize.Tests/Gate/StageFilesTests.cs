using System.Reflection;
using BinarySize.Artifacts;
using BinarySize.Budgets;
using BinarySize.Gate;

namespace BinarySize.Tests.Gate;

/// <summary>What a stage measures, and the key that tells whether it would come out the same again.</summary>
public sealed class StageFilesTests : IDisposable
{
    private readonly string _folder = Directory.CreateTempSubdirectory("binarysize-stage-").FullName;

    public void Dispose() => Directory.Delete(_folder, recursive: true);

    [Fact]
    public void A_folder_is_listed_without_its_reports_and_of_some_files_only_those()
    {
        Write("bin/out/a.dll", 3);
        Write("bin/out/sub/b.dll", 4);
        Write("bin/out/reports/report.json", 5);
        Write("elsewhere.txt", 1);
        StageFiles all = StageFiles.Find(Request(new StagePlace(At("bin/out"), ArtifactKind.File, "Build:")) with { ReportDirectory = At("bin/out/reports") });
        StageArtifact artifact = Assert.Single(all.Artifacts);
        Assert.Equal(("bin/out", ArtifactKind.Folder, true), (artifact.Path, artifact.Kind, artifact.Exists));
        Assert.Equal([("a.dll", 3L), ("sub/b.dll", 4L)], artifact.Files.Select(f => (f.Path, f.Size)));
        Assert.Empty(artifact.Warnings);

        StageFiles some = StageFiles.Find(Request(new StagePlace(At("bin/out"), ArtifactKind.File, "Build:") { Only = [At("bin/out/sub/b.dll"), At("elsewhere.txt"), At("bin/out/none.dll"), At("bin/out/sub/b.dll")] }));
        Assert.Equal(["sub/b.dll"], some.Artifacts[0].Files.Select(f => f.Path));
    }

    [Fact]
    public void Files_keep_their_kind_and_what_is_missing_is_said()
    {
        Write("x.nupkg", 1);
        Write("x.tar", 1);
        Directory.CreateDirectory(At("empty"));
        StageFiles files = StageFiles.Find(Request([.. new[] { "x.nupkg", "x.tar", "empty", "none" }.Select(n => new StagePlace(At(n), ArtifactKind.Image, "Container was to be measured, but"))]));
        Assert.Equal([ArtifactKind.Package, ArtifactKind.Image, ArtifactKind.Folder, ArtifactKind.Image], files.Artifacts.Select(a => a.Kind));
        Assert.Equal([true, true, false, false], files.Artifacts.Select(a => a.Exists));
        Assert.Equal("Container was to be measured, but 'empty' is an empty folder.", Assert.Single(files.Artifacts[2].Warnings).Message);
        Assert.Equal("Container was to be measured, but 'none' does not exist.", Assert.Single(files.Artifacts[3].Warnings).Message);
    }

    [Fact]
    public void The_key_changes_with_everything_in_the_request()
    {
        GateRequest full = GateRequestTests.Full();
        byte[] key = StageFiles.Find(full).Key;
        Assert.Equal(key, StageFiles.Find(full with { }).Key);
        foreach (PropertyInfo property in typeof(GateRequest).GetProperties())
        {
            GateRequest other = full with { };
            property.SetValue(other, Other(property.GetValue(full)!));
            Assert.False(key.AsSpan().SequenceEqual(StageFiles.Find(other).Key), property.Name);
        }
        // In CI each run has variables of its own: of them only the system and, for growth, the branches count.
        GateRequest ci = full with { Budgets = [full.Budgets[0] with { Metadata = new Dictionary<string, string> { ["MaxGrowth"] = "1 B" } }], Baseline = full.Baseline with { Variables = new Dictionary<string, string> { ["GITHUB_ACTIONS"] = "true", ["GITHUB_BASE_REF"] = "main", ["GITHUB_RUN_ID"] = "1" } } };
        Assert.Equal(StageFiles.Find(ci).Key, StageFiles.Find(With(ci, "GITHUB_RUN_ID", "2")).Key);
        Assert.NotEqual(StageFiles.Find(ci).Key, StageFiles.Find(With(ci, "GITHUB_BASE_REF", "next")).Key);
        Assert.NotEqual(StageFiles.Find(ci).Key, StageFiles.Find(With(ci, "GITHUB_ACTIONS", "")).Key);
    }

    [Fact]
    public void The_key_changes_with_every_file_that_has_a_say()
    {
        foreach (string file in (string[])["bin/a.dll", "App.csproj", "Directory.Build.props", "b.json", "App.mstat", "App.dbg", "ledger.json", "project.assets.json", "Limits.props", "binarysize.approvals/one.json"]) Write(file, 2);
        GateRequest request = Request(new StagePlace(At("bin"), ArtifactKind.File, "Publish:")) with
        {
            Budgets = [new BudgetItem("app", new Dictionary<string, string> { ["MaxGrowth"] = "1 KiB" }, At("Limits.props"))],
            Baseline = new BaselineInputs(At("b.json"), "key", "", "", null, new Dictionary<string, string>(), false, ""),
            Mstat = At("App.mstat"),
            NativeSymbols = At("App.dbg"),
            Ledger = At("ledger.json"),
            AssetsFile = At("project.assets.json"),
        };
        byte[] key = StageFiles.Find(request).Key;
        Assert.Equal(key, StageFiles.Find(request).Key);
        foreach (string file in Directory.GetFiles(_folder, "*", SearchOption.AllDirectories))
        {
            DateTime time = File.GetLastWriteTimeUtc(file);
            File.SetLastWriteTimeUtc(file, time.AddSeconds(-1));
            Assert.False(key.AsSpan().SequenceEqual(StageFiles.Find(request).Key), file);
            File.SetLastWriteTimeUtc(file, time);
        }
        Assert.Equal(key, StageFiles.Find(request).Key);
        Write("bin/b.dll", 1);
        Assert.NotEqual(key, StageFiles.Find(request).Key);
        File.Delete(At("bin/b.dll"));
        Write("binarysize.approvals/two.json", 1);
        Assert.NotEqual(key, StageFiles.Find(request).Key);
    }

    private static object Other(object value) => value switch
    {
        Guid => Guid.NewGuid(),
        bool b => !b,
        string s => s + "x",
        Stage => Stage.Pack,
        LookRequest look => look with { MainFile = "other" },
        BaselineInputs baseline => baseline with { Branch = "other" },
        IReadOnlyList<StagePlace> => new List<StagePlace>(),
        IReadOnlyList<BudgetItem> => new List<BudgetItem>(),
        IReadOnlyList<string> => new List<string>(),
        IReadOnlyDictionary<string, PackageIdentity> => new Dictionary<string, PackageIdentity>(),
        IReadOnlyDictionary<string, string> => new Dictionary<string, string>(),
        _ => throw new InvalidOperationException(value.GetType().Name),
    };

    private static GateRequest With(GateRequest request, string variable, string value) =>
        request with { Baseline = request.Baseline with { Variables = new Dictionary<string, string>(request.Baseline.Variables) { [variable] = value } } };

    private string At(string path) => Path.Combine(_folder, path);

    private void Write(string path, int bytes)
    {
        Directory.CreateDirectory(Path.GetDirectoryName(At(path))!);
        File.WriteAllBytes(At(path), new byte[bytes]);
    }

    private GateRequest Request(params StagePlace[] places) => new()
    {
        ToolBuild = Guid.Empty,
        Stage = Stage.Publish,
        Places = places,
        ProjectFile = At("App.csproj"),
        ReportDirectory = At("reports"),
        StateDirectory = At("obj"),
        Ci = "auto",
        Baseline = new BaselineInputs("", "", "", "", null, new Dictionary<string, string>(), false, ""),
    };
}
