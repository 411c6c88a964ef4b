namespace BinarySize.EndToEnd;

/// <summary>Where reports go, and in which formats.</summary>
public class ReportTests
{
    [Fact]
    public void A_folder_and_formats_of_ones_own()
    {
        using TestProject app = TestProject.Console("", "<BinarySizeReportDirectory>reports/size</BinarySizeReportDirectory><BinarySizeReportFormats>json;md;html;csv</BinarySizeReportFormats>");
        app.Succeed("build");
        Assert.Equal(["reports/size/report.csv", "reports/size/report.html", "reports/size/report.json", "reports/size/report.md"], app.Reports());
        Assert.All(app.Reports(), r => Assert.True(Oracle.Size(app.PathOf(r)) > 100));
        Assert.Contains("App.dll", File.ReadAllText(app.PathOf("reports/size/report.md")));
        Assert.Contains("App.dll", File.ReadAllText(app.PathOf("reports/size/report.csv")));
        string html = File.ReadAllText(app.PathOf("reports/size/report.html"));
        Assert.DoesNotContain("src=\"http", html);
    }

    [Fact]
    public void Reports_inside_what_ships_are_not_counted()
    {
        using TestProject app = TestProject.Console();
        string publish = app.PathOf("bin/Release/net10.0/publish");
        string[] command = ["publish", $"-p:BinarySizeReportDirectory={publish}/size/"];
        Outcome first = app.Succeed(command);
        long size = Oracle.DiskUsage(publish) - Oracle.DiskUsage(Path.Combine(publish, "size"));
        Assert.Equal(size, app.Report("bin/Release/net10.0/publish/size").Main.Size);
        Assert.Equal(TestProject.Arrow(first, "publish/"), TestProject.Arrow(app.Succeed(command), "publish/"));
        Assert.Equal(size, app.Report("bin/Release/net10.0/publish/size").Main.Size);
    }

    [Fact]
    public void Github_gets_the_markdown_once_at_the_last_stage()
    {
        using TestProject app = TestProject.Console("<ItemGroup><BinarySizeBudget Include=\"all\" Max=\"5 MB\" /></ItemGroup>");
        string summary = app.Write("summary.md", "# Before\n");
        var github = new Dictionary<string, string> { ["GITHUB_ACTIONS"] = "true", ["GITHUB_STEP_SUMMARY"] = summary, ["CI"] = "true" };
        Outcome published = app.DotnetWith(github, "publish");
        Assert.Equal(0, published.Code);
        string report = File.ReadAllText(app.PathOf("bin/Release/net10.0/binarysize/report.md"));
        Assert.Equal("# Before\n" + report, File.ReadAllText(summary));
        // A second job of the same kind, in which nothing was built, has a summary of its own.
        File.Delete(summary);
        Assert.Equal(0, app.DotnetWith(github, "publish").Code);
        Assert.Equal(report, File.ReadAllText(summary));
        File.Delete(summary);
        Assert.Equal(0, app.DotnetWith(github, "build").Code);
        Assert.Contains("App.dll", File.ReadAllText(summary));
        // Where the file cannot be written the build goes on.
        Assert.Equal(0, app.DotnetWith(new(github) { ["GITHUB_STEP_SUMMARY"] = "/proc/no/such/folder" }, "build").Code);
        // Elsewhere the variable means nothing.
        File.Delete(summary);
        app.DotnetWith(new() { ["GITHUB_STEP_SUMMARY"] = summary }, "build");
        Assert.False(File.Exists(summary));
    }

    [Fact]
    public void A_report_that_cannot_be_written_is_a_warning()
    {
        using TestProject app = TestProject.Console();
        app.Write("file", "");
        Outcome built = app.Dotnet("build", "-p:BinarySizeReportDirectory=file/size");
        Assert.Equal(0, built.Code);
        Diagnostic warning = Assert.Single(TestProject.Diagnostics(built));
        Assert.Equal(("BSZ4010", "warning"), (warning.Code, warning.Kind));
        // It is written as soon as it can be.
        File.Delete(app.PathOf("file"));
        app.Succeed("build", "--no-restore", "-p:BinarySizeReportDirectory=file/size");
        Assert.Equal(["file/size/report.json", "file/size/report.md"], app.Reports());
    }
}

/// <summary>Names of files are input: none of them starts a command of a CI system or moves a cursor.</summary>
public class HostileNameTests
{
    private static readonly string[] s_names =
    [
        "::error::x", "##[command]x", "##vso[task.complete result=Failed]x", "##teamcity[x]", "\u001b[31mred", "a\n::error::second line", "a\r\n::warning::third", "\u202Etxt.exe",
        "`code`", "a|b|c", "<script>alert(1)</script>", "=cmd()", "%0A::error::", " ::set-output name=x::y", "bell\a", "zero\u200Bwidth", new string('n', 200),
    ];

    [Fact]
    public void No_name_reaches_the_log_as_it_is()
    {
        using TestProject app = TestProject.Console("""
              <ItemGroup>
                <BinarySizeArtifact Include="hostile" />
                <BinarySizeBudget Include="each" Scope="file" Match="**" Each="true" Max="1" Stage="Publish" />
                <BinarySizeBudget Include="::warning::budget" Max="1" />
                <BinarySizeBudget Include="typo" Max="1 MB" Scope="##[command]" Owner="&#27;[2J" />
                <Content Include="##[group]content.txt" CopyToPublishDirectory="PreserveNewest" />
              </ItemGroup>
            """);
        app.Write("##[group]content.txt", "12");
        foreach (string name in s_names)
        {
            app.Write(Path.Combine("hostile", name), new string('x', 1000));
            // What an earlier step left in the publish folder ships as well.
            app.Write(Path.Combine("bin/Release/net10.0/publish", name), new string('x', 2000));
        }
        string summary = app.PathOf("summary.md");
        Outcome published = app.DotnetWith(new() { ["GITHUB_ACTIONS"] = "true", ["GITHUB_STEP_SUMMARY"] = summary }, "publish", "-p:BinarySizeReportFormats=json%3Bmd%3Bhtml%3Bcsv");
        Assert.Equal(1, published.Code);
        // Annotations are commands, ours: each begins with a place in the project, or counts those that are left out.
        IsHarmless(published.Output, app.ProjectFile);
        published = app.Dotnet("publish", "-v:n", "-p:BinarySizeReportFormats=json%3Bmd%3Bhtml%3Bcsv");
        IsHarmless(published.Output);
        Assert.Contains("BSZ2001", published.Output);

        ReportDocument report = app.Report("bin/Release/net10.0/binarysize");
        foreach (string name in s_names)
        {
            Assert.Equal(2000, report.Main.Tree[name].Size);
            Assert.Equal(1000, report.Artifacts[1].Tree[name].Size);
        }
        Assert.Equal(2, report.Main.Tree["##[group]content.txt"].Size);
        foreach (string file in app.Reports().Select(app.PathOf).Append(summary))
        {
            string text = File.ReadAllText(file);
            Assert.DoesNotContain('\u001b', text);
            Assert.DoesNotContain('\u202E', text);
            // Elsewhere it stands in a code span, or there is no HTML to break into.
            if (file.EndsWith(".html", StringComparison.Ordinal)) Assert.DoesNotContain("<script>alert", text);
            Assert.DoesNotContain(text.Split('\n'), l => l.TrimStart().StartsWith("::", StringComparison.Ordinal));
        }
    }

    private static void IsHarmless(string output, string? annotated = null)
    {
        Assert.DoesNotContain(output.Split('\n', '\r').Select(l => l.TrimStart()), l => l.StartsWith("::", StringComparison.Ordinal)
            && !(annotated is not null && (l.StartsWith($"::error file={annotated},", StringComparison.Ordinal) || l.StartsWith($"::warning file={annotated},", StringComparison.Ordinal)
                || System.Text.RegularExpressions.Regex.IsMatch(l, @"^::error title=BSZ\d{4}::\d+ more errors: see the log and the summary\.$"))));
        Assert.DoesNotContain("##[command", output);
        Assert.DoesNotContain("##vso", output);
        Assert.DoesNotContain("##teamcity", output);
        Assert.DoesNotContain('\u001b', output);
        Assert.DoesNotContain('\u202E', output);
        Assert.DoesNotContain('\a', output);
    }
}
