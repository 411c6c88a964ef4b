namespace BinarySize.EndToEnd;

/// <summary>A console app with nothing but the reference: what its own output is, and what later builds repeat.</summary>
public sealed class ConsoleBuildTests : IDisposable
{
    private readonly TestProject _app = TestProject.Console();

    public void Dispose() => _app.Dispose();

    [Fact]
    public void Build_reports_its_own_output_and_says_so_in_one_line()
    {
        Outcome built = _app.Succeed("build");
        string output = _app.PathOf("bin/Debug/net10.0");
        SortedDictionary<string, long> files = Oracle.Files(output);
        Assert.Equal(["App", "App.deps.json", "App.dll", "App.pdb", "App.runtimeconfig.json"], files.Keys);

        ReportDocument report = _app.Report("bin/Debug/binarysize");
        Assert.Equal("Build", report.Stage);
        Assert.Equal("folder", report.Main.Kind);
        Assert.Equal("bin/Debug/net10.0", report.Main.Path);
        Assert.Equal(files, report.Main.Tree.Of("file"));
        Assert.Equal(Oracle.DiskUsage(output), report.Main.Size);
        Assert.Equal(5, report.Main.Files);
        Assert.Equal(["bin/Debug/binarysize/report.json", "bin/Debug/binarysize/report.md"], _app.Reports());
        string arrow = TestProject.Arrow(built);
        Assert.StartsWith($"App -> {output}/ (", arrow);
        Assert.EndsWith("KiB, 5 files)", arrow);
        Assert.DoesNotContain(_app.Root, report.Text);
    }

    [Fact]
    public void A_build_that_changes_nothing_says_the_same_and_writes_nothing()
    {
        // A budget that fails, fails again.
        string[] failing = ["build", "-p:BinarySizeBudget=1 kB"];
        Outcome first = _app.Dotnet(failing);
        Assert.Equal(1, first.Code);
        string json = _app.PathOf("bin/Debug/binarysize/report.json");
        DateTime written = File.GetLastWriteTimeUtc(json);
        string state = Assert.Single(Directory.GetFiles(_app.PathOf("obj"), "Build.state", SearchOption.AllDirectories));
        DateTime remembered = File.GetLastWriteTimeUtc(state);

        Outcome again = _app.Dotnet(failing);
        Assert.Equal(1, again.Code);
        Assert.Equal(TestProject.Diagnostics(first), TestProject.Diagnostics(again));
        Assert.Equal("BSZ2001", Assert.Single(TestProject.Diagnostics(again)).Code);
        Assert.Equal(TestProject.Arrow(first), TestProject.Arrow(again));
        Assert.Equal(written, File.GetLastWriteTimeUtc(json));
        Assert.Equal(remembered, File.GetLastWriteTimeUtc(state));

        // Another limit is another verdict, on the same measurement.
        _app.Succeed("build", "--no-restore", "-p:BinarySizeBudget=10 MiB");
        Assert.Equal("ok", _app.Report("bin/Debug/binarysize").Budget("total").Verdict);
        Assert.Equal(10 << 20, _app.Report("bin/Debug/binarysize").Budget("total").Max);

        // A deleted report comes back.
        File.Delete(json);
        _app.Succeed("build", "--no-restore", "-p:BinarySizeBudget=10 MiB");
        Assert.True(File.Exists(json));

        // Another source is another size.
        long before = _app.Report("bin/Debug/binarysize").Main.Size;
        _app.Write("More.cs", $"static class More {{ public const string Text = \"{new string('x', 5000)}\"; public static string Get() => Text; }}\n");
        _app.Succeed("build", "--no-restore", "-p:BinarySizeBudget=10 MiB");
        ReportDocument report = _app.Report("bin/Debug/binarysize");
        Assert.True(report.Main.Size > before + 5000, $"{before} -> {report.Main.Size}");
        Assert.Equal(Oracle.DiskUsage(_app.PathOf("bin/Debug/net10.0")), report.Main.Size);
    }

    [Fact]
    public void Files_copied_from_elsewhere_are_not_the_projects_own()
    {
        _app.Write("App.csproj", TestProject.Text("""
              <ItemGroup>
                <PackageReference Include="Newtonsoft.Json" Version="13.0.3" />
                <None Update="settings.json" CopyToOutputDirectory="PreserveNewest" />
              </ItemGroup>
            """, "<OutputType>Exe</OutputType><GenerateDocumentationFile>true</GenerateDocumentationFile>"));
        _app.Write("settings.json", "{}\n");
        _app.Succeed("build");
        SortedDictionary<string, long> own = _app.Report("bin/Debug/binarysize").Main.Tree.Of("file");
        Assert.Equal(["App", "App.deps.json", "App.dll", "App.pdb", "App.runtimeconfig.json", "App.xml", "settings.json"], own.Keys);
        Assert.True(File.Exists(_app.PathOf("bin/Debug/net10.0/Newtonsoft.Json.dll")));
    }

    [Fact]
    public void Clean_removes_what_we_remember()
    {
        _app.Succeed("build");
        Assert.NotEmpty(Directory.GetFiles(_app.PathOf("obj"), "*.state", SearchOption.AllDirectories));
        _app.Succeed("clean");
        Assert.Empty(Directory.GetFiles(_app.PathOf("obj"), "*.state", SearchOption.AllDirectories));
        Assert.Empty(Directory.GetDirectories(_app.PathOf("obj"), "binarysize", SearchOption.AllDirectories));
    }
}
