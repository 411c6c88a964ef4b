using System.Text.Json;
using System.Text.RegularExpressions;

namespace BinarySize.Tests.Repository;

/// <summary>The ready-made workflows of docs/ci: they parse, and everything of ours that they name exists.</summary>
public partial class CiExamplesTests
{
    private static string Folder => Path.Combine(Samples.Root, "docs", "ci");

    private static string Reference => File.ReadAllText(Path.Combine(Samples.Root, "docs", "reference.md"));

    private static string Cli => File.ReadAllText(Path.Combine(Samples.Root, "docs", "cli.md"));

    public static TheoryData<string> Examples() => [.. Directory.EnumerateFiles(Folder, "*.yml").Select(f => Path.GetFileName(f)!).Order(StringComparer.Ordinal)];

    // Debian's own Python, which has python3-yaml.
    private static JsonElement Parse(string name) => JsonDocument.Parse(Tool.Run("/usr/bin/python3", "-c", """
        import json, sys, yaml
        class Strict(yaml.SafeLoader): pass
        def mapping(loader, node):
            keys = [loader.construct_object(k) for k, _ in node.value]
            assert len(set(keys)) == len(keys), keys
            return {str(loader.construct_object(k)): loader.construct_object(v, deep=True) for k, v in node.value}
        Strict.add_constructor('tag:yaml.org,2002:map', mapping)
        print(json.dumps(yaml.load(open(sys.argv[1], encoding='utf-8'), Strict)))
        """, Path.Combine(Folder, name))).RootElement;

    [Theory]
    [MemberData(nameof(Examples))]
    public void An_example_parses_and_what_it_names_exists(string name)
    {
        Assert.Equal(JsonValueKind.Object, Parse(name).ValueKind);
        string text = File.ReadAllText(Path.Combine(Folder, name));
        foreach (Match property in Properties().Matches(text)) Assert.Contains($"| `{property.Groups[1].Value}` |", Reference, StringComparison.Ordinal);
        foreach (Match command in Commands().Matches(text))
        {
            string section = Cli[Cli.IndexOf($"\n## {command.Groups[1].Value}\n", StringComparison.Ordinal)..];
            int end = section.IndexOf("\n## ", 4, StringComparison.Ordinal);
            if (end > 0) section = section[..end];
            foreach (Match option in Options().Matches(command.Value)) Assert.Contains($"`{option.Value}", section, StringComparison.Ordinal);
        }
        // The page says which it is.
        Assert.Contains($"]({name})", File.ReadAllText(Path.Combine(Folder, "README.md")), StringComparison.Ordinal);
    }

    [Theory]
    [InlineData("github.yml", "publish")]
    [InlineData("github-fork.yml", "publish")]
    [InlineData("github-fork-comment.yml", "comment")]
    public void A_workflow_of_GitHub_has_what_GitHub_requires(string name, params string[] jobs)
    {
        JsonElement workflow = Parse(name);
        // YAML 1.1 reads "on" as true, GitHub does not.
        Assert.True(workflow.TryGetProperty("True", out _));
        Assert.Equal(jobs, workflow.GetProperty("jobs").EnumerateObject().Select(j => j.Name));
        foreach (JsonProperty job in workflow.GetProperty("jobs").EnumerateObject())
        {
            Assert.True(job.Value.TryGetProperty("runs-on", out _));
            foreach (JsonElement step in job.Value.GetProperty("steps").EnumerateArray()) Assert.NotEqual(step.TryGetProperty("run", out _), step.TryGetProperty("uses", out _));
        }
    }

    [Fact]
    public void What_builds_a_pull_request_has_no_rights_and_what_has_rights_runs_nothing_of_it()
    {
        foreach (string name in (string[])["github.yml", "github-fork.yml"])
        {
            JsonProperty right = Assert.Single(Parse(name).GetProperty("permissions").EnumerateObject());
            Assert.Equal(("contents", "read"), (right.Name, right.Value.GetString()));
            Assert.DoesNotContain("secrets.", File.ReadAllText(Path.Combine(Folder, name)), StringComparison.Ordinal);
        }
        JsonElement comment = Parse("github-fork-comment.yml");
        string workflow = comment.GetProperty("True").GetProperty("workflow_run").GetProperty("workflows")[0].GetString()!;
        Assert.Equal(workflow, Parse("github-fork.yml").GetProperty("name").GetString());
        foreach (JsonElement step in comment.GetProperty("jobs").GetProperty("comment").GetProperty("steps").EnumerateArray())
        {
            // No checkout, and no value of the event within a script: a branch may be called "$(rm -rf ~)".
            Assert.False(step.TryGetProperty("uses", out _));
            Assert.DoesNotContain("${{", step.GetProperty("run").GetString(), StringComparison.Ordinal);
        }
    }

    [Fact]
    public void The_scripts_are_ones_that_a_shell_takes()
    {
        foreach (string name in Directory.EnumerateFiles(Folder, "*.yml").Select(f => Path.GetFileName(f)!))
        {
            foreach (string script in Scripts(Parse(name)))
            {
                (int code, _, string error) = Tool.Try("bash", "-n", "-c", Expressions().Replace(script, "x"));
                Assert.True(code == 0, $"{name}: {error}\n{script}");
            }
        }

        static IEnumerable<string> Scripts(JsonElement element) => element.ValueKind switch
        {
            JsonValueKind.Object => element.EnumerateObject().SelectMany(p => p.Name is "run" or "script" && p.Value.ValueKind == JsonValueKind.String ? [p.Value.GetString()!] : p.Name is "script" or "before_script" or "after_script" ? p.Value.EnumerateArray().Select(v => v.GetString()!) : Scripts(p.Value)),
            JsonValueKind.Array => element.EnumerateArray().SelectMany(Scripts),
            _ => [],
        };
    }

    [GeneratedRegex(@"\b(BinarySize\w+)=")]
    private static partial Regex Properties();

    [GeneratedRegex(@"\bbinarysize (\w+) [^\n]*")]
    private static partial Regex Commands();

    [GeneratedRegex(@"--[a-z-]+")]
    private static partial Regex Options();

    [GeneratedRegex(@"\$\{\{.*?\}\}|\$\([A-Z][\w.]+\)")]
    private static partial Regex Expressions();
}
