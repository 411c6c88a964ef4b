namespace BinarySize.Tests.Rendering.Ci;

/// <summary>"--ci" of the command: it tells only where it is asked to, and keeps out of what a program reads.</summary>
public sealed class CiCommandTests : IDisposable
{
    private readonly string _folder = Directory.CreateTempSubdirectory("bsz").FullName;

    public CiCommandTests() => File.WriteAllBytes(Path.Combine(_folder, "app.bin"), new byte[5000]);

    public void Dispose() => Directory.Delete(_folder, recursive: true);

    private (int Code, string Output, string Error) Run(string[] variables, params string[] arguments) =>
        Tool.TryIn(_folder, "env", ["-u", "CI", "-u", "GITHUB_ACTIONS", .. variables, "dotnet", Path.Combine(AppContext.BaseDirectory, "BinarySize.Cli.dll"), .. arguments]);

    [Fact]
    public void A_budget_that_is_exceeded_is_told_to_each()
    {
        string[] github = ["GITHUB_ACTIONS=true", $"GITHUB_STEP_SUMMARY={_folder}/summary.md", $"GITHUB_OUTPUT={_folder}/output"];
        (int code, string output, string error) = Run(github, "check", "app.bin", "--max", "4 kB", "--ci", "auto");
        Assert.Equal(1, code);
        Assert.Contains("\n::error title=BSZ2001::Size budget 'total' is 1000 B over", output, StringComparison.Ordinal);
        Assert.Contains("error BSZ2001", error, StringComparison.Ordinal);
        Assert.Contains("FAIL", File.ReadAllText(Path.Combine(_folder, "summary.md")), StringComparison.Ordinal);
        Assert.Matches(@"^binarysize-size<<(\w+)\n5000\n\1\nbinarysize-over<<\1\n1\n", File.ReadAllText(Path.Combine(_folder, "output")));
        Assert.Equal(["comment.md"], Directory.GetFiles(Path.Combine(_folder, "binarysize")).Select(f => Path.GetFileName(f)));

        (code, output, _) = Run(["TEAMCITY_VERSION=1"], "check", "app.bin", "--max", "4 kB", "--ci", "auto", "--ci-output", "tc");
        Assert.Equal(1, code);
        Assert.Contains("\n##teamcity[buildStatisticValue key='binarysize.app.bin.size' value='5000']\n", output, StringComparison.Ordinal);
        Assert.Contains("\n##teamcity[buildProblem description='BSZ2001: ", output, StringComparison.Ordinal);

        (_, output, _) = Run([], "check", "app.bin", "--max", "4 kB", "--ci", "gitlab", "--ci-output", "gl");
        Assert.DoesNotContain("##", output, StringComparison.Ordinal);
        Assert.Equal(["comment.md", "gl-code-quality-report.json", "metrics.txt"], Directory.GetFiles(Path.Combine(_folder, "gl")).Select(f => Path.GetFileName(f)).Order(StringComparer.Ordinal));
    }

    [Fact]
    public void Nobody_is_told_without_being_asked_for_and_json_stays_json()
    {
        string[] azure = ["TF_BUILD=True"];
        (int code, string output, _) = Run(azure, "report", "app.bin");
        Assert.Equal(0, code);
        Assert.DoesNotContain("##vso", output, StringComparison.Ordinal);
        Assert.False(Directory.Exists(Path.Combine(_folder, "binarysize")));
        (code, output, string error) = Run(azure, "report", "app.bin", "--ci", "auto", "--format", "json");
        Assert.Equal(0, code);
        Assert.Equal(5000, System.Text.Json.JsonDocument.Parse(output).RootElement.GetProperty("artifacts")[0].GetProperty("size").GetInt64());
        Assert.Contains($"##vso[task.uploadsummary]{_folder}/binarysize/binarysize-app.bin.md\n", error, StringComparison.Ordinal);
        (code, _, error) = Run([], "report", "app.bin", "--ci", "jenkins");
        Assert.Equal(2, code);
        Assert.Contains("'jenkins' is no CI system. Known are: auto, none, github, azure, gitlab, teamcity, markdown.", error, StringComparison.Ordinal);
    }
}
