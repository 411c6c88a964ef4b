namespace BinarySize.EndToEnd;

/// <summary>Where projects and their output lie, and for what they are built.</summary>
public class LayoutTests
{
    [Fact]
    public void Paths_with_spaces_and_letters_beyond_ascii()
    {
        using TestProject app = TestProject.Console("", "<BinarySizeBudget>5 MB</BinarySizeBudget>", name: "Äpp (日本) #1", folder: "Größe test/Äpp");
        app.Succeed("publish", "-o", "aus gabe/ship");
        ReportDocument report = app.Report("aus gabe/binarysize");
        Assert.Equal(Oracle.Files(app.PathOf("aus gabe/ship")), report.Main.Tree.Of("file"));
        Assert.Contains("Äpp (日本) #1.dll", report.Main.Tree.Of("file").Keys);
        Diagnostic over = Assert.Single(app.Fail("build", "-p:BinarySizeBudget=1 kB"));
        Assert.Equal(app.ProjectFile, over.File);
    }

    [Fact]
    public void Several_frameworks_have_a_report_each()
    {
        using TestProject app = TestProject.Console("""
              <ItemGroup>
                <BinarySizeBudget Include="dll" Scope="file" Match="App.dll" Max="1 kB" />
              </ItemGroup>
            """, framework: "net8.0;net10.0");
        List<Diagnostic> errors = app.Fail("build");
        Assert.Equal(2, errors.Count);
        foreach (string framework in (string[])["net8.0", "net10.0"])
        {
            Assert.Contains(errors, e => e.Message.Contains($"({framework}/Debug)", StringComparison.Ordinal) && e.Line == 10);
            ReportDocument report = app.Report($"bin/Debug/binarysize/{framework}");
            Assert.Equal(Oracle.Size(app.PathOf($"bin/Debug/{framework}/App.dll")), report.Budget("dll").Value);
        }
    }

    [Fact]
    public void Several_runtime_identifiers_do_not_meet()
    {
        using TestProject app = TestProject.Console("", "<RuntimeIdentifiers>linux-x64;win-x64</RuntimeIdentifiers>");
        foreach (string rid in (string[])["linux-x64", "win-x64"])
        {
            app.Succeed("publish", "-r", rid);
            string folder = $"bin/Release/net10.0/{rid}";
            ReportDocument report = app.Report($"{folder}/binarysize");
            Assert.Equal(Oracle.Files(app.PathOf($"{folder}/publish")), report.Main.Tree.Of("file"));
            Assert.Contains(rid == "win-x64" ? "App.exe" : "App", report.Main.Tree.Of("file").Keys);
        }
        // A PE file is divided too.
        Node exe = app.Report("bin/Release/net10.0/win-x64/binarysize").Main.Tree["App.exe"];
        Assert.Contains(".text", exe.Of("section").Keys);
    }

    [Fact]
    public void Output_in_one_place_keeps_configurations_apart()
    {
        using TestProject app = TestProject.Console();
        app.Write("Directory.Build.props", "<Project><PropertyGroup><UseArtifactsOutput>true</UseArtifactsOutput></PropertyGroup></Project>");
        app.Succeed("build");
        app.Succeed("publish");
        Assert.Equal(Oracle.DiskUsage(app.PathOf("artifacts/bin/App/debug")), app.Report("artifacts/bin/App/binarysize/debug").Main.Size);
        Assert.Equal(Oracle.DiskUsage(app.PathOf("artifacts/publish/App/release")), app.Report("artifacts/publish/App/binarysize/release").Main.Size);
    }
}
