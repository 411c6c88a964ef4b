using BinarySize.Rendering.Ci;

namespace BinarySize.Tests.Rendering.Ci;

public class CiSystemTests
{
    [Theory]
    [InlineData("", CiSystem.None)]
    [InlineData("GITHUB_ACTIONS=true;CI=true", CiSystem.GitHub)]
    [InlineData("GITHUB_ACTIONS=false", CiSystem.None)]
    [InlineData("GITHUB_STEP_SUMMARY=/x", CiSystem.None)]
    [InlineData("TF_BUILD=True", CiSystem.Azure)]
    [InlineData("GITLAB_CI=true;CI=true", CiSystem.GitLab)]
    [InlineData("TEAMCITY_VERSION=2026.1", CiSystem.TeamCity)]
    [InlineData("CI=true", CiSystem.Markdown)]
    [InlineData("CI=false", CiSystem.None)]
    public void Every_system_is_known_by_its_own_variables(string variables, CiSystem expected)
    {
        Assert.Equal(expected, CiSystems.Detect(Variables(variables)));
        Assert.True(CiSystems.TryParse("auto", Variables(variables), out CiSystem found));
        Assert.Equal(expected, found);
        Assert.True(CiSystems.TryParse(null, Variables(variables), out found));
        Assert.Equal(expected, found);
        Assert.True(CiSystems.TryParse(" NONE ", Variables(variables), out found));
        Assert.Equal(CiSystem.None, found);
    }

    [Fact]
    public void Every_system_has_a_name_and_nothing_else_is_one()
    {
        Assert.Equal(Enum.GetNames<CiSystem>().Select(n => n.ToLowerInvariant()), CiSystems.Names);
        foreach (CiSystem system in Enum.GetValues<CiSystem>())
        {
            Assert.True(CiSystems.TryParse(system.ToString(), Variables("CI=true"), out CiSystem found));
            Assert.Equal(system, found);
        }
        Assert.False(CiSystems.TryParse("github-actions", Variables("CI=true"), out _));
        Assert.False(CiSystems.TryParse("1", Variables("CI=true"), out _));
    }

    [Fact]
    public void A_job_differs_from_its_next_attempt_and_is_unknown_where_the_system_does_not_say()
    {
        string? first = CiSystems.Job(CiSystem.GitHub, Variables("GITHUB_RUN_ID=1;GITHUB_RUN_ATTEMPT=1;GITHUB_JOB=build"));
        Assert.NotNull(first);
        Assert.NotEqual(first, CiSystems.Job(CiSystem.GitHub, Variables("GITHUB_RUN_ID=1;GITHUB_RUN_ATTEMPT=2;GITHUB_JOB=build")));
        Assert.NotEqual(first, CiSystems.Job(CiSystem.GitHub, Variables("GITHUB_RUN_ID=1;GITHUB_RUN_ATTEMPT=1;GITHUB_JOB=test")));
        Assert.Null(CiSystems.Job(CiSystem.GitHub, Variables("GITHUB_JOB=build")));
        Assert.NotNull(CiSystems.Job(CiSystem.Azure, Variables("BUILD_BUILDID=7")));
        Assert.NotNull(CiSystems.Job(CiSystem.GitLab, Variables("CI_JOB_ID=7")));
        Assert.Null(CiSystems.Job(CiSystem.TeamCity, Variables("TEAMCITY_VERSION=1")));
    }

    [Fact]
    public void The_targets_pass_every_variable_that_is_looked_at()
    {
        string targets = File.ReadAllText(Path.Combine(Samples.Root, "build", "BinarySize.Build.targets"));
        foreach (string name in CiSystems.Variables) Assert.Contains($" {name}=$({name})\n", targets, StringComparison.Ordinal);
    }

    private static Dictionary<string, string> Variables(string text) =>
        text.Split(';', StringSplitOptions.RemoveEmptyEntries).Select(v => v.Split('=')).ToDictionary(v => v[0], v => v[1]);
}
