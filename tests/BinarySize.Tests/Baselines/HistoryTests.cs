using System.Globalization;
using System.Text;
using System.Text.Json;
using BinarySize.Baselines;
using BinarySize.Budgets;
using BinarySize.Rendering;
using BinarySize.Reports;

namespace BinarySize.Tests.Baselines;

/// <summary>The history of a committed baseline, in repositories that git itself makes.</summary>
public sealed class HistoryTests : IDisposable
{
    private const string Key = "net10.0/linux-x64/Release/aot";

    private readonly string _root = Directory.CreateTempSubdirectory("bsz").FullName;
    private int _day;

    private string BaselinePath => Path.Combine(_root, "src", BaselineFile.DefaultName);

    public HistoryTests() => Git("init", "-q", "-b", "main", ".");

    public void Dispose() => Directory.Delete(_root, recursive: true);

    [Fact]
    public void Every_commit_has_its_number_and_the_one_that_moved_it_most_is_named()
    {
        Commit("first", Snapshot(("app", 1000), ("a.so", 500)));
        Commit("Add Dapper", Snapshot(("app", 1000), ("a.so", 500), ("Dapper.dll", 90_000)));
        Commit("nothing of ours", null);
        Commit("trim", Snapshot(("app", 800), ("a.so", 500), ("Dapper.dll", 90_000)));
        Commit("only the SDK", Snapshot(("app", 900), ("a.so", 500), ("Dapper.dll", 90_000)) with { Sdk = "10.0.101" });

        SizeSeries total = Assert.Single(Read().Series);
        Assert.Equal((Key, "total", "raw"), (total.Key, total.Name, total.Metric));
        Assert.Equal([1500, 91_500, 91_300, 91_400], total.Points.Select(p => p.Value));
        Assert.Equal([0, 90_000, -200, 100], total.Points.Select(p => p.Delta));
        Assert.Equal(["first", "Add Dapper", "trim", "only the SDK"], total.Points.Select(p => p.Commit.Subject));
        Assert.Equal([null, null, null, "SDK 10.0.100 to 10.0.101"], total.Points.Select(p => p.Toolchain));
        Assert.Equal([new SizeMove("Dapper.dll", 90_000)], total.Largest!.Moves);
        Assert.Equal(Git("log", "-1", "--format=%H", "--grep=Dapper").Trim(), total.Largest.Commit.Id);
        // Times are git's own.
        Assert.Equal(Git("log", "--reverse", "--format=%ct", "--", "src").Split('\n', StringSplitOptions.RemoveEmptyEntries).Select(t => long.Parse(t, CultureInfo.InvariantCulture)), total.Points.Select(p => p.Commit.Time.ToUnixTimeSeconds()));
    }

    [Fact]
    public void A_rename_a_merge_a_removal_and_a_revert_keep_the_sums_right()
    {
        string old = Path.Combine(_root, "old.json");
        Commit("c1", Snapshot(("app", 1000)), old);
        Directory.CreateDirectory(Path.GetDirectoryName(BaselinePath)!);
        Git("mv", "old.json", "src/" + BaselineFile.DefaultName);
        Git("commit", "-q", "-m", "moved");
        // Two branches change it; git merges them, since they touch different lines.
        Commit("base", Snapshot(("app", 1000), ("b", 5000), ("m", 7000), ("z", 9000)));
        Git("checkout", "-q", "-b", "feature");
        Commit("grow app", Snapshot(("app", 1800), ("b", 5000), ("m", 7000), ("z", 9000)));
        Git("checkout", "-q", "main");
        Commit("grow z", Snapshot(("app", 1000), ("b", 5000), ("m", 7000), ("z", 9500)));
        Git("merge", "-q", "--no-ff", "-m", "Merge feature", "feature");
        Git("rm", "-q", "src/" + BaselineFile.DefaultName);
        Git("commit", "-q", "-m", "removed");
        Commit("back", Snapshot(("app", 1800), ("b", 5000), ("m", 7000), ("z", 9500)));

        SizeSeries total = Assert.Single(Read().Series);
        Assert.Equal(["c1", "base", "grow z", "Merge feature"], total.Points.Select(p => p.Commit.Subject));
        Assert.Equal([1000, 22_000, 22_500, 23_300], total.Points.Select(p => p.Value));
        Assert.Equal(total.Points[^1].Value - total.Points[0].Value, total.Points.Sum(p => p.Delta));
        Assert.Equal([new SizeMove("app", 800)], total.Points[^1].Moves);
    }

    [Fact]
    public void Budgets_that_the_baseline_keeps_and_budgets_that_are_asked_for_have_lines_of_their_own()
    {
        Snapshot With(long json, long types, int count)
        {
            Snapshot snapshot = Snapshot(("app", 1000), ("web.js", 300 + json));
            snapshot.Packages["Newtonsoft.Json"] = new SnapshotValue(json);
            snapshot.Packages["Dapper"] = new SnapshotValue(50);
            snapshot.Budgets["types"] = new SnapshotSelection("count type Foo*", new SortedDictionary<string, SnapshotValue>(StringComparer.Ordinal) { ["count"] = new SnapshotValue(count) });
            snapshot.Budgets["wire"] = new SnapshotSelection("gzip file *.js", new SortedDictionary<string, SnapshotValue>(StringComparer.Ordinal) { ["web.js"] = new SnapshotValue(types) });
            return snapshot;
        }
        Commit("one", With(700, 90, 3));
        Commit("two", With(900, 80, 3));
        Commit("three", With(650, 80, 5));
        Budget[] budgets =
        [
            new() { Name = "json", Scope = BudgetScope.Package, Match = [new NamePattern("newtonsoft.*", isPath: false)], MatchText = "newtonsoft.*", Max = 800 },
            new() { Name = "scripts", Scope = BudgetScope.File, Match = [new NamePattern("*.js", isPath: true)], MatchText = "*.js", Metric = BudgetMetric.Count, Max = 5 },
            new() { Name = "nothing", Scope = BudgetScope.Package, Match = [new NamePattern("Nope", isPath: false)], MatchText = "Nope", Max = 5 },
        ];
        SizeHistory history = Read(budgets);
        Assert.Equal(["total", "json", "scripts", "types", "wire"], history.Series.Select(s => s.Name));
        Assert.Equal([700, 900, 650], history.Series[1].Points.Select(p => p.Value));
        Assert.Equal(800, history.Series[1].Limit);
        Assert.Equal("three", history.Series[1].Largest!.Commit.Subject);
        Assert.Equal("count", history.Series[2].Metric);
        Assert.Null(history.Series[2].Largest);
        Assert.Equal([3, 5], history.Series[3].Points.Select(p => p.Value));
        Assert.Equal(("gzip", "two"), (history.Series[4].Metric, history.Series[4].Largest!.Commit.Subject));
        Assert.NotNull(SizeHistory.CannotAnswer(new Budget { Name = "x", Scope = BudgetScope.Type }));
        Assert.NotNull(SizeHistory.CannotAnswer(new Budget { Name = "x", Metric = BudgetMetric.Brotli }));
        Assert.All(budgets, b => Assert.Null(SizeHistory.CannotAnswer(b)));
    }

    [Fact]
    public void A_baseline_that_cannot_be_read_is_left_out_and_said()
    {
        Commit("good", Snapshot(("app", 1000)));
        CommitText("markers", "<<<<<<< ours\n{}\n=======\n>>>>>>> theirs\n");
        CommitText("huge", new string(' ', 17 << 20));
        File.Delete(BaselinePath);
        File.CreateSymbolicLink(BaselinePath, "/etc/passwd");
        Git("add", "-A");
        Git("commit", "-q", "-m", "link");
        File.Delete(BaselinePath);
        Commit("good again", Snapshot(("app", 1100)));
        SizeHistory history = Read();
        Assert.Equal([1000, 1100], Assert.Single(history.Series).Points.Select(p => p.Value));
        Assert.Equal(["markers", "huge"], history.Unreadable.Select(u => u.Commit.Subject));
        Assert.Contains("conflict markers", history.Unreadable[0].Problem, StringComparison.Ordinal);
        Assert.Contains("larger than any baseline", history.Unreadable[1].Problem, StringComparison.Ordinal);
    }

    [Fact]
    public void A_shallow_clone_shows_what_it_has_and_says_so()
    {
        for (int i = 0; i < 5; i++) Commit($"c{i}", Snapshot(("app", 1000 + (i * 1000))));
        string clone = Path.Combine(_root, "clone");
        Tool.Run("git", "clone", "-q", "--depth", "2", "file://" + _root, clone);
        string file = Path.Combine(clone, "src", BaselineFile.DefaultName);
        BaselineHistory history = BaselineHistory.Open(file, 100, out string problem)!;
        Assert.Equal("", problem);
        Assert.True(history.IsShallow);
        Assert.Equal([4000, 5000], Assert.Single(SizeHistory.Of(history.States(), []).Series).Points.Select(p => p.Value));
        (int code, _, string error) = Cli.RunIn(clone, "history", "--file", "src/" + BaselineFile.DefaultName);
        Assert.Equal(0, code);
        Assert.Contains("shallow clone", error, StringComparison.Ordinal);
        Directory.Delete(clone, recursive: true);
    }

    [Fact]
    public void Thousands_of_commits_are_read_in_one_go_and_no_more_than_asked_for()
    {
        // fast-import makes them in a second.
        var import = new StringBuilder();
        for (int i = 0; i < 3000; i++)
        {
            byte[] content = Bytes(Snapshot(("app", 100_000 + (i * 100))));
            import.Append(CultureInfo.InvariantCulture, $"commit refs/heads/main\ncommitter a <a@b> {1_700_000_000 + (i * 3600)} +0000\ndata {$"change {i}".Length}\nchange {i}\nM 100644 inline src/{BaselineFile.DefaultName}\ndata {content.Length}\n{Encoding.UTF8.GetString(content)}\n");
        }
        string stream = Path.Combine(_root, "stream");
        File.WriteAllText(stream, import.ToString());
        Tool.Run("bash", "-c", $"git -C '{_root}' fast-import --quiet < '{stream}'");
        var watch = System.Diagnostics.Stopwatch.StartNew();
        BaselineHistory all = BaselineHistory.Open(BaselinePath, 100_000, out _)!;
        SizeSeries total = Assert.Single(SizeHistory.Of(all.States(), []).Series);
        Assert.Equal(3000, total.Points.Count);
        Assert.False(all.IsCut);
        Assert.True(watch.Elapsed < TimeSpan.FromSeconds(60), watch.Elapsed.ToString());
        BaselineHistory some = BaselineHistory.Open(BaselinePath, 100, out _)!;
        Assert.True(some.IsCut);
        Assert.Equal(total.Points.TakeLast(100).Select(p => p.Value), Assert.Single(SizeHistory.Of(some.States(), []).Series).Points.Select(p => p.Value));
        string text = HistoryReport.Text(SizeHistory.Of(all.States(), []));
        Assert.Contains("2,990 earlier changes", text, StringComparison.Ordinal);
        Assert.All(text.Split('\n'), l => Assert.InRange(l.Length, 0, 79));
    }

    [Fact]
    public void What_somebody_wrote_into_a_subject_stays_text()
    {
        string[] subjects = [.. Rendering.Attacks.All.Select(a => a.Replace("\0", "", StringComparison.Ordinal)).Where(a => a.Trim().Length > 0 && a.Length < 1000 && !a.Any(char.IsSurrogate))];
        for (int i = 0; i < subjects.Length; i++) Commit(subjects[i], Snapshot((subjects[i].Replace('\\', '_').TrimStart('/') + " file", 1000 + (i * i * 1000))));
        SizeHistory history = Read();
        string text = HistoryReport.Text(history, new HistoryOptions(1000));
        foreach (string line in text.Split('\n'))
        {
            Assert.InRange(line.Length, 0, 79);
            Assert.DoesNotContain(line, c => c is < ' ' or > '~');
            Assert.DoesNotContain("##", line, StringComparison.Ordinal);
            Assert.False(line.TrimStart().StartsWith("::", StringComparison.Ordinal), line);
        }
        string csv = HistoryReport.Csv(history);
        foreach (string trigger in Rendering.Attacks.Triggers) Assert.DoesNotContain(trigger, csv, StringComparison.Ordinal);
        Assert.Equal(history.Series[0].Points.Count + 2, csv.Split("\r\n").Length);
        JsonElement points = JsonDocument.Parse(HistoryReport.Json(history)).RootElement.GetProperty("series")[0].GetProperty("points");
        Assert.Equal(history.Series[0].Points.Select(p => p.Commit.Subject), points.EnumerateArray().Select(p => p.GetProperty("subject").GetString()));
        Assert.DoesNotContain('\u001b', Encoding.UTF8.GetString(HistoryReport.Json(history)));
    }

    [Fact]
    public void The_command_prints_text_json_and_csv_and_says_what_is_in_the_way()
    {
        (int code, string output, string error) = Cli.RunIn(_root, "history", "--file", "src/" + BaselineFile.DefaultName);
        Assert.Equal(4, code);
        Assert.Contains("there is no commit yet", error, StringComparison.Ordinal);
        Commit("one", Snapshot(("app", 100_000)));
        Commit("two", Snapshot(("app", 420_000)));
        string folder = Path.Combine(_root, "src");
        (code, output, error) = Cli.RunIn(folder, "history", "--budget", "app; Scope=file; Match=app; Max=300 kB", "--budget", "gone; Scope=package; Match=Gone; Max=1 MB");
        Assert.Equal((0, "binarysize: budget 'gone' selects nothing that the baseline ever had.\n"), (code, error));
        Assert.Equal($"""
            2 commits of the baseline

            total  {Key}
            410.2 KiB, +312.5 KiB since 2026-01-01
              _*
              97.7 KiB to 410.2 KiB

            Commit     Date              Size        Change  Subject
            ---------  ----------  ----------  ------------  ------------------------------
            {Git("rev-parse", "HEAD")[..9]}  2026-01-02   410.2 KiB    +312.5 KiB  two
            {Git("rev-parse", "HEAD^")[..9]}  2026-01-01    97.7 KiB         first  one
            Moved most: {Git("rev-parse", "HEAD")[..9]} 2026-01-02 +312.5 KiB, two
                +312.5 KiB  app

            app  {Key}
            410.2 KiB of 293.0 KiB, +312.5 KiB since 2026-01-01

            """, output[..(output.LastIndexOf("since 2026-01-01\n", StringComparison.Ordinal) + "since 2026-01-01\n".Length)]);
        (code, output, _) = Cli.RunIn(folder, "history", "--format", "csv");
        Assert.Equal(0, code);
        Assert.Equal($"{HistoryReport.CsvHeader}\r\n{Key},total,raw,{Git("rev-parse", "HEAD^").Trim()},2026-01-01T00:00:00Z,one,100000,0,\r\n{Key},total,raw,{Git("rev-parse", "HEAD").Trim()},2026-01-02T00:00:00Z,two,420000,320000,\r\n", output);
        (code, output, _) = Cli.RunIn(folder, "history", "--format", "json");
        Assert.Equal(320_000, JsonDocument.Parse(output).RootElement.GetProperty("series")[0].GetProperty("points")[1].GetProperty("delta").GetInt64());

        foreach ((string[] arguments, int expected, string says) in ((string[], int, string)[])
            [(["--file", "other.json"], 4, "no commit has 'other.json'"), (["--file", "../../../etc/passwd"], 4, "There is no history"), (["--format", "html"], 2, "is no format"), (["--last", "0"], 2, "--last"),
             (["--budget", "x; Scope=type; Max=1"], 2, "keeps files, packages and assemblies"), (["--budget", "x; Max=1 Mib"], 2, "is not a size")])
        {
            (code, _, error) = Cli.RunIn(folder, ["history", .. arguments]);
            Assert.True(code == expected && error.Contains(says, StringComparison.Ordinal), $"{string.Join(' ', arguments)}: {code} {error}");
        }
        string outside = Directory.CreateTempSubdirectory("bsz").FullName;
        (code, _, error) = Cli.RunIn(outside, "history");
        Directory.Delete(outside);
        Assert.Equal(4, code);
        Assert.Contains("no git repository", error, StringComparison.Ordinal);
    }

    [Fact]
    public void What_the_command_writes_it_can_follow()
    {
        Directory.CreateDirectory(Path.Combine(_root, "out"));
        foreach (int size in (int[])[5000, 70_000])
        {
            File.WriteAllBytes(Path.Combine(_root, "out", "data.bin"), new byte[size]);
            (int code, _, string error) = Cli.RunIn(_root, "baseline", "update", "out", "--key", "any/any/any/folder");
            Assert.True(code == 0, error);
            Git("add", "-A");
            Git("commit", "-q", "-m", $"{size}");
        }
        string csv = Cli.RunIn(_root, "history", "--format", "csv").Output;
        Assert.Equal(["any/any/any/folder,total,raw,5000,5000,0", "any/any/any/folder,total,raw,70000,70000,65000"], csv.Split("\r\n")[1..^1].Select(l => l.Split(',')).Select(c => string.Join(',', c[0], c[1], c[2], c[5], c[6], c[7])));
    }

    [Theory]
    [InlineData(new long[] { }, "", "")]
    [InlineData(new long[] { 5 }, "~", "\u2585")]
    [InlineData(new long[] { 5, 5, 5 }, "~~~", "\u2585\u2585\u2585")]
    [InlineData(new long[] { 0, 1, 2, 3, 4, 5, 6, 7 }, "_.,-~=+*", "\u2581\u2582\u2583\u2584\u2585\u2586\u2587\u2588")]
    [InlineData(new long[] { 0, long.MaxValue, 0 }, "_*_", "\u2581\u2588\u2581")]
    public void The_curve_is_as_high_as_the_value(long[] values, string ascii, string blocks)
    {
        Assert.Equal(ascii, HistoryReport.Curve(values, unicode: false));
        Assert.Equal(blocks, HistoryReport.Curve(values, unicode: true));
    }

    [Fact]
    public void A_long_curve_keeps_its_peaks()
    {
        long[] values = new long[10_000];
        values[777] = 5;
        string curve = HistoryReport.Curve(values, unicode: false);
        Assert.Equal(60, curve.Length);
        Assert.Equal("_*", string.Concat(curve.Distinct()));
        Assert.Single(curve, c => c == '*');
    }

    private SizeHistory Read(params Budget[] budgets)
    {
        BaselineHistory history = BaselineHistory.Open(BaselinePath, 100_000, out string problem)!;
        Assert.Equal("", problem);
        return SizeHistory.Of(history.States(), budgets);
    }

    private static Snapshot Snapshot(params (string Name, long Size)[] files)
    {
        var snapshot = new Snapshot { Key = Key, Sdk = "10.0.100", Settings = "ab12" };
        foreach ((string name, long size) in files) snapshot.Files[name] = new SnapshotValue(size);
        return snapshot;
    }

    private static byte[] Bytes(Snapshot snapshot)
    {
        var file = new BaselineFile();
        file.Entries[Key] = snapshot;
        return file.Write();
    }

    // Null: a commit that has nothing to do with the baseline.
    private void Commit(string subject, Snapshot? snapshot, string? path = null) => CommitBytes(subject, snapshot is null ? null : Bytes(snapshot), path);

    private void CommitText(string subject, string text) => CommitBytes(subject, Encoding.UTF8.GetBytes(text), null);

    private void CommitBytes(string subject, byte[]? content, string? path)
    {
        path = content is null ? Path.Combine(_root, "other") : path ?? BaselinePath;
        Directory.CreateDirectory(Path.GetDirectoryName(path)!);
        File.WriteAllBytes(path, content ?? Encoding.ASCII.GetBytes(subject));
        Git("add", "-A");
        Git("commit", "-q", "--cleanup=verbatim", "-m", subject);
    }

    private string Git(params string[] arguments)
    {
        if (arguments[0] is "commit" or "merge") _day++;
        string date = $"{1_767_225_600 + (86_400L * (_day - 1))} +0000";
        return Tool.Run("env", ["GIT_CONFIG_GLOBAL=/dev/null", $"GIT_AUTHOR_DATE={date}", $"GIT_COMMITTER_DATE={date}", "git", "-C", _root, "-c", "user.name=x", "-c", "user.email=x@y", "-c", "commit.gpgsign=false", .. arguments]);
    }
}
