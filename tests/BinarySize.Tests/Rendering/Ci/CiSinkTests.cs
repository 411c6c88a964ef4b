using System.Globalization;
using System.Text;
using System.Text.Json;
using System.Text.RegularExpressions;
using BinarySize.Rendering;
using BinarySize.Rendering.Ci;
using BinarySize.Reports;

namespace BinarySize.Tests.Rendering.Ci;

/// <summary>
/// What each system is told, whole, and with names that somebody chose to be run. Lines are read back the way that the
/// runner of GitHub, the agent of Azure and TeamCity do.
/// </summary>
public partial class CiSinkTests
{
    private const string Root = "/home/ci/work", Project = Root + "/src/MyApp/MyApp.csproj";

    private static readonly CiContext s_context = new()
    {
        Directory = Root + "/src/MyApp/bin/binarysize",
        ProjectFile = Project,
        Variables = new Dictionary<string, string>
        {
            ["GITHUB_STEP_SUMMARY"] = "/tmp/summary.md",
            ["GITHUB_OUTPUT"] = "/tmp/output",
            ["GITHUB_WORKSPACE"] = Root,
            ["CI_PROJECT_DIR"] = Root,
        },
    };

    private static readonly CiFinding[] s_findings =
    [
        new(true, "BSZ2001", "Size budget 'app' (net10.0/linux-x64/Release) is 447.8 KiB over: 4,652,907 B > 4,194,304 B (4 MiB), 100% sure.", Project, 31, 5),
        new(false, "BSZ2101", "Size budget 'pkg:Dapper' is near its limit: 82%.", Root + "/Directory.Build.props", 7, 3),
        new(true, "BSZ1003", "Size budget 'typo' matched no package: 'Daper' is not in what is measured at Publish. Closest: 'Dapper'.", Project, 34, 5),
        new(false, "BSZ4003", "'MyApp': a symbol table at offset 4096 is damaged", Project, 0, 0),
        new(false, "BSZ4001", "'x' does not exist.", "", 0, 0),
    ];

    public static TheoryData<CiSystem> Systems() => [.. Enum.GetValues<CiSystem>()];

    [Theory]
    [MemberData(nameof(Systems))]
    public void Golden_output(CiSystem system) => Golden.Check($"{system.ToString().ToLowerInvariant()}.txt", Text(CiSink.Tell(system, CiMessage.Of(SampleReport.Make(), s_findings), s_context)));

    [Theory]
    [MemberData(nameof(Systems))]
    public void Golden_attacks(CiSystem system) => Golden.Check($"{system.ToString().ToLowerInvariant()}-attacks.txt", Text(Attacked(system, ["::error::owned", "x ##vso[task.complete result=Failed;]", "##teamcity[buildStatus status='FAILURE']", "line\r\n::error::next", "a\u202egnp.exe", "\u001b[31mred", "List`1", "a|b", "<script>alert(1)</script>", "say \"hi\"", "%0A::error::x", "a;b]c", "it's [x] |n", "名前.dll"])));

    [Fact]
    public void No_attack_starts_a_command_of_its_own_anywhere()
    {
        foreach (CiSystem system in Enum.GetValues<CiSystem>())
        {
            foreach (string attack in Attacks.All)
            {
                CiOutput output = Attacked(system, [attack]);
                foreach (string line in output.Lines)
                {
                    Assert.DoesNotContain(line, c => c < ' ' || CharUnicodeInfo.GetUnicodeCategory(c) is UnicodeCategory.Control or UnicodeCategory.Format or UnicodeCategory.Surrogate or UnicodeCategory.LineSeparator or UnicodeCategory.ParagraphSeparator);
                    Assert.InRange(line.Length, 1, 32_000);
                    // One command a line, at its start: what the name brought along is text.
                    string rest = line[2..];
                    Assert.DoesNotContain("##", rest, StringComparison.Ordinal);
                    Assert.Equal(system switch { CiSystem.GitHub => "::", CiSystem.Azure or CiSystem.TeamCity => "##", _ => "none" }, line[..2]);
                }
                foreach (string text in output.Files.Select(f => f.Content).Concat(output.Outputs.Concat(output.Summaries).Select(a => a.Text)))
                {
                    Assert.DoesNotContain(text, c => (c < ' ' && c != '\n') || CharUnicodeInfo.GetUnicodeCategory(c) is UnicodeCategory.Format or UnicodeCategory.LineSeparator or UnicodeCategory.ParagraphSeparator);
                    Assert.DoesNotContain(text.Split('\n'), l => l.TrimStart().StartsWith("::", StringComparison.Ordinal));
                    foreach (string trigger in (string[])["##vso[", "##teamcity[", "##["]) Assert.DoesNotContain(trigger, text, StringComparison.Ordinal);
                }
                foreach (CiFile file in output.Files) Assert.Matches("^[A-Za-z0-9._-]{1,120}$", file.Name);
            }
        }
    }

    [Fact]
    public void GitHub_reads_the_message_the_place_and_nothing_else()
    {
        foreach (string attack in Attacks.All)
        {
            CiOutput output = CiSink.Tell(CiSystem.GitHub, Message(attack), s_context);
            string line = Assert.Single(output.Lines);
            Match command = GitHubCommand().Match(line);
            Assert.True(command.Success, line);
            string[] properties = command.Groups[2].Value.Split(',');
            Assert.Equal(["file", "line", "col", "title"], properties.Select(p => p.Split('=')[0]));
            Assert.Equal("title=BSZ2001", properties[3]);
            string data = command.Groups[3].Value.Replace("%0D", "\r", StringComparison.Ordinal).Replace("%0A", "\n", StringComparison.Ordinal).Replace("%25", "%", StringComparison.Ordinal);
            Assert.Equal(Escape.LogLine($"Size budget '{attack}' is over.", 4000), data);
            Assert.InRange(data.Length, 1, 4096);
        }
    }

    [Fact]
    public void GitHub_annotates_what_no_matcher_sees()
    {
        string[] lines = [.. CiSink.Tell(CiSystem.GitHub, CiMessage.Of(SampleReport.Make(), s_findings), s_context).Lines];
        // MSBuild's line for the second one ends with the project, and setup-dotnet's matcher takes it.
        Assert.Equal(4, lines.Length);
        Assert.StartsWith("::error file=src/MyApp/MyApp.csproj,line=31,col=5,title=BSZ2001::Size budget 'app'", lines[0], StringComparison.Ordinal);
        Assert.DoesNotContain(lines, l => l.Contains("BSZ2101", StringComparison.Ordinal));
        // Of several target frameworks it tells the one, in the same brackets.
        Assert.Equal(2, CiSink.Tell(CiSystem.GitHub, CiMessage.Of(SampleReport.Make(), s_findings), s_context with { HasDescription = true }).Lines.Count);
        // Outside of MSBuild there is nobody else.
        Assert.Equal(5, CiSink.Tell(CiSystem.GitHub, CiMessage.Of(SampleReport.Make(), s_findings), s_context with { ProjectFile = "" }).Lines.Count);
        Assert.Empty(CiSink.Tell(CiSystem.GitHub, CiMessage.Of(SampleReport.Make(), s_findings), s_context with { Annotate = false }).Lines);
    }

    [Fact]
    public void GitHub_outputs_are_numbers_between_lines_that_nobody_can_foresee()
    {
        var names = new List<string>();
        foreach (string attack in Attacks.All)
        {
            string text = Assert.Single(CiSink.Tell(CiSystem.GitHub, Message(attack), s_context).Outputs).Text;
            string[] lines = text.Split('\n');
            Assert.Equal("", lines[^1]);
            for (int i = 0; i + 3 <= lines.Length; i += 3)
            {
                Match head = OutputHead().Match(lines[i]);
                Assert.True(head.Success, lines[i]);
                Assert.True(long.TryParse(lines[i + 1], NumberStyles.None, CultureInfo.InvariantCulture, out _), lines[i + 1]);
                Assert.Equal(head.Groups[2].Value, lines[i + 2]);
                if (head.Groups[1].Value.StartsWith("binarysize-budget-", StringComparison.Ordinal)) names.Add(head.Groups[1].Value);
            }
        }
        Assert.Equal(Attacks.All.Distinct().Count(), names.Distinct().Count());
        string again = CiSink.Tell(CiSystem.GitHub, Message("app"), s_context).Outputs[0].Text;
        Assert.NotEqual(again, CiSink.Tell(CiSystem.GitHub, Message("app"), s_context).Outputs[0].Text);
        Assert.StartsWith("binarysize-size<<", again, StringComparison.Ordinal);
        Assert.Contains("binarysize-budget-app<<", again, StringComparison.Ordinal);
    }

    [Fact]
    public void Azure_reads_the_message_and_the_place()
    {
        foreach (string attack in Attacks.All)
        {
            CiOutput output = CiSink.Tell(CiSystem.Azure, Message(attack) with { Findings = [new CiFinding(false, "BSZ2001", attack, Path.Combine(Root, attack[..Math.Min(attack.Length, 1000)].Replace("\0", "", StringComparison.Ordinal).TrimStart('/')), 3, 4)] }, s_context);
            string line = output.Lines[0];
            // The agent splits at the first ']', then at ';', and only then undoes the escapes.
            int end = line.IndexOf(']', "##vso[".Length);
            string[] properties = line["##vso[task.logissue ".Length..end].Split(';', StringSplitOptions.RemoveEmptyEntries);
            Assert.Equal(["type", "sourcepath", "linenumber", "columnnumber", "code"], properties.Select(p => p.Split('=')[0]));
            string data = line[(end + 1)..].Replace("%0D", "\r", StringComparison.Ordinal).Replace("%0A", "\n", StringComparison.Ordinal).Replace("%AZP25", "%", StringComparison.Ordinal);
            Assert.Equal(Escape.LogLine(attack, 4000), data);
        }
    }

    [Fact]
    public void Azure_names_a_file_that_is_there_and_leaves_out_a_path_that_reads_as_a_command()
    {
        CiOutput output = CiSink.Tell(CiSystem.Azure, CiMessage.Of(SampleReport.Make(), []), s_context);
        CiFile summary = output.Files[1];
        Assert.Equal("binarysize-MyApp-net10.0-linux-x64-Release-Publish.md", summary.Name);
        Assert.Equal($"##vso[task.uploadsummary]{s_context.Directory}/{summary.Name}", Assert.Single(output.Lines));
        Assert.Empty(CiSink.Tell(CiSystem.Azure, CiMessage.Of(SampleReport.Make(), []), s_context with { Directory = "/a/##vso[x]" }).Lines);
    }

    [Fact]
    public void TeamCity_reads_its_values_back_and_limits_hold()
    {
        foreach (string attack in Attacks.All)
        {
            foreach (string line in CiSink.Tell(CiSystem.TeamCity, Message(attack), s_context).Lines)
            {
                Match message = TeamCityMessage().Match(line);
                Assert.True(message.Success, line);
                Dictionary<string, string> values = TeamCityValue().Matches(message.Groups[2].Value).ToDictionary(m => m.Groups[1].Value, m => Unescape(m.Groups[2].Value));
                if (message.Groups[1].Value == "buildStatisticValue")
                {
                    Assert.Matches("^[A-Za-z0-9._-]{1,200}$", values["key"]);
                    Assert.Matches("^[0-9]{1,13}$", values["value"]);
                    continue;
                }
                Assert.Equal("buildProblem", message.Groups[1].Value);
                Assert.Matches("^[A-Za-z][A-Za-z0-9_]{0,59}$", values["identity"]);
                Assert.InRange(values["description"].Length, 1, 4000);
                if (attack.Length < 100 && !attack.Any(char.IsSurrogate)) Assert.Equal($"BSZ2001: Size budget '{attack}' is over.", values["description"]);
            }
        }
        // The numbers of a problem change from build to build, the problem does not.
        string first = Problem("Size budget 'app' is 1 KiB over."), second = Problem("Size budget 'app' is 2 KiB over."), other = Problem("Size budget 'lib' is 1 KiB over.");
        Assert.Equal(first, second);
        Assert.NotEqual(first, other);

        static string Problem(string text) =>
            Regex.Match(CiSink.Tell(CiSystem.TeamCity, Message("app") with { Figures = [], Findings = [new(true, "BSZ2001", text, Project, 3, 4)] }, s_context).Lines[0], "identity='(.*)'").Groups[1].Value;

        static string Unescape(string text) => Regex.Replace(text, @"\|(0x([0-9A-F]{4})|.)", m => m.Groups[2].Success ? ((char)Convert.ToInt32(m.Groups[2].Value, 16)).ToString() : m.Groups[1].Value switch { "n" => "\n", "r" => "\r", var c => c });
    }

    /// <summary>Prometheus' own strict reader of OpenMetrics takes the metrics, and so does GitLab, which splits a line like a shell.</summary>
    [Fact]
    public void Readers_of_others_take_the_metrics_of_GitLab()
    {
        var all = new StringBuilder();
        foreach (Report report in (Report[])[SampleReport.Make(), Attacks.Report(), SampleReport.Extreme()])
        {
            string path = Path.GetTempFileName();
            try
            {
                File.WriteAllText(path, CiSink.Tell(CiSystem.GitLab, CiMessage.Of(report, s_findings), s_context).Files.Single(f => f.Name == "metrics.txt").Content);
                string output = Tool.Run("/usr/bin/python3", "-c", """
                    import sys, shlex, re
                    from prometheus_client.openmetrics.parser import text_string_to_metric_families
                    text = open(sys.argv[1], encoding='utf-8').read()
                    samples = [s for f in text_string_to_metric_families(text) for s in f.samples]
                    lines = [shlex.split(re.sub('#.*$', '', l)) for l in text.splitlines()]
                    lines = [l for l in lines if l]
                    assert all(len(l) == 2 for l in lines), lines
                    assert len(set(l[0] for l in lines)) == len(lines) == len(samples)
                    print(len(samples), *[int(s.value) for s in samples if s.name == 'binarysize_artifact_bytes'])
                    """, path);
                all.Append(output);
            }
            finally
            {
                File.Delete(path);
            }
        }
        Assert.StartsWith("11 4652907\n", all.ToString(), StringComparison.Ordinal);
    }

    [Fact]
    public void Code_quality_is_what_GitLab_requires()
    {
        string text = CiSink.Tell(CiSystem.GitLab, CiMessage.Of(SampleReport.Make(), s_findings), s_context).Files.Single(f => f.Name == "gl-code-quality-report.json").Content;
        JsonElement[] issues = [.. JsonDocument.Parse(text).RootElement.EnumerateArray()];
        Assert.Equal(s_findings.Length, issues.Length);
        foreach (JsonElement issue in issues)
        {
            Assert.Equal(["description", "check_name", "fingerprint", "severity", "location"], issue.EnumerateObject().Select(p => p.Name));
            Assert.Contains(issue.GetProperty("severity").GetString(), (string[])["info", "minor", "major", "critical", "blocker"]);
            Assert.False(Path.IsPathRooted(issue.GetProperty("location").GetProperty("path").GetString()));
            Assert.True(issue.GetProperty("location").GetProperty("lines").GetProperty("begin").GetInt32() > 0);
        }
        Assert.Equal(issues.Length, issues.Select(i => i.GetProperty("fingerprint").GetString()).Distinct().Count());
        Assert.Equal("src/MyApp/MyApp.csproj", issues[0].GetProperty("location").GetProperty("path").GetString());
        // Nothing wrong is an empty list, so that what was wrong is shown as mended.
        Assert.Equal("[]\n", CiSink.Tell(CiSystem.GitLab, CiMessage.Of(SampleReport.Make(), []), s_context).Files[^1].Content);
    }

    [Fact]
    public void Of_many_findings_each_kind_shows_as_many_as_a_system_keeps_and_says_how_many_are_missing()
    {
        CiFinding[] many = [.. Enumerable.Range(0, 25).Select(i => new CiFinding(i % 5 != 0, "BSZ2001", $"Size budget 'b{i}' is over.", Project, i + 1, 1))];
        foreach (CiSystem system in (CiSystem[])[CiSystem.GitHub, CiSystem.Azure, CiSystem.TeamCity])
        {
            IReadOnlyList<string> lines = CiSink.Tell(system, new CiMessage { Project = "x", Findings = many }, s_context).Lines;
            Assert.Equal(15, lines.Count);
            Assert.Contains("11 more errors: see the log and the summary.", lines[9], StringComparison.Ordinal);
        }
    }

    [Fact]
    public void A_comment_is_never_larger_than_GitHub_takes()
    {
        var root = new ReportNode("out", "artifact");
        for (int i = 0; i < 20_000; i++) root.AddChild(new ReportNode($"{new string('ä', 100)}/{i}", "file") { Direct = i });
        root.Seal();
        var large = new Report([new ReportArtifact("out", BinarySize.Artifacts.ArtifactKind.Folder, root.Size, 20_000, root, [])], [], new ReportToolchain());
        foreach (Report report in (Report[])[large, Attacks.Report(), SampleReport.Extreme(), SampleReport.Make()])
        {
            foreach (CiSystem system in Enum.GetValues<CiSystem>().Where(s => s != CiSystem.None))
            {
                CiFile comment = CiSink.Tell(system, CiMessage.Of(report, []), s_context).Files[0];
                Assert.Equal("comment.md", comment.Name);
                Assert.InRange(Encoding.UTF8.GetByteCount(comment.Content), 100, 65_536);
                Assert.Matches(@"^<!-- binarysize: [A-Za-z0-9._-]+ -->\n", comment.Content);
            }
        }
    }

    [Fact]
    public void Files_and_outputs_are_written_each_time_and_summaries_and_lines_once()
    {
        string folder = Directory.CreateTempSubdirectory("bsz").FullName;
        try
        {
            CiContext context = s_context with
            {
                Directory = Path.Combine(folder, "size"),
                Variables = new Dictionary<string, string> { ["GITHUB_STEP_SUMMARY"] = Path.Combine(folder, "summary"), ["GITHUB_OUTPUT"] = Path.Combine(folder, "output") },
            };
            CiMessage message = CiMessage.Of(SampleReport.Make(), s_findings);
            var lines = new List<string>();
            Assert.Empty(CiWriter.Write(CiSink.Tell(CiSystem.GitHub, message, context), context, again: false, lines.Add));
            Assert.Empty(CiWriter.Write(CiSink.Tell(CiSystem.GitHub, message, context), context, again: true, lines.Add));
            Assert.Equal(4, lines.Count);
            Assert.Equal(message.Summary, File.ReadAllText(Path.Combine(folder, "summary")));
            Assert.Equal(2, File.ReadAllText(Path.Combine(folder, "output")).Split("binarysize-size<<").Length - 1);
            Assert.Equal(message.Comment, File.ReadAllText(Path.Combine(folder, "size", "comment.md")));
            Assert.Single(CiWriter.Write(CiSink.Tell(CiSystem.GitHub, message, context), context with { Directory = "/proc/none" }, again: true, lines.Add));
        }
        finally
        {
            Directory.Delete(folder, recursive: true);
        }
    }

    private static CiMessage Message(string name) => new()
    {
        Project = name,
        Stage = "Publish",
        Target = "net10.0",
        Summary = "x\n",
        Figures = [new(false, name, "raw", 12, null, ""), new(true, name, "raw", long.MaxValue, 5, "over")],
        Findings = [new(true, "BSZ2001", $"Size budget '{name}' is over.", Project, 3, 4)],
    };

    // Everything that has a name has one of these.
    private static CiOutput Attacked(CiSystem system, string[] names)
    {
        var root = new ReportNode(names[0], "artifact");
        foreach (string name in names) root.AddChild(new ReportNode(name, "file") { Direct = 1000 });
        root.Seal();
        var report = new Report([new ReportArtifact(names[0], BinarySize.Artifacts.ArtifactKind.Folder, root.Size, names.Length, root, [])],
            [.. names.Select(n => new ReportBudget(n, "file", n, "raw", 5, 4, null, "over", n, [], 1))],
            new ReportToolchain(names[0] + ".csproj", names[0], "net10.0", "linux-x64", names[0]));
        CiFinding[] findings = [.. names.Select((n, i) => new CiFinding(i % 2 == 0, "BSZ2001", $"Size budget '{n}' is over: {n}", $"{Root}/{n}".Replace("\0", "", StringComparison.Ordinal), i, i))];
        return CiSink.Tell(system, CiMessage.Of(report, findings), s_context with { ProjectFile = "" });
    }

    private static string Text(CiOutput output)
    {
        var text = new StringBuilder();
        foreach (CiFile file in output.Files) text.Append(CultureInfo.InvariantCulture, $"=== file {file.Name}\n{Short(file.Content)}");
        foreach (CiAppend append in output.Outputs) text.Append(CultureInfo.InvariantCulture, $"=== output {append.Path}\n{Short(append.Text)}");
        foreach (CiAppend append in output.Summaries) text.Append(CultureInfo.InvariantCulture, $"=== summary {append.Path}\n{Short(append.Text)}");
        text.Append("=== lines\n");
        foreach (string line in output.Lines) text.Append(line).Append('\n');
        return text.ToString();

        // Markdown has goldens of its own.
        static string Short(string content) => RandomDelimiter().Replace(content.Contains("## Size", StringComparison.Ordinal) ? string.Join('\n', content.Split('\n').Take(5)) + "\n...\n" : content, "binarysize_RANDOM");
    }

    [GeneratedRegex("^::(error|warning) (.*?)::(.*)$")]
    private static partial Regex GitHubCommand();

    [GeneratedRegex("^([a-z0-9][A-Za-z0-9_-]*)<<(binarysize_[0-9a-f]{32})$")]
    private static partial Regex OutputHead();

    [GeneratedRegex(@"^##teamcity\[(\w+) (.*)\]$")]
    private static partial Regex TeamCityMessage();

    [GeneratedRegex(@"(\w+)='((?:\|.|[^|'\[\]])*)'")]
    private static partial Regex TeamCityValue();

    [GeneratedRegex("binarysize_[0-9a-f]{32}")]
    private static partial Regex RandomDelimiter();
}
