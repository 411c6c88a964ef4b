using System.Security;
using System.Text.Json;
using System.Text.RegularExpressions;

namespace BinarySize.EndToEnd;

/// <summary>The command, packed under a version that no cache has seen and installed as its users do.</summary>
public sealed class InstalledTool : IDisposable
{
    private readonly string _folder = Directory.CreateTempSubdirectory("binarysize-tool-").FullName;

    public InstalledTool()
    {
        string feed = Path.Combine(_folder, "feed");
        Tool.Run("dotnet", "pack", "src/BinarySize.Cli", "-c", "Release", "--nologo", "-v", "quiet", $"-p:Version={Package.Version}", "-o", feed);
        string config = Path.Combine(_folder, "NuGet.config");
        File.WriteAllText(config, $"""
            <configuration>
              <packageSources>
                <clear />
                <add key="feed" value="{SecurityElement.Escape(feed)}" />
              </packageSources>
            </configuration>
            """);
        Tool.Run("dotnet", "tool", "install", "BinarySize.Tool", "--tool-path", Path.Combine(_folder, "tools"), "--version", Package.Version, "--configfile", config);
        Command = Path.Combine(_folder, "tools", "binarysize");
    }

    /// <summary>Path of the command.</summary>
    public string Command { get; }

    public void Dispose()
    {
        Directory.Delete(_folder, recursive: true);
        string packages = Environment.GetEnvironmentVariable("NUGET_PACKAGES") ?? Path.Combine(Environment.GetFolderPath(Environment.SpecialFolder.UserProfile), ".nuget", "packages");
        string copy = Path.Combine(packages, "binarysize.tool", Package.Version);
        if (Directory.Exists(copy)) Directory.Delete(copy, recursive: true);
    }
}

public partial class ToolTests(InstalledTool tool) : IClassFixture<InstalledTool>
{
    [Fact]
    public void The_command_installed_from_a_feed_reports()
    {
        Outcome json = Tool.Try(tool.Command, ["report", "/bin/ls", "--by", "section", "--format", "json"]);
        Assert.True(json.Code == 0, json.ToString());
        using JsonDocument report = JsonDocument.Parse(json.Output);
        JsonElement artifact = report.RootElement.GetProperty("artifacts")[0];
        Assert.Equal(new FileInfo("/bin/ls").Length, artifact.GetProperty("size").GetInt64());
        Assert.Equal(new FileInfo("/bin/ls").Length, artifact.GetProperty("tree").GetProperty("size").GetInt64());

        Outcome text = Tool.Try(tool.Command, ["report", "/bin/ls"]);
        Assert.True(text.Code == 0, text.ToString());
        Assert.Contains(text.Lines, l => l.Contains(".text", StringComparison.Ordinal));
        Assert.DoesNotContain(text.Lines, l => l.Length > 79);

        Assert.Equal(1, Tool.Try(tool.Command, ["check", "/bin/ls", "--max", "1 KiB"]).Code);
        Assert.Equal(2, Tool.Try(tool.Command, ["report"]).Code);
        Assert.Equal(3, Tool.Try(tool.Command, ["report", "/no/such/file"]).Code);
    }

    [Fact]
    public void Options_in_the_documentation_are_those_of_the_help()
    {
        string docs = File.ReadAllText(Path.Combine(Package.Repository, "docs", "cli.md"));
        Outcome help = Tool.Try(tool.Command, ["--help"]);
        int list = Array.FindIndex(help.Lines, l => l.StartsWith("Commands:", StringComparison.Ordinal));
        Assert.True(list >= 0, help.ToString());
        string[] commands = [.. help.Lines.Skip(list + 1).Select(l => CommandLine().Match(l)).Where(m => m.Success).Select(m => m.Groups[1].Value)];
        Assert.Contains("report", commands);
        Assert.Equal(commands.Order(StringComparer.Ordinal), CommandHeading().Matches(docs).Select(m => m.Groups[1].Value).Order(StringComparer.Ordinal));
        foreach (string command in commands)
        {
            string[] lines = Tool.Try(tool.Command, [command, "--help"]).Lines;
            var expected = new SortedSet<string>(Options(lines), StringComparer.Ordinal);
            // A command of commands has the options of those.
            int below = Array.FindIndex(lines, l => l.StartsWith("Commands:", StringComparison.Ordinal));
            if (below >= 0)
            {
                foreach (Match sub in lines.Skip(below + 1).Select(l => CommandLine().Match(l)).Where(m => m.Success))
                {
                    expected.UnionWith(Options(Tool.Try(tool.Command, [command, sub.Groups[1].Value, "--help"]).Lines));
                }
            }
            expected.Remove("--help");
            Match section = Regex.Match(docs, $@"^## {command}$(.*?)(?=^## |\z)", RegexOptions.Multiline | RegexOptions.Singleline);
            var documented = new SortedSet<string>(FirstCell().Matches(section.Value).SelectMany(m => Option().Matches(m.Value).Select(o => o.Value)), StringComparer.Ordinal);
            Assert.True(expected.SetEquals(documented), $"{command} --help has {string.Join(' ', expected)}, docs/cli.md {string.Join(' ', documented)}");
        }
    }

    private static IEnumerable<string> Options(string[] help) =>
        help.Skip(Array.FindIndex(help, l => l.StartsWith("Options:", StringComparison.Ordinal)) + 1)
            .SelectMany(l => OptionLine().Match(l) is { Success: true } m ? Option().Matches(m.Value).Select(o => o.Value) : []);

    /// <summary>
    /// The command's own project holds its budget with the package that is built here: packed first, it is a package like any other.
    /// That publish also shows that the command can be compiled ahead of time without a warning.
    /// </summary>
    [Fact]
    public void The_command_compiled_ahead_of_time_holds_its_own_budget()
    {
        string folder = Directory.CreateTempSubdirectory("binarysize-dogfood-").FullName;
        try
        {
            string[] arguments =
            [
                "publish", "src/BinarySize.Cli", "-c", "Release", "-f", "net9.0", "-r", "linux-x64", "--nologo",
                // One framework, or restore asks for the net10.0 runtime pack too; folders of its own, so that other builds keep theirs.
                "-p:TargetFrameworks=net9.0", "-p:PublishAot=true", $"-p:ArtifactsPath={folder}/", $"-p:DogfoodVersion={Package.Version}", $"-p:RestoreAdditionalProjectSources={Package.Feed}",
            ];
            Outcome outcome = Tool.Try("dotnet", arguments);
            Assert.True(outcome.Code == 0, outcome.ToString());
            Assert.DoesNotContain(outcome.Lines, l => l.Contains("warning", StringComparison.Ordinal));
            string command = Path.Combine(folder, "publish", "BinarySize.Cli", "release_net9.0_linux-x64", "BinarySize.Cli");
            string path = Assert.Single(Directory.GetFiles(folder, "report.json", SearchOption.AllDirectories), f => File.ReadAllText(f).Contains("\"Publish\"", StringComparison.Ordinal));
            using JsonDocument report = JsonDocument.Parse(File.ReadAllText(path));
            JsonElement budget = report.RootElement.GetProperty("budgets").EnumerateArray().Single(b => b.GetProperty("name").GetString() == "command");
            Assert.Equal("ok", budget.GetProperty("verdict").GetString());

            Outcome own = Tool.Try(command, ["report", command, "--by", "package,assembly"]);
            Assert.True(own.Code == 0, own.ToString());
            Assert.Contains(own.Lines, l => l.Contains("BinarySize", StringComparison.Ordinal));

            // And it fails where it must.
            Outcome over = Tool.Try("dotnet", [.. arguments, "-p:DogfoodBudget=1 MiB"]);
            Assert.Equal(1, over.Code);
            Assert.Contains(over.Lines, l => l.Contains("error BSZ2001", StringComparison.Ordinal));
        }
        finally
        {
            Directory.Delete(folder, recursive: true);
        }
    }

    [GeneratedRegex(@"^  ([a-z]+) ")]
    private static partial Regex CommandLine();

    [GeneratedRegex(@"^## ([a-z]+)$", RegexOptions.Multiline)]
    private static partial Regex CommandHeading();

    // The names stand in front, and the description two blanks after them.
    [GeneratedRegex(@"^  (-\S,? ?)*--[a-z-]+(, --[a-z-]+)*")]
    private static partial Regex OptionLine();

    [GeneratedRegex("--[a-z][a-z-]*")]
    private static partial Regex Option();

    [GeneratedRegex(@"^\| `--.*?` \|", RegexOptions.Multiline)]
    private static partial Regex FirstCell();
}
