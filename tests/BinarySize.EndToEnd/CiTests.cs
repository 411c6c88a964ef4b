using System.Text.Json;
using System.Text.RegularExpressions;

namespace BinarySize.EndToEnd;

/// <summary>What each CI system is told by a build that runs under it, by nothing but its own variables.</summary>
public class CiTests
{
    private const string Reports = "bin/Release/net10.0/binarysize";

    private const string Budgets = """
          <ItemGroup>
            <BinarySizeBudget Include="all" Max="5 MB" />
            <BinarySizeBudget Include="app" Warn="1 kB" Scope="file" Match="App.dll" Stage="Publish" />
          </ItemGroup>
        """;

    // What actions/setup-dotnet makes annotations of (its file .github/csc.json).
    private static readonly Regex s_matcher = new(@"^(.*)\((\d+)(?:,\d+|,\d+,\d+)?\):\s+(error|warning)\s+([a-zA-Z]+(?<!MSB)\d+):\s*(.*?)\s+\[(.*?)\]$");

    [Fact]
    public void Github_is_told_once_in_a_job_and_gets_numbers_in_every_step()
    {
        using TestProject app = TestProject.Console(Budgets);
        string summary = app.Write("summary.md", ""), output = app.Write("output", "");
        var github = new Dictionary<string, string>
        {
            ["CI"] = "true",
            ["GITHUB_ACTIONS"] = "true",
            ["GITHUB_STEP_SUMMARY"] = summary,
            ["GITHUB_OUTPUT"] = output,
            ["GITHUB_WORKSPACE"] = app.Root,
            ["GITHUB_RUN_ID"] = "4711",
            ["GITHUB_RUN_ATTEMPT"] = "1",
            ["GITHUB_JOB"] = "build",
        };
        Outcome first = app.DotnetWith(github, "publish");
        Assert.Equal(0, first.Code);
        string report = File.ReadAllText(app.PathOf(Reports + "/report.md"));
        Assert.Equal(report, File.ReadAllText(summary));
        string annotation = Assert.Single(first.Lines, l => l.TrimStart().StartsWith("::", StringComparison.Ordinal)).Trim();
        Assert.StartsWith("::warning file=App.csproj,line=11,col=5,title=BSZ2101::Size budget 'app'", annotation);
        // MSBuild prints it as well, but not as a line of which GitHub would make an annotation.
        Assert.Contains(first.Lines, l => l.Contains(": warning BSZ2101: ", StringComparison.Ordinal));
        Assert.DoesNotContain(first.Lines, l => s_matcher.IsMatch(l.TrimEnd('\r')));
        long size = app.Report(Reports).Main.Size;
        Assert.Matches($@"^binarysize-size<<(binarysize_\w+)\n{size}\n\1\nbinarysize-over<<\1\n0\n\1\nbinarysize-near<<\1\n1\n\1\n", File.ReadAllText(output));
        Assert.Matches(@"^<!-- binarysize: App-net10.0-Release-Publish -->\n## Size of ` App `", File.ReadAllText(app.PathOf(Reports + "/comment.md")));

        // The same job again, in which nothing was built.
        File.WriteAllText(output, "");
        Outcome again = app.DotnetWith(github, "publish");
        Assert.Equal(report, File.ReadAllText(summary));
        Assert.DoesNotContain(again.Lines, l => l.TrimStart().StartsWith("::", StringComparison.Ordinal));
        Assert.Contains(again.Lines, l => l.Contains(": warning BSZ2101: ", StringComparison.Ordinal));
        Assert.Contains($"\n{size}\n", File.ReadAllText(output));

        // Another attempt at it has a page of its own.
        Outcome other = app.DotnetWith(new(github) { ["GITHUB_RUN_ATTEMPT"] = "2" }, "publish", "-p:BinarySizeCiAnnotations=false");
        Assert.Equal(report + report, File.ReadAllText(summary));
        Assert.DoesNotContain(other.Lines, l => l.TrimStart().StartsWith("::", StringComparison.Ordinal));

        // Nobody is told where nobody is to be told, and a system that does not exist is a mistake.
        File.Delete(app.PathOf(Reports + "/comment.md"));
        app.DotnetWith(new(github) { ["GITHUB_RUN_ATTEMPT"] = "3" }, "publish", "-p:BinarySizeCi=none");
        Assert.Equal(report + report, File.ReadAllText(summary));
        Assert.False(File.Exists(app.PathOf(Reports + "/comment.md")));
        Diagnostic mistake = Assert.Single(app.Fail("publish", "-p:BinarySizeCi=githb"), d => d.Kind == "error");
        Assert.Equal("BSZ1005", mistake.Code);
        Assert.Contains("Known are: auto, none, github, azure, gitlab, teamcity, markdown.", mistake.Message);
    }

    [Fact]
    public void Of_several_target_frameworks_the_matcher_of_setup_dotnet_sees_the_lines()
    {
        using TestProject lib = TestProject.Library("<ItemGroup><BinarySizeBudget Include=\"lib\" Warn=\"1 B\" /></ItemGroup>", framework: "net10.0;net9.0");
        Outcome built = lib.DotnetWith(new() { ["GITHUB_ACTIONS"] = "true", ["GITHUB_WORKSPACE"] = lib.Root }, "build");
        Assert.Equal(0, built.Code);
        Assert.DoesNotContain(built.Lines, l => l.TrimStart().StartsWith("::", StringComparison.Ordinal));
        Assert.Equal(2, built.Lines.Select(l => l.TrimEnd('\r')).Where(l => l.Contains("BSZ2101", StringComparison.Ordinal) && s_matcher.IsMatch(l)).Distinct().Count());
    }

    [Fact]
    public void Azure_gitlab_teamcity_and_any_other_are_told_in_their_own_words()
    {
        using TestProject app = TestProject.Console(Budgets);
        Outcome azure = app.DotnetWith(new() { ["TF_BUILD"] = "True" }, "publish");
        Assert.Equal(0, azure.Code);
        string report = File.ReadAllText(app.PathOf(Reports + "/report.md"));
        string issue = Assert.Single(azure.Lines, l => l.Contains("##vso[task.logissue", StringComparison.Ordinal)).Trim();
        Assert.StartsWith($"##vso[task.logissue type=warning;sourcepath={app.ProjectFile};linenumber=11;columnnumber=5;code=BSZ2101;]Size budget 'app'", issue);
        string upload = Assert.Single(azure.Lines, l => l.Contains("##vso[task.uploadsummary]", StringComparison.Ordinal)).Trim();
        Assert.Equal(report, File.ReadAllText(upload["##vso[task.uploadsummary]".Length..]));

        Outcome gitlab = app.DotnetWith(new() { ["GITLAB_CI"] = "true", ["CI"] = "true", ["CI_PROJECT_DIR"] = app.Root }, "publish");
        Assert.DoesNotContain(gitlab.Lines, l => l.Contains("##", StringComparison.Ordinal) || l.TrimStart().StartsWith("::", StringComparison.Ordinal));
        long size = app.Report(Reports).Main.Size;
        Assert.Contains($"binarysize_artifact_bytes{{project=\"App\",target=\"net10.0/Release\",stage=\"Publish\",artifact=\"bin/Release/net10.0/publish\"}} {size}\n", File.ReadAllText(app.PathOf(Reports + "/metrics.txt")));
        JsonElement quality = Assert.Single(JsonDocument.Parse(File.ReadAllText(app.PathOf(Reports + "/gl-code-quality-report.json"))).RootElement.EnumerateArray());
        Assert.Equal(("BSZ2101", "App.csproj", 11), (quality.GetProperty("check_name").GetString(), quality.GetProperty("location").GetProperty("path").GetString(), quality.GetProperty("location").GetProperty("lines").GetProperty("begin").GetInt32()));

        Outcome teamCity = app.DotnetWith(new() { ["TEAMCITY_VERSION"] = "2026.1" }, "publish");
        Assert.Contains(teamCity.Lines, l => l.Trim() == $"##teamcity[buildStatisticValue key='binarysize.App-net10.0-Release-Publish.size' value='{size}']");
        Assert.Contains(teamCity.Lines, l => l.Trim().StartsWith("##teamcity[message text='BSZ2101: Size budget |'app|'", StringComparison.Ordinal));

        File.Delete(app.PathOf(Reports + "/comment.md"));
        Outcome other = app.DotnetWith(new() { ["CI"] = "true" }, "publish");
        Assert.DoesNotContain(other.Lines, l => l.Contains("##", StringComparison.Ordinal) || l.TrimStart().StartsWith("::", StringComparison.Ordinal));
        Assert.EndsWith(report, File.ReadAllText(app.PathOf(Reports + "/comment.md")));
    }
}
