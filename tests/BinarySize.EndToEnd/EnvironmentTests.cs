namespace BinarySize.EndToEnd;

/// <summary>Where the package has to keep out of the way.</summary>
public class EnvironmentTests
{
    [Fact]
    public void An_older_sdk_gets_one_clear_error()
    {
        using TestProject app = TestProject.Console();
        Outcome built = app.Dotnet("build", "-p:NETCoreSdkVersion=9.0.100");
        Assert.Equal(1, built.Code);
        string error = Assert.Single(built.Lines.Where(l => l.Contains(": error ", StringComparison.Ordinal)).Select(l => l.Trim()).Distinct());
        Assert.StartsWith($"{app.ProjectFile} : error BSZ0001: BinarySize.Build needs the .NET SDK 10.0.100 or later", error);
        Assert.Contains("1 Error(s)", built.Output);
        Assert.Empty(app.Reports());
        foreach (string[] command in (string[][])[["publish"], ["pack"]])
        {
            Diagnostic only = Assert.Single(app.Fail([.. command, "-p:NETCoreSdkVersion=9.0.100"]));
            Assert.Equal("BSZ0001", only.Code);
        }
    }

    [Fact]
    public void Switched_off_it_leaves_no_trace()
    {
        using TestProject app = TestProject.Console("""
              <ItemGroup>
                <BinarySizeBudget Include="tiny" Max="1 B" Typo="yes" />
              </ItemGroup>
            """, "<BinarySizeEnabled>false</BinarySizeEnabled>");
        foreach (string command in (string[])["build", "publish", "pack", "clean"])
        {
            Outcome outcome = app.Succeed(command, "-v:d");
            // Detailed output names every target that runs, and every task that is loaded.
            Assert.DoesNotContain(outcome.Lines, l => (l.Contains("_BinarySize", StringComparison.Ordinal) || l.Contains("MeasureArtifact", StringComparison.Ordinal)) && !l.Contains("skipped, due to false condition", StringComparison.Ordinal));
        }
        Assert.Empty(app.Reports());
        Assert.Empty(Directory.GetFileSystemEntries(app.PathOf("."), "binarysize", SearchOption.AllDirectories));
        // Nor with an SDK that it could not run on.
        app.Succeed("build", "--no-restore", "-p:NETCoreSdkVersion=9.0.100");
    }

    [Fact]
    public void The_report_target_measures_by_name()
    {
        using TestProject app = TestProject.Console();
        app.Succeed("build", "-t:BinarySizeReport");
        Assert.Equal("Build", app.Report("bin/Debug/binarysize").Stage);
        app.Succeed("publish", "-t:BinarySizeReport");
        Assert.Equal("Publish", app.Report("bin/Release/net10.0/binarysize").Stage);
    }
}
