using System.Text.Json;

namespace BinarySize.EndToEnd;

/// <summary>The target BinarySizeCompare: variants of a project that has the package, and budgets.</summary>
public class CompareTests
{
    [Fact]
    public void The_target_builds_variants_and_leaves_the_project_alone()
    {
        using TestProject project = TestProject.Console("""
              <ItemGroup>
                <BinarySizeVariant Include="plain" Properties="SelfContained=false" />
                <BinarySizeVariant Include="bad" Properties="SelfContained=false; LangVersion=none-such" />
              </ItemGroup>
            """, "<BinarySizeBudget>1 B</BinarySizeBudget>");
        Dictionary<string, string> variables = new() { ["XDG_DATA_HOME"] = project.PathOf("data") };
        Outcome outcome = project.DotnetWith(variables, "msbuild", "-restore", "-t:BinarySizeCompare", "-p:BinarySizeCompareSet=user", "-tl:off");
        Assert.True(outcome.Code == 0, outcome.ToString());
        Assert.Contains(outcome.Lines, l => l.Contains("plain", StringComparison.Ordinal) && l.Contains('K', StringComparison.Ordinal));
        using JsonDocument json = JsonDocument.Parse(File.ReadAllBytes(project.PathOf("bin/binarysize/compare.json")));
        Dictionary<string, string> status = json.RootElement.GetProperty("variants").EnumerateArray().ToDictionary(v => v.GetProperty("name").GetString()!, v => v.GetProperty("status").GetString()!);
        // Its own budget of a byte would fail it.
        Assert.Equal(("ok", "failed"), (status["plain"], status["bad"]));
        Assert.True(File.Exists(project.PathOf("bin/binarysize/compare.svg")));
        Assert.False(Directory.Exists(project.PathOf("bin/Release")));
        Assert.False(Directory.Exists(project.PathOf("obj/Release")));

        Outcome wrong = project.DotnetWith(variables, "msbuild", "-t:BinarySizeCompare", "-p:BinarySizeCompareSet=users", "-tl:off");
        Assert.Equal(1, wrong.Code);
        Assert.Equal("BSZ1020", TestProject.Diagnostics(wrong).Single().Code);
    }
}
